import Diagnostics

extension DatabaseError {
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

    static func lockWaitCancelled() -> DatabaseError {
        DatabaseError(.cancelled, "canceling statement due to user request")
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

    static func notInBlock(_ statement: String) -> DatabaseError {
        DatabaseError(
            .activeTransaction, "\(statement) cannot run inside a transaction block")
    }

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

    static func backupUnavailable() -> DatabaseError {
        DatabaseError(.notInPrerequisiteState, "backup is not available here")
    }

    static func parameterCount(given: Int, wanted: Int) -> DatabaseError {
        DatabaseError(
            .protocolViolation,
            "statement takes \(wanted) parameters and was given \(given)")
    }

    static func unknownSchema(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(.undefinedSchema, "schema \"\(name)\" does not exist", position: position)
    }

    static func undefinedPrepared(_ name: String) -> DatabaseError {
        DatabaseError(
            .undefinedStatement, "prepared statement \"\(name)\" does not exist")
    }

    static func duplicatePrepared(_ name: String) -> DatabaseError {
        DatabaseError(
            .duplicateStatement, "prepared statement \"\(name)\" already exists")
    }

    static func readOnlyUser(_ user: String, _ act: String) -> DatabaseError {
        DatabaseError(
            .insufficientPrivilege, "permission denied for \(act), user reads only \"\(user)\"",
            hint: "Log in as the administrator, see pg.user in server.conf.")
    }
}
