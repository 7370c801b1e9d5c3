package import Diagnostics
import Platform

extension DatabaseError {
    /// BACKUP with `cairo.sql.backup.root` set to nothing.
    package static func backupDisabled() -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState,
            "backup is disabled, server.conf property 'cairo.sql.backup.root' is not set",
            hint: "Set cairo.sql.backup.root to a directory and restart the server.", position: 0)
    }

    static func badSelection(_ why: String) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "backup of a part is not possible, \(why)",
            hint: "Name one table, or leave the clause out.")
    }

    static func partitionMissing(_ name: String, table: String) -> DatabaseError {
        DatabaseError(
            .undefinedObject, "partition does not exist [table=\(table), partition=\(name)]",
            hint: "SHOW PARTITIONS FROM the table lists them.")
    }

    static func backupTableMissing(_ name: String) -> DatabaseError {
        DatabaseError(.undefinedTable, "table does not exist [table=\(name)]")
    }

    static func backupNameTaken(_ name: String, path: String) -> DatabaseError {
        DatabaseError(
            .duplicateObject, "backup already exists [name=\(name), path=\(path)]",
            hint: "Choose another name, or DROP BACKUP '\(name)' first.")
    }

    static func backupNameReserved(_ name: String, path: String) -> DatabaseError {
        DatabaseError(
            .duplicateObject, "backup already exists [name=\(name), path=\(path)]",
            detail: "It is being made.",
            hint: "Choose another name, or wait for its end: see backups().")
    }

    /// Something of that name lies there that DROP BACKUP does not take for a backup.
    static func backupPlaceTaken(_ name: String, place: String) -> DatabaseError {
        DatabaseError(
            .duplicateObject, "backup name is taken by something else [name=\(name)] \"\(place)\"",
            detail: "It has no \(BackupManifest.fileName), so it is no backup, or no longer one.",
            hint: "Choose another name, or remove \"\(place)\" by hand.")
    }

    static func backupNameInvalid(_ name: String, why: String) -> DatabaseError {
        DatabaseError(
            .invalidName, "backup name is not usable, \(why) \"\(name)\"",
            hint: "A name is one part of a path: 1 to \(Limits.nameBytes) bytes, no slash, no "
                + "leading dot.")
    }

    static func destinationNotAllowed(_ path: String, why: String) -> DatabaseError {
        DatabaseError(
            .insufficientPrivilege, "backup destination is not allowed, \(why) \"\(path)\"",
            hint: "Use a path below cairo.sql.backup.root or add one to backup.allowed.paths.")
    }

    static func destinationInsideDatabase(_ path: String) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "backup destination lies inside the database \"\(path)\"",
            hint:
                "Choose a directory outside db/, snapshot/, tmp/, conf/ and what a restore set aside, and "
                + "not the root itself.")
    }

    static func destinationInsideBackup(_ path: String, backup: String) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "backup destination lies inside the backup \"\(backup)\"",
            detail: "Dropping that backup would remove \"\(path)\" too.",
            hint: "Choose a directory that is not a backup.")
    }

    static func destinationBusy(_ path: String, cause: DatabaseError) -> DatabaseError {
        DatabaseError(
            .inUse, "somebody else holds the backup destination \"\(path)\"",
            detail: cause.message,
            hint: "Try again later, or write to another destination.", cause: cause.cause)
    }

    static func lockFileChanges(_ path: String) -> DatabaseError {
        DatabaseError(
            .inUse, "lock file comes and goes \"\(path)\"",
            hint: "Try again; see who else works on this destination.")
    }

    static func backupInUse(_ name: String, _ mode: LockMode, cause: DatabaseError)
        -> DatabaseError
    {
        DatabaseError(
            .inUse,
            mode == .shared
                ? "backup is being dropped [name=\(name)]"
                : "backup is being read [name=\(name)]",
            detail: cause.message,
            hint: mode == .shared
                ? "Choose another backup."
                : "A restore, a verification or an incremental backup reads it: see backups().",
            cause: cause.cause)
    }

    static func dropIncomplete(_ name: String, left: String, cause: DatabaseError)
        -> DatabaseError
    {
        DatabaseError(
            .inputOutput, "backup is dropped, but not all of its files are removed [name=\(name)]",
            detail: "\(left): \(cause.message)",
            hint: "Remove that directory by hand; each backup into this place tries it again.",
            cause: cause.cause)
    }

    static func destinationGone(_ path: String, cause: DatabaseError) -> DatabaseError {
        DatabaseError(
            .inputOutput,
            "backup was removed while it was being made, in the destination \"\(path)\"",
            detail: "Nothing was published. What failed first: \(cause.message).",
            hint: "See who removed it or unmounted the disk; the next BACKUP makes it anew.",
            cause: cause.cause)
    }

    static func destinationFull(_ path: String, needed: Int, free: Int) -> DatabaseError {
        DatabaseError(
            .diskFull,
            "backup does not fit, \(needed) bytes needed and \(free) bytes free \"\(path)\"",
            hint: "Free some space, drop old backups or write to another destination.")
    }

    static func cutDoesNotFit(_ path: String, needed: Int, free: Int) -> DatabaseError {
        DatabaseError(
            .diskFull,
            "rows chosen by WHERE do not fit, \(needed) bytes needed and \(free) bytes free "
                + "\"\(path)\"",
            hint: "Free some space on the disk of the database, or take whole partitions.")
    }

    static func backupCancelled() -> DatabaseError {
        .statementCancelled(
            detail: "The backup was given up, nothing was published.")
    }

    static func verificationCancelled() -> DatabaseError {
        .statementCancelled(
            detail: "The verification was given up, nothing is known of the rest.")
    }

    static func backupMissing(_ name: String, in path: String, newest: [String]) -> DatabaseError {
        let known = newest.map { "'\($0)'" }.joined(separator: ", ")
        return DatabaseError(
            .missingFile, "backup does not exist [name=\(name), path=\(path)]",
            hint: newest.isEmpty
                ? "There is no backup in this destination." : "The newest here are \(known).")
    }

    /// Whoever may plant a link would choose what is read or removed behind it.
    static func backupIsLink(_ path: String) -> DatabaseError {
        DatabaseError(
            .insufficientPrivilege, "backup is not read through a symbolic link \"\(path)\"",
            hint: "Name the directory itself, and allow it in backup.allowed.paths.")
    }

    /// A root that is a backup and not what its `_backup.json` says.
    static func damagedBackupNotStarted(_ damage: DatabaseError, manifest: String)
        -> DatabaseError
    {
        DatabaseError(
            damage.state, damage.message, detail: "The root is a backup; it was left as it is.",
            hint: "Start on another backup. To start on what is left of this one all the same, "
                + "remove \"\(manifest)\".",
            cause: damage.cause, damagedPath: damage.damagedPath)
    }

    static func backupDamaged(_ path: String, what: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "backup is damaged, \(what) \"\(path)\"", hint: waysOutOfDamage,
            damagedPath: path)
    }

    /// What to do about a damaged backup: no other backup puts one of its files right.
    static let waysOutOfDamage =
        "VERIFY BACKUP tells whether more of it is damaged. Use another backup, also an older one "
        + "of the same chain, and remove this one with DROP BACKUP or rm -rf."

    /// What went wrong while a backup was read: damage of its files is answered otherwise than that
    /// of a live table, of which Storage speaks.
    ///
    /// - Parameter path: where the backup lies.
    func inBackup(_ path: String) -> DatabaseError {
        guard state == .corrupted, damagedFile(below: path) != nil,
            hint?.hasSuffix(Self.waysOutOfDamage) != true
        else { return self }
        return with(detail: detail, hint: Self.waysOutOfDamage)
    }

    /// The damaged file by its path in a backup; nil when it is none of it.
    ///
    /// - Parameter path: where the backup lies.
    func damagedFile(below path: String) -> String? {
        let front = Array((path + "/").utf8)
        guard let damagedPath, !path.isEmpty, damagedPath.utf8.starts(with: front) else {
            return nil
        }
        return String(decoding: damagedPath.utf8.dropFirst(front.count), as: UTF8.self)
    }

    static func backupChecksum(_ path: String, expected: String, found: String) -> DatabaseError {
        .backupDamaged(path, what: "expected SHA-256 \(expected) and found \(found)")
    }

    /// A segment of the database that is not what its table's manifest says.
    static func sourceDamaged(_ path: String, table: String, what: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "segment of table \"\(table)\" is damaged, \(what) \"\(path)\"",
            detail: "The backup was given up, so that it does not carry the damage on.",
            hint: waysOutOfSource, damagedPath: path)
    }

    static func sourceMissing(_ path: String, table: String, cause: DatabaseError)
        -> DatabaseError
    {
        DatabaseError(
            .missingFile, "segment of table \"\(table)\" is missing \"\(path)\"",
            detail: "The backup was given up: it would lack rows.",
            hint: "Put the file back. Without it, " + waysOutOfSource, cause: cause.cause)
    }

    /// What to do about a file of a live table.
    private static let waysOutOfSource =
        "RESTORE TABLE … FULL brings the partition back from a backup in which VERIFY BACKUP finds "
        + "nothing, ALTER TABLE … DROP PARTITION gives its rows up."

    /// The live file that was to take the place of a damaged one of the parent is damaged too.
    func alsoDamaged(in parent: String) -> DatabaseError {
        let also = "The backup's file, which this one shared, is damaged too \"\(parent)\"."
        return with(detail: [detail, also].compactMap(\.self).joined(separator: " "), hint: hint)
    }

    static func backupFormatNewer(_ path: String, found: Int, known: Int) -> DatabaseError {
        DatabaseError(
            .featureNotSupported,
            "backup has format \(found), this server reads up to \(known) \"\(path)\"",
            hint: "Use a newer server.")
    }

    static func backupAdopted(
        _ path: String, hint: String = "It is a database now; take a backup of it instead."
    ) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState,
            "backup was adopted, a server has been started on it and may have written \"\(path)\"",
            hint: hint)
    }

    static func parentMissing(_ name: String, why: String) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "backup cannot be the parent of this one, \(why) \"\(name)\"",
            hint: "Name a complete backup of this database, or use FULL.")
    }

    static func parentDamaged(_ path: String, what: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "parent was found damaged while its files were linked \"\(path)\"",
            detail: "\(what); the backup was given up, so that it does not carry the damage on.",
            hint: "Try again: another parent is chosen, or the backup is FULL.")
    }

    static func tooManyConfigurationFiles(_ path: String) -> DatabaseError {
        DatabaseError(
            .limitExceeded,
            "conf holds more than \(Limits.configurationFiles) files \"\(path)\"",
            hint: "Keep only settings in conf.")
    }
}
