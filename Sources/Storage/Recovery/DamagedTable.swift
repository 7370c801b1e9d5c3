package import Diagnostics
import Platform

/// A table whose manifest cannot be read. It is left exactly as it lies, and so is the log it may
/// need, until somebody restores it; the other tables work.
package struct DamagedTable: Sendable {
    package let id: UInt64
    /// The name of its directory below `db/`.
    package let directoryName: String
    /// The name as far as the directory tells it: what it was created with, perhaps cut short.
    package let name: String
    /// Names file and offset.
    package let error: DatabaseError

    init(id: UInt64, directoryName: String, error: DatabaseError) {
        self.id = id
        self.directoryName = directoryName
        name = TableDirectory.readableName(of: directoryName)
        self.error = DatabaseError(
            .corrupted, "table \(name) is damaged: \(error.message)",
            detail: "Its files in \(directoryName) are left as they are; the other tables work.",
            hint: "RESTORE TABLE brings it back from a backup, under its name; move the damaged "
                + "directory away when the server is stopped.")
    }
}
