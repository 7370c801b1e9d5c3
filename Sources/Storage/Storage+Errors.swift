import Bytes
import Diagnostics
import Platform

extension DatabaseError {
    static func duplicateTable(_ name: String) -> DatabaseError {
        DatabaseError(.duplicateTable, "table already exists [table=\(name)]")
    }

    static func undefinedTable(id: UInt64) -> DatabaseError {
        DatabaseError(
            .undefinedTable, "table does not exist any more [id=\(id)]",
            hint: "It was dropped meanwhile.")
    }

    static func unstorableColumn(_ column: String, _ type: String) -> DatabaseError {
        DatabaseError(
            .featureNotSupported, "column \"\(column)\" cannot be of type \(type)",
            hint: "Cast it to a type of columns, such as VARCHAR.")
    }

    static func undefinedSchema(_ name: String) -> DatabaseError {
        DatabaseError(.undefinedSchema, "schema \"\(name)\" does not exist")
    }

    static func schemaNotEmpty(_ name: String, holds relation: String) -> DatabaseError {
        DatabaseError(
            .dependentObjects,
            "cannot drop schema \"\(name)\", it still holds \"\(relation)\"",
            hint: "Use DROP SCHEMA … CASCADE to drop what is in it too.")
    }

    static func staleDefinition(table: String) -> DatabaseError {
        DatabaseError(
            .serializationFailure, "table was changed by another transaction [table=\(table)]",
            hint: "Repeat the transaction.")
    }

    static func writeMemoryFull(limit: Int) -> DatabaseError {
        DatabaseError(
            .outOfMemory, "rows are written faster than they can be flushed [limit=\(limit)]",
            hint: "Write more slowly, or raise cairo.write.memory.limit.")
    }

    static func nameOutOfLimits(_ name: String) -> DatabaseError {
        DatabaseError(
            name.isEmpty ? .invalidName : .nameTooLong,
            "a name has 1 to \(Limits.nameBytes) bytes, and this one \(name.utf8.count)")
    }

