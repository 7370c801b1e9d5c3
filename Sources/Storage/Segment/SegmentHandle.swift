import Diagnostics
import Platform
import Synchronization

/// A segment that versions name: opened and mapped at first use, then kept.
final class SegmentHandle: Sendable {
    let entry: SegmentEntry
    let path: String
    private let files: any FileSystem
    private let opened = Mutex<SegmentReader?>(nil)
    /// Whether somebody has asked for the reader since it was last looked for surplus.
    private let isUsed = Atomic(false)

    init(entry: SegmentEntry, directory: String, files: any FileSystem) {
        self.entry = entry
        path = Path.join(directory, entry.partition, "\(entry.id).seg")
        self.files = files
    }

    /// The open segment. Two that come at once may both open it; one stays.
    func open() throws(DatabaseError) -> SegmentReader {
        isUsed.store(true, ordering: .relaxed)
        if let reader = opened.withLock({ $0 }) {
            if reader.isIntact { return reader }
            // What could not be read stands as zeros in that mapping: only a new one tells.
            opened.withLock { if $0 === reader { $0 = nil } }
        }
        let reader = try SegmentReader(path: path, files: files, expected: entry)
        let (kept, isFirst) = opened.withLock { slot -> (SegmentReader, Bool) in
            if let first = slot { return (first, false) }
            slot = reader
            return (reader, true)
        }
        if isFirst { OpenSegments.opened(self) }
        return kept
    }

    /// Forgets the reader; the next use opens the file again.
    func close() { opened.withLock { $0 = nil } }

    /// Whether the reader was asked for since the last call.
    func takeUse() -> Bool { isUsed.exchange(false, ordering: .relaxed) }
}
