import Diagnostics
import Platform
import Synchronization

/// A segment that versions name: opened and mapped at first use, then kept.
final class SegmentHandle: Sendable {
    let entry: SegmentEntry
    let path: String
    private let files: any FileSystem
    private let opened = Mutex<SegmentReader?>(nil)

    init(entry: SegmentEntry, directory: String, files: any FileSystem) {
        self.entry = entry
        path = Path.join(directory, entry.partition, "\(entry.id).seg")
        self.files = files
    }

    /// The open segment. Two that come at once may both open it; one stays.
    func open() throws(DatabaseError) -> SegmentReader {
        if let reader = opened.withLock({ $0 }) { return reader }
        let reader = try SegmentReader(path: path, files: files, expected: entry)
        return opened.withLock { slot in
            if let first = slot { return first }
            slot = reader
            return reader
        }
    }
}
