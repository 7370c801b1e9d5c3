import Diagnostics

extension DatabaseError {
    static func inFailedTransaction() -> DatabaseError {
        DatabaseError(
            .failedTransaction,
            "current transaction is aborted, commands ignored until end of transaction block")
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
