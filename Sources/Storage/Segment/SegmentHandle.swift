import Diagnostics
import Platform
import Synchronization

/// A segment that versions name: opened and mapped at first use, then kept.
///
/// It is marked when its file turns out to be missing or damaged, at the start or when somebody reads
/// it. The mark goes with the handle, and when a file that was missing can be opened again.
final class SegmentHandle: Sendable {
    private struct State {
        var reader: SegmentReader?
        var damage: DatabaseError?
        /// Whether the damage is one of which opening the file is free.
        var isOpeningDamaged = false
    }

    let entry: SegmentEntry
    let path: String
    private let files: any FileSystem
    private let state = Mutex(State())
    /// Whether somebody has asked for the reader since it was last looked for surplus.
    private let isUsed = Atomic(false)

    init(entry: SegmentEntry, directory: String, files: any FileSystem) {
        self.entry = entry
        path = Path.join(directory, entry.partition, "\(entry.id).seg")
        self.files = files
    }

    /// Reads the open segment, and marks it when it turns out to be damaged.
    ///
    /// - Throws: XX001 naming file and block when what is on disk is damaged.
    func read<T>(_ body: (SegmentReader) throws(DatabaseError) -> T) throws(DatabaseError) -> T {
        let reader = try open()
        do throws(DatabaseError) {
            return try body(reader)
        } catch {
            note(error)
            throw error
        }
    }

    /// The open segment. Two that come at once may both open it; one stays.
    func open() throws(DatabaseError) -> SegmentReader {
        isUsed.store(true, ordering: .relaxed)
        if let reader = state.withLock({ $0.reader }) {
            if reader.isIntact { return reader }
            // What could not be read stands as zeros in that mapping: only a new one tells.
            state.withLock { if $0.reader === reader { $0.reader = nil } }
        }
        let reader = try openAnew()
        let (kept, isFirst) = state.withLock { state -> (SegmentReader, Bool) in
            if let first = state.reader { return (first, false) }
            state.reader = reader
            return (reader, true)
        }
        if isFirst { OpenSegments.opened(self) }
        return kept
    }

    /// A reader that nobody shares: it checks every block anew.
    func openAnew() throws(DatabaseError) -> SegmentReader {
        do throws(DatabaseError) {
            let reader = try SegmentReader(path: path, files: files, expected: entry)
            state.withLock { if $0.isOpeningDamaged { $0.damage = nil } }
            return reader
        } catch {
            let told = error.state == .missingFile ? .missingSegment(path) : error
            note(told, isOfOpening: true)
            throw told
        }
    }

    /// Why the segment cannot be read; nil as far as anybody knows.
    var damage: DatabaseError? { state.withLock { $0.damage } }

    /// Whether opening the file again would tell that the damage is gone.
    var isOpeningDamaged: Bool { state.withLock { $0.isOpeningDamaged } }

    /// Marks the segment if an error says that it is damaged.
    ///
    /// - Returns: whether it is news.
    @discardableResult
    func note(_ error: DatabaseError, isOfOpening: Bool = false) -> Bool {
        guard error.state == .corrupted else { return false }
        return state.withLock { state in
            defer {
                state.damage = error
                state.isOpeningDamaged = isOfOpening
            }
            return state.damage == nil
        }
    }

    /// Forgets the reader; the next use opens the file again.
    func close() { state.withLock { $0.reader = nil } }

    /// Whether the reader was asked for since the last call.
    func takeUse() -> Bool { isUsed.exchange(false, ordering: .relaxed) }
}
