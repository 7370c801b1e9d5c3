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
        /// Of faults whose mapping is gone, by their number; the slot may be another's by now.
        var past: [UInt64: String] = [:]
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
        let count = basalt_mapping_fault_count()
        for number in mark.faults..<max(count, mark.faults) {
            let slot = basalt_mapping_fault_slot(number)
            let path = known.withLock { $0.past[number] ?? $0.paths[slot] }
            // One too long ago to be known may have been anybody's.
            if slot < 0 || path.map(concerns) ?? true { throw .unreadablePage(path ?? unknown) }
        }
    }

    private static func path(of slot: Int32) -> String {
        known.withLock { $0.paths[slot] } ?? unknown
    }

    private static let unknown = "a mapped file"

    /// Notes what the faults of a mapping were of, and forgets those that nobody can ask for.
    private static func keep(_ slot: Int32, _ known: inout Known) {
        known.past = known.past.filter { basalt_mapping_fault_slot($0.key) >= 0 }
        var number = basalt_mapping_fault_count()
        while number > 0, basalt_mapping_fault_slot(number - 1) >= 0 {
            number -= 1
            if basalt_mapping_fault_slot(number) == slot, known.past[number] == nil {
                known.past[number] = known.paths[slot]
            }
        }
    }

    /// Whether all pages of a mapping were there whenever somebody asked.
    static func isIntact(_ slot: Int32) -> Bool { basalt_mapping_is_faulted(slot) == 0 }

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
            if !isIntact(slot) { keep(slot, &known) }
            known.paths[slot] = nil
        }
        basalt_mapping_remove(slot)
    }
}
