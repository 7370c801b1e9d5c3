import Diagnostics

extension DatabaseError {
    static func backupLacksTable(_ table: String, backup: String, at position: Int?)
        -> DatabaseError
    {
        DatabaseError(
            .undefinedTable, "table does not exist [table=\(table)]",
            detail: "The backup \"\(backup)\" does not hold it.",
            hint: "See backup_tables('\(backup)').", position: position)
    }

    static func restoreTargetMissing(_ table: String, at position: Int?) -> DatabaseError {
        DatabaseError(
            .undefinedTable, "table does not exist [table=\(table)]",
            hint: "INTO takes an existing table; AS makes a new one.", position: position)
    }

    static func restoreNameInvalid(_ name: String, at position: Int?) -> DatabaseError {
        DatabaseError(
            .nameTooLong, "table name is empty or too long \"\(name.prefix(64))\"",
            hint: "A name has 1 to \(Limits.nameBytes) bytes.", position: position)
    }

    static func restoreSchemaMissing(_ schema: String, at position: Int?) -> DatabaseError {
        DatabaseError(
            .undefinedSchema, "schema \"\(schema)\" does not exist",
            hint: "CREATE SCHEMA makes one.", position: position)
    }

    static func backupLacksPartition(_ partition: String, backup: String) -> DatabaseError {
        DatabaseError(
            .undefinedObject,
            "no partition of the backup fits [partition=\(partition), backup=\(backup)]",
            hint: "Partitions are named as their directories are, such as 2026-01-31.")
    }

    /// - Parameter scope: what the statement restores: it says which ways there are.
    static func restoreOntoTable(
        _ table: String, in scope: RestoreRequest.Scope, at position: Int?
    ) -> DatabaseError {
        DatabaseError(
            .duplicateTable, "table already exists [table=\(table)]",
            hint: scope == .database
                ? "Use FULL to replace every table that is in the backup, INCREMENTAL to replace the "
                    + "partitions that differ, or RESTORE TABLE for some of the tables."
                : "Use FULL to replace it, INCREMENTAL to replace the partitions that differ, "
                    + "AS to restore into a new table, or INTO to add partitions to an existing "
                    + "one.",
            position: position)
    }

    /// - Parameter isNew: whether the name is one that was chosen with AS, or that comes with it.
    static func restoreOntoDamaged(
        _ table: String, _ damage: DatabaseError, in scope: RestoreRequest.Scope, isNew: Bool
    ) -> DatabaseError {
        let others = scope == .database ? "." : ", or AS to restore into a new table."
        return DatabaseError(
            .duplicateTable, "table already exists and is damaged [table=\(table)]",
            detail: damage.message,
            hint: isNew
                ? "Choose another name after AS; RESTORE TABLE … FULL puts the backup's in the place "
                    + "of the damaged one, DROP TABLE removes it and its files."
                : "Use FULL to put the backup's in its place, which removes its files" + others)
    }

    static func restoreAsTable(_ table: String, at position: Int?) -> DatabaseError {
        DatabaseError(
            .duplicateTable, "table already exists [table=\(table)]",
            hint: "AS makes a new table; choose a name that is free, or use INTO.",
            position: position)
    }

    static func restoreOntoPartition(_ partition: String, of table: String) -> DatabaseError {
        DatabaseError(
            .duplicateTable,
            "partition holds other rows [table=\(table), partition=\(partition)]",
            hint: "Use FULL or INCREMENTAL to replace it, or leave it out with PARTITION.")
    }

    static func restoreSchemaDiffers(
        _ table: String, _ difference: String, in scope: RestoreRequest.Scope
    ) -> DatabaseError {
        DatabaseError(
            .datatypeMismatch,
            "table differs from the one in the backup, \(difference) [table=\(table)]",
            hint: scope == .database
                ? "Use FULL to replace it, or RESTORE TABLE to choose tables and other names."
                : "Restore it under another name with AS.")
    }

    static func restoreOptions(_ what: String) -> DatabaseError {
        DatabaseError(.invalidParameter, "cannot restore, \(what)")
    }

    /// - Parameter canLink: whether hard links would need less; they do not where nothing is copied.
    static func restoreDoesNotFit(_ path: String, needed: Int, free: Int, canLink: Bool)
        -> DatabaseError
    {
        DatabaseError(
            .diskFull,
            "restore does not fit, \(needed) bytes needed and \(free) bytes free \"\(path)\"",
            hint: canLink
                ? "Free some space, restore fewer partitions, or use WITH (link = true)."
                : "Free some space: nothing is to be copied, but directories, manifests and the "
                    + "log need \(Limits.spareBytes) bytes.")
    }

    static func restoreBusy() -> DatabaseError {
        DatabaseError(
            .inUse, "another restore of the same tables is running",
            hint: "Wait for it to end, see backups().")
    }

    static func restoreCancelled() -> DatabaseError {
        .statementCancelled(
            detail: "The restore was given up, nothing was changed.")
    }

    /// A segment of a backup whose bytes are not what they were.
    ///
    /// - Parameter block: what the segment's own checksums say, when they say anything.
    static func backupSegmentDamaged(_ path: String, what: String, block: String?)
        -> DatabaseError
    {
        backupDamaged(path, what: what).with(
            detail: block.map { "Inside: \($0)." },
            hint: "Nothing was restored. " + waysOutOfDamage)
    }

    static func copyDamaged(_ path: String, what: String) -> DatabaseError {
        DatabaseError(
            .inputOutput, "copy is not what was written, \(what) \"\(path)\"",
            hint: "Nothing was restored. The disk may be failing; look at the kernel's log.")
    }
}