    static func tooManyColumns(_ count: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "a table of \(count) columns is above the limit of \(Limits.columns)")
    }

    static func staleSegment(_ id: String, table: String) -> DatabaseError {
        DatabaseError(
            .serializationFailure,
            "rows were changed by another transaction [table=\(table), segment=\(id)]",
            hint: "Repeat the transaction.")
    }

    static func staleTableID(_ id: UInt64) -> DatabaseError {
        DatabaseError(.internalError, "cannot create table, its id was issued before [id=\(id)]")
    }

    static func mismatchedBatch(table: String, column: String) -> DatabaseError {
        DatabaseError(
            .datatypeMismatch,
            "cannot append rows, they do not fit the table [table=\(table), column=\(column)]")
    }

    static func nullInColumn(table: String, column: String) -> DatabaseError {
        DatabaseError(
            .notNullViolation,
            "null value in a column that takes none [table=\(table), column=\(column)]")
    }

    static func transactionTooLarge(bytes: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "transaction of \(bytes) bytes is too large",
            hint: "Commit in smaller parts.")
    }

    static func tooManyCommits() -> DatabaseError {
        DatabaseError(.outOfMemory, "too many commits are waiting", hint: "Try again later.")
    }

    static func readOnlyRoot() -> DatabaseError {
        DatabaseError(.readOnlyTransaction, "cannot change anything, the database is read-only")
    }

    static func storageClosed() -> DatabaseError {
        DatabaseError(.shutdown, "the database is shutting down")
    }

    static func storageFailed(_ cause: DatabaseError) -> DatabaseError {
        DatabaseError(
            .inputOutput, "the database stopped accepting writes after a failed write to its log",
            detail: "The failure was: \(cause.message).",
            hint: "Look at the disk, then start the server again.", cause: cause.cause)
    }

    static func damaged(_ path: String, offset: Int, _ what: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "\(what) at offset \(offset) of \"\(path)\"",
            hint: "Restore this file from a backup.", damagedPath: path)
    }

    /// Behind a link in the place of a directory lie the files of somebody else.
    static func notADirectory(_ path: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "a symbolic link or a file is in the place of the directory \"\(path)\"",
            hint: "Put the directory itself there; to keep it on another disk, mount that disk.",
            damagedPath: path)
    }

    static func damaged(_ path: String, _ failure: DecodeFailure) -> DatabaseError {
        switch failure {
        case .truncated(let offset, let needed):
            .damaged(path, offset: offset, "data ends where \(needed) more bytes are due")
        case .invalid(let version, NewerFormat.what): .unknownFormat(path, version: version)
        case .invalid(let offset, let what): .damaged(path, offset: offset, what)
        }
    }

    static func damagedBlock(_ path: String, block: String, _ what: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "\(what) in block \(block) of \"\(path)\"",
            hint: "Restore this file from a backup.", damagedPath: path)
    }

    static func missingSegment(_ path: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "a segment is missing \"\(path)\"",
            detail: "Everything but the rows in it can be read.",
            hint: "Put the file back, or RESTORE TABLE … FULL brings it back from a backup.",
            damagedPath: path)
    }

    static func missingManifest(_ directory: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "its manifest is missing \"\(Path.join(directory, "_manifest.*"))\"",
            hint: "Put the file back.", damagedPath: directory)
    }

    static func missingTableDirectory(_ id: UInt64, _ directory: String) -> DatabaseError {
        DatabaseError(
            .corrupted,
            "its directory is missing \"\(directory)/…~\(id)\"",
            hint: "Put the directory back.", damagedPath: directory)
    }

    /// - Parameter next: the first commit behind the damage that can be read.
    static func damagedLog(
        _ path: String, offset: Int, laterOffset: Int, lost: LSN, next: LSN
    ) -> DatabaseError {
        DatabaseError(
            .corrupted, "damaged log at offset \(offset) of \"\(path)\", from commit \(lost) on",
            detail:
                "A valid batch follows at offset \(laterOffset), so this is no torn end of a crash.",
            hint:
                "Restore a backup; or give up the damaged commits, with a copy of the root at hand: "
                + Repair.skipping(to: next, path) + ".", damagedPath: path)
    }

    /// - Parameter next: the commit that the log would go on with.
    static func missingLog(_ path: String, lsn: LSN, next: LSN) -> DatabaseError {
        DatabaseError(
            .corrupted, "the log does not hold commit \(lsn) any more \"\(path)\"",
            detail: Repair.extent(lost: lsn),
            hint: Repair.choice(next, path), damagedPath: path)
    }

    /// - Parameter next: the commit that a new log would begin with.
    static func shortLog(_ path: String, end: LSN, expected: LSN, next: LSN) -> DatabaseError {
        DatabaseError(
            .corrupted, "the log ends at commit \(end) but \(expected) was recorded \"\(path)\"",
            detail: Repair.extent(lost: end.next),
            hint: Repair.choice(next, path), damagedPath: path)
    }

    /// - Parameter next: the commit that the log would go on with.
    static func damagedLogHeader(_ damage: DatabaseError, _ path: String, lost: LSN, next: LSN)
        -> DatabaseError
    {
        DatabaseError(
            .corrupted, damage.message,
            detail: Repair.extent(lost: lost),
            hint: Repair.choice(next, path), damagedPath: path)
    }

    /// An identity file that cannot be read.
    static func damagedIdentity(_ damage: DatabaseError, _ path: String) -> DatabaseError {
        DatabaseError(
            .corrupted, damage.message, hint: Repair.rebuilding(path), damagedPath: path)
    }

    static func soundIdentity(_ path: String) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState, "the identity file is sound \"\(path)\"",
            hint: "There is nothing to rebuild: start the server.")
    }

    static func noRoomToCompact(_ bytes: Int, _ free: Int) -> DatabaseError {
        DatabaseError(
            .diskFull, "no room to compact \(bytes) bytes, \(free) are free",
            hint: "Free some space; it is tried again by itself.")
    }

    static func missingDatabaseFile(_ path: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "data without its identity file \"\(path)\"",
            hint: Repair.rebuilding(path) + " Or choose an empty directory.", damagedPath: path)
    }

    static func sealedDatabaseFile(_ path: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "identity file of a backup beside a log that holds commits \"\(path)\"",
            hint: Repair.rebuilding(path), damagedPath: path)
    }

    static func noDatabase(_ root: String) -> DatabaseError {
        DatabaseError(.missingFile, "there is no database at \"\(root)\"")
    }

    static func unknownFormat(_ path: String, version: Int, known: Int = NewerFormat.known)
        -> DatabaseError
    {
        DatabaseError(
            .featureNotSupported,
            "file has format \(version), this server reads up to \(known) \"\(path)\"",
            hint: "It was written by a newer release; use that.")
    }

    static func snapshotPrepared(_ kind: PreparedKind) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState, "Waiting for \(kind.ending) to be called",
            hint: "Copy the root, then run \(kind.ending).", position: 0)
    }

    static func detachedPlaceHeld(_ partition: String) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState,
            "a prepared snapshot keeps what was detached before under the name \"\(partition)\"",
            hint: "Run SNAPSHOT COMPLETE or CHECKPOINT RELEASE when the copy is made.")
    }

    static func detachedFileMissing(_ path: String) -> DatabaseError {
        DatabaseError(
            .missingFile, "a file of the detached partition is missing \"\(path)\"",
            hint: "Put it back: ATTACH takes all files of a partition or none.", damagedPath: path)
    }

    static func snapshotChanging(_ kind: PreparedKind) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState, "a \(kind.rawValue) is being prepared or completed right now",
            hint: "Try again in a moment.", position: 0)
    }

    static func copiedRoot(_ root: String, directory: String) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState,
            "this root is a copy of one in which a snapshot was prepared \"\(root)\"",
            hint: "To restore the snapshot, touch \(Path.join(root, SnapshotRestore.triggerName)) "
                + "and start again; to adopt the files as they were copied, remove \(directory).")
    }

    static func nothingToRestore(_ trigger: String, root: String) -> DatabaseError {
        let directory = Path.join(root, PreparedKind.snapshot.directory)
        return DatabaseError(
            .missingFile, "cannot restore, there is no snapshot \"\(directory)\"",
            detail: "The trigger \"\(trigger)\" asks for it.",
            hint: "Copy the directory snapshot along with db and conf, or remove the trigger.")
    }

    static func restoreNeedsWriting(_ trigger: String) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState, "cannot restore read-only \"\(trigger)\"",
            hint: "Start once without --read-only, or remove the trigger.")
    }

    static func twoSnapshots(_ first: String, _ second: String) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState,
            "this root has two prepared snapshots \"\(first)\" \"\(second)\"",
            hint: "Remove the directory of the one that is not wanted.")
    }

    static func cannotSetAside(_ error: DatabaseError, trigger: String) -> DatabaseError {
        DatabaseError(
            error.state, error.message,
            detail:
                "What the snapshot does not hold is set aside before anything is changed: nothing "
                + "was changed.",
            hint: [error.hint, "To go on without the restore, remove the trigger \(trigger)."]
                .compactMap(\.self).joined(separator: " "),
            cause: error.cause, damagedPath: error.damagedPath)
    }

    static func copyLacks(_ path: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "cannot restore the snapshot, a file of it is missing \"\(path)\"",
            hint: "Nothing was changed. Copy the missing file, or take another copy.",
            damagedPath: path)
    }
}

