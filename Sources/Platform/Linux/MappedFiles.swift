import CPlatform
package import Diagnostics
import Synchronization

/// What happens when a mapped page cannot be read: the disk fails, or somebody cut the file.
///
/// The kernel answers the access with SIGBUS. The handler puts a page of zeros there and notes it for
/// the thread, which asks by `checkFault` before it believes what it has read. So a query ends, and
/// the server does not. The zeros stay as long as the mapping: other threads find no fault, but that
/// there was one (`checkFaults`), and the region is not intact any more, so that nobody uses it again.
package enum MappedFiles {
    private struct Known: Sendable {
        /// Of mappings, by their slot.
        var paths: [Int32: String] = [:]
        /// The last fault of each file among the mappings that are gone: as many as files are damaged.
        var past: [String: UInt64] = [:]
    }

    private static let known = Mutex(Known())
    private static let isWatching: Bool = basalt_mapping_watch() == 0

    /// Throws when a page that this thread has read since the last call was not there.
    ///
    /// - Throws: 58030 naming the file.
    package static func checkFault() throws(DatabaseError) {
        let slot = basalt_mapping_take_fault()
        if slot < 0 { return }
        throw .unreadablePage(path(of: slot))
    }

    /// Forgets what this thread has met: whoever works on it next is not concerned.
    package static func forgetFault() { _ = basalt_mapping_take_fault() }

    /// A moment among the faults of all threads.
    package struct Mark: Sendable, Equatable { fileprivate let faults: UInt64 }

    package static var mark: Mark { Mark(faults: basalt_mapping_fault_count()) }

    /// Throws when this thread has met a page that was not there, or any thread since the mark one of
    /// a file that concerns the caller: it may have read the zeros that were put in its place.
    ///
    /// - Throws: 58030 naming the file.
    package static func checkFaults(since mark: Mark, _ concerns: (String) -> Bool)
        throws(DatabaseError)
    {
        try checkFault()
        if basalt_mapping_fault_count() == mark.faults { return }
        let met = known.withLock { known in
            known.past.first { $0.value > mark.faults && concerns($0.key) }?.key
                ?? known.paths.first {
                    basalt_mapping_last_fault($0.key) > mark.faults && concerns($0.value)
                }?.value
        }
        if let met { throw .unreadablePage(met) }
    }

    private static func path(of slot: Int32) -> String {
        known.withLock { $0.paths[slot] } ?? "a mapped file"
    }

    /// Whether all pages of a mapping were there whenever somebody asked.
    static func isIntact(_ slot: Int32) -> Bool { basalt_mapping_last_fault(slot) == 0 }

    /// Registers a mapping. Nil when there are too many: a fault in it would end the process.
    // SAFETY: the pointer is kept as a number to compare with, and never followed.
    @unsafe static func add(_ start: UnsafeMutableRawPointer, count: Int, path: String) -> Int32? {
        guard isWatching else { return nil }
        let slot = unsafe basalt_mapping_add(start, count)
        if slot < 0 { return nil }
        known.withLock { $0.paths[slot] = path }
        return slot
    }

    static func remove(_ slot: Int32) {
        known.withLock { known in
            let path = known.paths.removeValue(forKey: slot)
            let fault = basalt_mapping_last_fault(slot)
            if fault > 0, let path { known.past[path] = max(fault, known.past[path] ?? 0) }
        }
        basalt_mapping_remove(slot)
    }
}
