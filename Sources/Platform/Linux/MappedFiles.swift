import CPlatform
package import Diagnostics
import Synchronization

/// What happens when a mapped page cannot be read: the disk fails, or somebody cut the file.
///
/// The kernel answers the access with SIGBUS. The handler puts a page of zeros there and notes it for
/// the thread, which asks by `checkFault` before it believes what it has read. So a query ends, and
/// the server does not.
package enum MappedFiles {
    private static let paths = Mutex<[Int32: String]>([:])
    private static let isWatching: Bool = basalt_mapping_watch() == 0

    /// Throws when a page that this thread has read since the last call was not there.
    ///
    /// - Throws: 58030 naming the file.
    package static func checkFault() throws(DatabaseError) {
        let slot = basalt_mapping_take_fault()
        if slot < 0 { return }
        let path = paths.withLock { $0[slot] } ?? "a mapped file"
        throw .unreadablePage(path)
    }

    /// Registers a mapping. Nil when there are too many: a fault in it would end the process.
    // SAFETY: the pointer is kept as a number to compare with, and never followed.
    @unsafe static func add(_ start: UnsafeMutableRawPointer, count: Int, path: String) -> Int32? {
        guard isWatching else { return nil }
        let slot = unsafe basalt_mapping_add(start, count)
        if slot < 0 { return nil }
        paths.withLock { $0[slot] = path }
        return slot
    }

    static func remove(_ slot: Int32) {
        paths.withLock { $0[slot] = nil }
        basalt_mapping_remove(slot)
    }
}
