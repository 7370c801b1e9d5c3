package import Diagnostics
import SQL
import Values

extension DatabaseError {
    /// - Parameter position: nil for a name that came as a value.
    package static func undefinedTable(_ name: String, at position: Int?) -> DatabaseError {
        DatabaseError(
            .undefinedTable, "relation \"\(name)\" does not exist", position: position)
    }

    static func undefinedColumn(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(.undefinedColumn, "column \"\(name)\" does not exist", position: position)
    }

    /// A statement names a column that its table does not have.
    package static func undefinedColumn(_ name: String, of table: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .undefinedColumn, "column \"\(name)\" of relation \"\(table)\" does not exist",
            position: position)
    }

    /// A statement names a schema that is not there.
    package static func undefinedSchema(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(.undefinedSchema, "schema \"\(name)\" does not exist", position: position)
    }

    static func missingFromEntry(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .undefinedTable, "missing FROM-clause entry for table \"\(name)\"", position: position)
    }

    static func ambiguousColumn(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .ambiguousColumn, "column reference \"\(name)\" is ambiguous", position: position)
    }

    static func duplicateColumn(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .duplicateColumn, "column \"\(name)\" specified more than once", position: position)
    }

    static func assignedTwice(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "multiple assignments to same column \"\(name)\"", position: position)
    }

    static func undefinedFunction(
        _ name: String, _ types: [ValueType], at position: Int
    ) -> DatabaseError {
        let list = types.map(\.postgresName).joined(separator: ", ")
        return DatabaseError(
            .undefinedFunction, "function \(name)(\(list)) does not exist",
            hint: "No function matches the given name and argument types.", position: position)
    }

    static func undefinedOperator(
        _ spelling: String, _ left: ValueType?, _ right: ValueType, at position: Int
    ) -> DatabaseError {
        let prefix = left.map { "\($0.postgresName) " } ?? ""
        return DatabaseError(
            .undefinedFunction,
            "operator does not exist: \(prefix)\(spelling) \(right.postgresName)",
            hint: "No operator matches the given name and argument types. You might need to add "
                + "explicit type casts.", position: position)
    }

    static func columnTypeMismatch(
        _ column: String, _ type: ValueType, _ found: ValueType, at position: Int
    ) -> DatabaseError {
        DatabaseError(
            .datatypeMismatch,
            "column \"\(column)\" is of type \(type.postgresName) but expression is of type "
                + found.postgresName,
            hint: "You will need to rewrite or cast the expression.", position: position)
    }

    static func typesDoNotMatch(
        _ what: String, _ left: ValueType, _ right: ValueType, at position: Int
    ) -> DatabaseError {
        DatabaseError(
            .datatypeMismatch,
            "\(what) types \(left.postgresName) and \(right.postgresName) cannot be matched",
            position: position)
    }

    static func notBoolean(_ what: String, _ type: ValueType, at position: Int) -> DatabaseError {
        DatabaseError(
            .datatypeMismatch,
            "argument of \(what) must be type boolean, not type \(type.postgresName)",
            position: position)
    }

    static func undefinedType(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(.undefinedObject, "type \"\(name)\" does not exist", position: position)
    }

    static func badTypeParameters(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "type \"\(name)\" cannot have these parameters",
            hint: "DECIMAL takes a precision of 1 to 38 and a scale up to it, GEOHASH 1b to 60b or "
                + "1c to 12c; arrays have up to 6 dimensions of plain types.", position: position)
    }

    static func noModifier(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "type modifier is not allowed for type \"\(name)\"",
            hint: "Leave out the parentheses behind it.", position: position)
    }

    static func badModifier(at position: Int) -> DatabaseError {
        DatabaseError(.invalidParameter, "invalid type modifier", position: position)
    }

    static func badFloatPrecision(at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "precision for type float must be 1 to 53 bits",
            position: position)
    }

    static func badLength(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidParameter,
            "length for type \"\(name)\" must be from 1 to \(TextLength.most)",
            position: position)
    }

    static func onlyDefault(_ column: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .generatedAlways, "column \"\(column)\" can only be updated to DEFAULT",
            detail: "Column \"\(column)\" is an identity column defined as GENERATED ALWAYS.",
            position: position)
    }

    static func emptyArray(at position: Int) -> DatabaseError {
        DatabaseError(
            .indeterminateDatatype, "cannot determine type of empty array",
            hint: "Explicitly cast to the desired type, for example ARRAY[]::double[].",
            position: position)
    }

    static func notAnArray(_ type: ValueType, at position: Int) -> DatabaseError {
        DatabaseError(
            .datatypeMismatch, "cannot subscript type \(type.postgresName) because it is no array",
            position: position)
    }

    static func notGrouped(_ column: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .groupingError,
            "column \"\(column)\" must appear in the GROUP BY clause or be used in an aggregate "
                + "function", position: position)
    }

    static func aggregateNotAllowed(_ place: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .groupingError, "aggregate functions are not allowed in \(place)", position: position)
    }

    static func nestedAggregate(at position: Int) -> DatabaseError {
        DatabaseError(
            .groupingError, "aggregate function calls cannot be nested", position: position)
    }

    static func badOrdinal(_ clause: String, _ number: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .invalidColumnReference, "\(clause) position \(number) is not in select list",
            position: position)
    }

    static func unselectedOrder(at position: Int?) -> DatabaseError {
        DatabaseError(
            .invalidColumnReference,
            "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
            position: position)
    }

    static func duplicateAlias(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .duplicateAlias, "table name \"\(name)\" specified more than once",
            hint: "Give one of them another name with AS.", position: position)
    }

    static func starWithoutTables(at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "SELECT * with no tables specified is not valid", position: position)
    }

    static func unevenRows(at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "VALUES lists must all be the same length", position: position)
    }

    static func insertCount(more: Bool, at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError,
            more
                ? "INSERT has more expressions than target columns"
                : "INSERT has more target columns than expressions", position: position)
    }

    static func caseTooDeep(at position: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "CASE is nested too deeply in operands of CASE",
            hint: "Use CASE WHEN with conditions, or a subquery.", position: position)
    }

    static func invalidDefinition(_ message: String, at position: Int) -> DatabaseError {
        DatabaseError(.invalidTableDefinition, message, position: position)
    }

    static func columnExists(_ name: String, of table: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .duplicateColumn, "column \"\(name)\" of relation \"\(table)\" already exists",
            position: position)
    }

    static func tooManyColumns(at position: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "a table has at most \(Limits.columns) columns", position: position)
    }

    static func tooManyResultColumns(at position: Int) -> DatabaseError {
        DatabaseError(
            .tooManyColumns, "target lists can have at most \(Limits.resultColumns) entries",
            hint: "Name the columns that are needed, or ask for them in several statements.",
            position: position)
    }

    static func tooManyConstraints(at position: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "a table has at most \(Limits.constraints) constraints",
            position: position)
    }

    static func constraintExists(_ name: String, of table: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .duplicateObject,
            "constraint \"\(name)\" for relation \"\(table)\" already exists",
            position: position)
    }

    static func undefinedConstraint(_ name: String, of table: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .undefinedObject,
            "constraint \"\(name)\" of relation \"\(table)\" does not exist",
            position: position)
    }

    static func keyWithTimestamp(_ what: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .featureNotSupported,
            "\(what) is not supported on a table with a designated timestamp",
            hint: "Use DEDUP UPSERT KEYS(…) to keep one row per key.", position: position)
    }

    static func twoPrimaryKeys(_ table: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidTableDefinition,
            "multiple primary keys for table \"\(table)\" are not allowed", position: position)
    }

    static func columnInDefault(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .featureNotSupported, "cannot use column reference in DEFAULT expression \"\(name)\"",
            position: position)
    }

    static func sequenceIsGone(_ name: String, of column: String) -> DatabaseError {
        DatabaseError(
            .undefinedTable, "sequence of column \"\(column)\" does not exist \"\(name)\"",
            hint: "Create it with CREATE SEQUENCE, or take the default away with ALTER TABLE.")
    }

    static func badSequence(_ message: String, at position: Int) -> DatabaseError {
        DatabaseError(.invalidParameter, message, position: position)
    }

    static func generatedAlways(_ column: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .generatedAlways, "cannot insert a non-DEFAULT value into column \"\(column)\"",
            detail: "Column \"\(column)\" is an identity column defined as GENERATED ALWAYS.",
            hint: "Use OVERRIDING SYSTEM VALUE to override.", position: position)
    }

    /// What is to be made has the name of a table or sequence.
    package static func relationExists(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .duplicateTable, "relation \"\(name)\" already exists", position: position)
    }

    static func notPartitioned(_ table: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidTableDefinition, "table is not partitioned \"\(table)\"", position: position)
    }

    static func onlyTimestamp(_ timestamp: String, _ found: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .featureNotSupported,
            "partitions are chosen by the designated timestamp alone \"\(found)\"",
            hint: "Name only \"\(timestamp)\" in WHERE; DELETE removes single rows.",
            position: position)
    }
}
