import Catalog
import Diagnostics
import SQL

extension DatabaseError {
    // MARK: - Transactions and parameters

    static func inFailedTransaction() -> DatabaseError {
        DatabaseError(
            .failedTransaction,
            "current transaction is aborted, commands ignored until end of transaction block")
    }

    /// For statements that make sense only inside a block.
    static func onlyInBlock(_ statement: String) -> DatabaseError {
        DatabaseError(
            .noActiveTransaction, "\(statement) can only be used in transaction blocks",
            hint: "Say BEGIN first.")
    }

    static func noSavepoint(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .undefinedSavepoint, "savepoint \"\(name)\" does not exist", position: position)
    }

    static func tooManySavepoints(at position: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "too many savepoints in one transaction, limit \(Limits.savepoints)",
            hint: "RELEASE savepoints that are not needed any more.", position: position)
    }

    static func lateIsolation() -> DatabaseError {
        DatabaseError(
            .activeTransaction,
            "SET TRANSACTION ISOLATION LEVEL must be called before any query",
            hint: "Name the level in BEGIN.")
    }

    static func lateWrite() -> DatabaseError {
        DatabaseError(
            .activeTransaction, "transaction read-write mode must be set before any query",
            hint: "Name the mode in BEGIN.")
    }

    static func deadlock() -> DatabaseError {
        DatabaseError(
            .deadlock, "deadlock detected",
            hint: "Another transaction waits for a table that this one has changed, and has "
                + "changed the table that this one wants. Roll back and try again.")
    }

    static func lockTimeout() -> DatabaseError {
        DatabaseError(
            .lockNotAvailable, "canceling statement due to lock timeout",
            hint: "Another transaction is changing the table. Try again, or raise lock_timeout.")
    }

    static func concurrentChange(of table: String) -> DatabaseError {
        DatabaseError(
            .serializationFailure,
            "could not serialize access due to concurrent update of \"\(table)\"",
            hint: "Roll back and try the transaction again.")
    }

    static func badSetting(_ name: String, _ value: String, hint: String) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "invalid value for parameter \"\(name)\": \"\(value)\"",
            hint: hint)
    }

    static func afterWriting(_ statement: String) -> DatabaseError {
        DatabaseError(
            .activeTransaction,
            "\(statement) cannot run in a transaction that has written something",
            hint: "Commit first or set autocommit.")
    }

    static func notInBlock(_ statement: String) -> DatabaseError {
        DatabaseError(
            .activeTransaction, "\(statement) cannot run inside a transaction block",
            hint: "Commit or roll back first, or set autocommit.")
    }

    // MARK: - Relations and schemas

    static func tableExists(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .duplicateTable, "table already exists [table=\(name)]", position: position)
    }

    static func noTable(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(.undefinedTable, "table \"\(name)\" does not exist", position: position)
    }

    static func unknownParameter(_ name: String) -> DatabaseError {
        DatabaseError(
            .undefinedObject, "unrecognized configuration parameter \"\(name)\"")
    }

    static func readOnlyParameter(_ name: String) -> DatabaseError {
        DatabaseError(.invalidParameter, "parameter \"\(name)\" cannot be changed")
    }

    static func readOnlyServer(_ statement: String) -> DatabaseError {
        DatabaseError(
            .readOnlyTransaction, "cannot execute \(statement) in a read-only transaction")
    }

    static func changedResult() -> DatabaseError {
        DatabaseError(.featureNotSupported, "cached plan must not change result type")
    }

    static func parameterCount(given: Int, wanted: Int) -> DatabaseError {
        DatabaseError(
            .protocolViolation,
            "statement takes \(wanted) parameters and was given \(given)")
    }

    static func noSchemaSelected(at position: Int) -> DatabaseError {
        DatabaseError(
            .undefinedSchema, "no schema has been selected to create in",
            hint: "Set search_path to a schema that exists.", position: position)
    }

    static func undefinedPrepared(_ name: String) -> DatabaseError {
        DatabaseError(
            .undefinedStatement, "prepared statement \"\(name)\" does not exist")
    }

    static func duplicatePrepared(_ name: String) -> DatabaseError {
        DatabaseError(
            .duplicateStatement, "prepared statement \"\(name)\" already exists")
    }

    static func onlyReads(_ user: String, _ act: String, because reason: ReadOnlyReason)
        -> DatabaseError
    {
        let (why, hint) =
            switch reason {
            case .user:
                (
                    "user reads only \"\(user)\"",
                    "Log in as the administrator, see pg.user in server.conf."
                )
            case .setting(let key):
                ("\(key) is on", "Set \(key) to false in server.conf, or use another protocol.")
            case .foreignPage:
                (
                    "the request comes from a page of another site",
                    "Send it from a page of this server or without an Origin header; "
                        + "http.cors.origins has no effect in this version."
                )
            case .unknownHost(let host):
                (
                    "the request came to an unknown host name \"\(host.prefix(100))\"",
                    "Add the name to http.hosts in server.conf (BASALT_HTTP_HOSTS) if it is this "
                        + "server's, use its address, or set http.user."
                )
            }
        return DatabaseError(
            .insufficientPrivilege, "permission denied for \(act), \(why)", hint: hint)
    }

    static func sequenceIsGone() -> DatabaseError {
        DatabaseError(.undefinedTable, "sequence does not exist any more")
    }

    static func noSequence(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .undefinedTable, "sequence \"\(name)\" does not exist", position: position)
    }

    static func badSequenceType(at position: Int?) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "sequence type must be smallint, integer, or bigint",
            position: position)
    }

    static func notASequence(_ name: String, at position: Int? = nil) -> DatabaseError {
        DatabaseError(
            .wrongObjectType, "\"\(name)\" is not a sequence", position: position)
    }

    static func sequenceExhausted(_ name: String, isUp: Bool, _ sequence: SequenceDefinition)
        -> DatabaseError
    {
        let bound =
            isUp
            ? "maximum value of sequence \"\(name)\" (\(sequence.maximum))"
            : "minimum value of sequence \"\(name)\" (\(sequence.minimum))"
        return DatabaseError(.sequenceExhausted, "nextval: reached \(bound)")
    }

    static func sequenceValueOutOfBounds(_ number: Int64, _ name: String) -> DatabaseError {
        DatabaseError(
            .numericOutOfRange,
            "setval: value \(number) is out of bounds for sequence \"\(name)\"")
    }

    static func noLastValue() -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState, "lastval is not yet defined in this session")
    }

    static func noCurrentValue(_ name: String) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState,
            "currval of sequence \"\(name)\" is not yet defined in this session")
    }

    static func setvalUncommitted(_ name: String) -> DatabaseError {
        DatabaseError(
            .featureNotSupported,
            "setval is not supported before the sequence is committed \"\(name)\"")
    }

    static func schemaExists(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .duplicateSchema, "schema \"\(name)\" already exists", position: position)
    }

    static func requiredSchema(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .dependentObjects, "cannot drop schema \"\(name)\", the database requires it",
            position: position)
    }

    static func schemaHolds(_ schema: String, _ relation: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .dependentObjects, "cannot drop schema \"\(schema)\" because it is not empty",
            detail: "It holds \"\(relation)\".",
            hint: "Use DROP SCHEMA … CASCADE to drop what is in it too.", position: position)
    }

    static func sequenceIsOwned(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .dependentObjects, "cannot drop sequence \"\(name)\", a column draws from it",
            hint: "Drop the column, or its table.", position: position)
    }

    static func notWholeNumbers(_ function: String) -> DatabaseError {
        DatabaseError(.undefinedFunction, "function \(function) takes whole numbers")
    }

    static func tooManyNumbers(_ function: String) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "\(function) gives more than \(Limits.sequenceRows) rows")
    }

    static func missingArgument(_ usage: String) -> DatabaseError {
        DatabaseError(
            .undefinedFunction, "an argument is missing or no text", hint: "Write \(usage).")
    }

    static func uniqueViolated(_ name: String, detail: String) -> DatabaseError {
        DatabaseError(
            .uniqueViolation,
            "duplicate key value violates unique constraint \"\(name)\"", detail: detail)
    }

    static func tooManyKeys(_ table: String) -> DatabaseError {
        DatabaseError(
            .outOfMemory, "table has more than \(Limits.keyRows) rows \"\(table)\"",
            hint: "PRIMARY KEY and UNIQUE keep their keys in memory; use a designated timestamp "
                + "with DEDUP UPSERT KEYS for larger tables.")
    }

    static func rowsKeepComing(_ table: String) -> DatabaseError {
        DatabaseError(
            .serializationFailure,
            "cannot alter table, rows are written to it all the time \"\(table)\"",
            hint: "Repeat the statement when there are fewer writers.")
    }

    // MARK: - Partitions

    static func partitionChanged(_ name: String, of table: String, at position: Int?)
        -> DatabaseError
    {
        DatabaseError(
            .notInPrerequisiteState,
            "the transaction has changed partition \"\(name)\" of table \"\(table)\"",
            hint: "COMMIT first.", position: position)
    }

    static func tableChanged(_ table: String) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState,
            "cannot move a partition, the transaction has changed rows or columns of \"\(table)\"",
            hint: "COMMIT first.")
    }

    static func noPartition(_ name: String, of table: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .undefinedObject,
            "partition \"\(name)\" of table \"\(table)\" does not exist", position: position)
    }

    static func badPartitionName(_ name: String, unit: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .invalidParameter,
            "not the name of a partition by \(unit) \"\(name)\"",
            hint: "Names are as SHOW PARTITIONS shows them.", position: position)
    }

    static func noDetached(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .undefinedObject, "no detached partition has the name \"\(name)\"",
            position: position)
    }

    static func nothingToAttach(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .duplicateObject,
            "partition is already attached, none of its name is detached \"\(name)\"",
            position: position)
    }

    static func partitionExists(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .duplicateObject, "partition is already attached \"\(name)\"",
            position: position)
    }

    static func detachedExists(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .duplicateObject, "partition is already detached \"\(name)\"",
            hint: "Attach it first.", position: position)
    }

    static func detachedDiffers(
        _ name: String, _ column: Catalog.ColumnDefinition, of table: String, at position: Int
    ) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState,
            "cannot attach partition \"\(name)\", column \"\(column.name)\" was changed since",
            hint:
                "Its values are of the type \(column.typeName). ALTER TABLE \(table) ALTER COLUMN "
                + "\(column.name) TYPE \(column.typeName), attach, and change the type again.",
            position: position)
    }

    // MARK: - Backups

    static func backupUnavailable() -> DatabaseError {
        DatabaseError(.notInPrerequisiteState, "backup is not available here")
    }

    static func filterNeedsTable(at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "WHERE takes one table",
            hint: "Write BACKUP TABLE t WHERE ….", position: position)
    }

    static func noRunningBackup(_ id: String) -> DatabaseError {
        DatabaseError(.undefinedObject, "no running backup has this id \"\(id)\"")
    }

    /// Of WITH (…).
    static func unknownOption(_ name: String, known: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "unknown option \"\(name)\"", hint: "Known are \(known).",
            position: position)
    }

    /// Of WITH (…).
    static func badOption(_ option: Option) -> DatabaseError {
        let hint =
            switch option.name.folded {
            case "rate": "It is bytes a second, more than none, such as 100000000 or '100MB'."
            case "comment": "It is a text in quotes."
            default: "It is true or false."
            }
        return DatabaseError(
            .invalidParameter,
            "invalid value for option \"\(option.name.text)\"\(option.value.shown)", hint: hint,
            position: option.valuePosition)
    }
}