/// The ways out that errors name.
private enum Repair {
    static func skipping(to next: LSN, _ path: String) -> String {
        "\(command(path)) --wal-skip-to \(next)"
    }

    static func choice(_ next: LSN, _ path: String) -> String {
        "Put the file back if there is a copy of it; or give up what is lost, with a copy of the "
            + "root at hand: \(skipping(to: next, path))."
    }

    static func rebuilding(_ path: String) -> String {
        "Put the file back if there is a copy of it that is not older than the log; or make a new "
            + "one of what the other files tell: \(command(path)) --rebuild-identity."
    }

    static func extent(lost: LSN) -> String {
        "All commits before \(lost) are whole; those from it on may be lost, as far as no segment "
            + "holds them."
    }

    /// The root is what lies above `db/`; a file that lies elsewhere, as a copy does, tells none.
    private static func command(_ path: String) -> String {
        let root = path.ranges(of: "/db/").last.map { path[..<$0.lowerBound] } ?? "ROOT"
        return "basalt repair -d \"\(root)\""
    }
}

/// How decoders say that a file is not damaged but from the future: its version stands in the place
/// of the offset.
enum NewerFormat {
    static let what = "format of a newer release"
    /// The newest version of segments, manifests, logs and identities that is read here.
    static let known = 1
}
