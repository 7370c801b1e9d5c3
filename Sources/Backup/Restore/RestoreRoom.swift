import Diagnostics
import Platform
import Storage

/// The room on the disk of the database for a restore of which only shared blocks fit: a file whose
/// blocks cannot be shared needs its own.
struct RestoreRoom: Sendable {
    /// The directory of the tables.
    let path: String

    /// Checks the room before the first byte is copied.
    ///
    /// - Returns: nil when everything fits; else what each copy has to ask.
    /// - Throws: 53100 when neither copies nor shared blocks fit.
    static func admit(_ plan: RestorePlan, _ storage: Storage) throws(DatabaseError)
        -> RestoreRoom?
    {
        let path = storage.databaseDirectory
        let needed = plan.bytesToCopy + Limits.spareBytes
        let free = try storage.files.freeBytes(of: path)
        if free >= needed { return nil }
        guard free >= Limits.spareBytes, sharesBlocks(plan, path, storage.files) else {
            throw .restoreDoesNotFit(
                path, needed: needed, free: free, canLink: plan.bytesToCopy > 0)
        }
        return RestoreRoom(path: path)
    }

    /// Asks for the room of a file that is copied byte by byte.
    ///
    /// - Throws: 53100.
    func admit(_ bytes: Int, _ files: any FileSystem) throws(DatabaseError) {
        let needed = bytes + Limits.spareBytes
        let free = try files.freeBytes(of: path)
        guard free >= needed else {
            throw .restoreDoesNotFit(path, needed: needed, free: free, canLink: true)
        }
    }

    /// Whether a file of the plan can have the blocks of the backup's: tried with one of them.
    private static func sharesBlocks(
        _ plan: RestorePlan, _ path: String, _ files: any FileSystem
    ) -> Bool {
        guard let file = plan.files.first(where: \.isCopied) else { return false }
        let trial = files.temporaryName(for: Path.join(path, "_trial." + file.entry.id))
        do throws(DatabaseError) {
            if try files.info(trial) != nil { try files.remove(trial) }
            let input = try files.open(file.source, .read, permissions: 0)
            let isShared = try files.open(trial, .create, permissions: 0o600)
                .shareBlocks(of: input)
            try files.remove(trial)
            return isShared
        } catch _ {
            // Then there has to be room for copies; a trial that is left is swept at the next start.
            return false
        }
    }
}
