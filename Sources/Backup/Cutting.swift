import Diagnostics
import Platform

/// BACKUP … WHERE: the segments of which only some rows are taken are written anew, beside the
/// database, and copied from there like any other.
package struct Cutting: Sendable {
    /// Where they are written; nil when it is only to be known which they are.
    let directory: String?
    /// Nil takes all rows.
    let filter: RowFilter?
    let platform: Platform
    let job: BackupJob

    /// Begins to look at segments of so many bytes.
    func begin(bytes: Int) throws(DatabaseError) { try job.begin(.cutting, bytes: bytes) }

    /// Counts a segment that was looked at.
    func advance(_ bytes: Int) throws(DatabaseError) { try job.advance(bytes) }

    /// Checks that a segment of at most so many bytes finds room.
    func admit(_ bytes: Int, in directory: String) throws(DatabaseError) {
        let needed = bytes + Limits.spareBytes
        let free = try platform.files.freeBytes(of: directory)
        guard free >= needed else { throw .cutDoesNotFit(directory, needed: needed, free: free) }
    }
}
