import Diagnostics

extension DatabaseError {
    /// The same error when it was the client's own timeout that cancelled.
    static func timedOut(_ error: DatabaseError) -> DatabaseError {
        DatabaseError(
            .cancelled, "canceling statement due to statement timeout", detail: error.detail,
            hint: error.hint)
    }

    static func memoryLimit(_ bytes: Int) -> DatabaseError {
        DatabaseError(
            .outOfMemory, "query needs more memory than it may have, limit \(bytes) bytes",
            hint: "Narrow the query, or raise cairo.sql.memory.limit.")
    }

    static func divisionByZero() -> DatabaseError {
        DatabaseError(.divisionByZero, "division by zero")
    }

    static func negativeCount(_ clause: String) -> DatabaseError {
        DatabaseError(
            clause == "LIMIT" ? .invalidLimit : .invalidOffset, "\(clause) must not be negative")
    }

    static func negativeRoot() -> DatabaseError {
        DatabaseError(
            .invalidPowerArgument, "cannot take square root of a negative number")
    }

    static func badArgument(_ message: String) -> DatabaseError {
        DatabaseError(.invalidParameter, message)
    }

    static func arrayTooLong() -> DatabaseError {
        DatabaseError(.limitExceeded, "array size exceeds the maximum allowed")
    }

    static func columnHoldsNulls(_ column: String, of table: String) -> DatabaseError {
        DatabaseError(
            .notNullViolation,
            "column \"\(column)\" of relation \"\(table)\" contains null values")
    }

    static func nullInColumn(_ column: String, of table: String) -> DatabaseError {
        DatabaseError(
            .notNullViolation,
            "null value in column \"\(column)\" of relation \"\(table)\" violates not-null "
                + "constraint")
    }

    static func checkViolated(_ name: String, table: String) -> DatabaseError {
        DatabaseError(
            .checkViolation,
            "new row for relation \"\(table)\" violates check constraint \"\(name)\"")
    }

    static func columnTooLarge() -> DatabaseError {
        DatabaseError(
            .limitExceeded,
            "new values of one column and one segment need more than "
                + "\(Limits.columnHeapBytes) bytes",
            hint: "Update fewer rows at a time, or set shorter values.")
    }

    static func valueTooLarge() -> DatabaseError {
        DatabaseError(
            .limitExceeded, "one value may have \(Limits.valueBytes) bytes at most",
            hint: "Make shorter strings.")
    }

    static func batchTooLarge() -> DatabaseError {
        DatabaseError(
            .limitExceeded,
            "values of one column and \(Limits.batchRows) rows need more than "
                + "\(Limits.batchHeapBytes) bytes",
            hint: "Make shorter strings, or narrow the query.")
    }

    static func missingParameter(_ number: Int) -> DatabaseError {
        DatabaseError(.undefinedParameter, "there is no parameter $\(number)")
    }
}
