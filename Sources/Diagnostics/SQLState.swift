/// A five-character code that tells a client which kind of thing went wrong.
///
/// Every code Basalt sends stands in this table. A new row is added only when a client or our own
/// code reacts differently to it.
package struct SQLState: Hashable, Sendable, CustomStringConvertible {
    package let code: String
    /// The condition's name as PostgreSQL's documentation spells it.
    package let name: String

    init(_ code: String, _ name: String) {
        self.code = code
        self.name = name
    }

    package var description: String { code }

    /// The first two characters: the class the state belongs to.
    package var stateClass: Substring { code.prefix(2) }

    package static func == (left: SQLState, right: SQLState) -> Bool { left.code == right.code }
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// Returns the row of the table with this code, or nil when we never send it.
    package static func named(_ code: String) -> SQLState? { all.first { $0.code == code } }
}

extension SQLState {
    /// With a NOTICE that only tells something; never an error.
    package static let success = SQLState("00000", "successful_completion")
    package static let warning = SQLState("01000", "warning")
    /// A client broke the protocol.
    package static let protocolViolation = SQLState("08P01", "protocol_violation")
    package static let connectionFailure = SQLState("08006", "connection_failure")
    /// Asked for something Basalt does not have.
    package static let featureNotSupported = SQLState("0A000", "feature_not_supported")
    package static let cardinalityViolation = SQLState("21000", "cardinality_violation")
    package static let stringTooLong = SQLState("22001", "string_data_right_truncation")
    package static let numericOutOfRange = SQLState("22003", "numeric_value_out_of_range")
    package static let nullNotAllowed = SQLState("22004", "null_value_not_allowed")
    package static let badDatetime = SQLState("22007", "invalid_datetime_format")
    package static let datetimeOverflow = SQLState("22008", "datetime_field_overflow")
    package static let divisionByZero = SQLState("22012", "division_by_zero")
    package static let badEncoding = SQLState("22021", "character_not_in_repertoire")
    package static let invalidPowerArgument = SQLState(
        "2201F", "invalid_argument_for_power_function")
    package static let invalidLimit = SQLState("2201W", "invalid_row_count_in_limit_clause")
    package static let invalidOffset = SQLState(
        "2201X", "invalid_row_count_in_result_offset_clause")
    /// An option or parameter has a value that makes no sense.
    package static let invalidParameter = SQLState("22023", "invalid_parameter_value")
    package static let badText = SQLState("22P02", "invalid_text_representation")
    package static let badBinary = SQLState("22P03", "invalid_binary_representation")
    package static let badCopyFormat = SQLState("22P04", "bad_copy_file_format")
    package static let notNullViolation = SQLState("23502", "not_null_violation")
    package static let uniqueViolation = SQLState("23505", "unique_violation")
    package static let checkViolation = SQLState("23514", "check_violation")
    /// Something else still needs the object: a schema with tables in it.
    package static let dependentObjects = SQLState(
        "2BP01", "dependent_objects_still_exist")
    package static let sequenceExhausted = SQLState(
        "2200H", "sequence_generator_limit_exceeded")
    package static let wrongObjectType = SQLState("42809", "wrong_object_type")
    package static let duplicateSchema = SQLState("42P06", "duplicate_schema")
    package static let invalidTransactionState = SQLState("25000", "invalid_transaction_state")
    package static let activeTransaction = SQLState("25001", "active_sql_transaction")
    package static let readOnlyTransaction = SQLState("25006", "read_only_sql_transaction")
    package static let noActiveTransaction = SQLState("25P01", "no_active_sql_transaction")
    package static let failedTransaction = SQLState("25P02", "in_failed_sql_transaction")
    package static let undefinedStatement = SQLState("26000", "invalid_sql_statement_name")
    package static let invalidAuthorization = SQLState(
        "28000", "invalid_authorization_specification")
    package static let invalidPassword = SQLState("28P01", "invalid_password")
    package static let undefinedCursor = SQLState("34000", "invalid_cursor_name")
    package static let undefinedSavepoint = SQLState("3B001", "invalid_savepoint_specification")
    package static let undefinedDatabase = SQLState("3D000", "invalid_catalog_name")
    package static let undefinedSchema = SQLState("3F000", "invalid_schema_name")
    package static let serializationFailure = SQLState("40001", "serialization_failure")
    package static let deadlock = SQLState("40P01", "deadlock_detected")
    package static let insufficientPrivilege = SQLState("42501", "insufficient_privilege")
    package static let syntaxError = SQLState("42601", "syntax_error")
    package static let invalidName = SQLState("42602", "invalid_name")
    package static let nameTooLong = SQLState("42622", "name_too_long")
    package static let duplicateColumn = SQLState("42701", "duplicate_column")
    package static let ambiguousColumn = SQLState("42702", "ambiguous_column")
    package static let undefinedColumn = SQLState("42703", "undefined_column")
    package static let undefinedObject = SQLState("42704", "undefined_object")
    package static let duplicateObject = SQLState("42710", "duplicate_object")
    package static let duplicateAlias = SQLState("42712", "duplicate_alias")
    package static let groupingError = SQLState("42803", "grouping_error")
    package static let datatypeMismatch = SQLState("42804", "datatype_mismatch")
    package static let cannotCoerce = SQLState("42846", "cannot_coerce")
    package static let undefinedFunction = SQLState("42883", "undefined_function")
    /// A value for a column that only a sequence may fill.
    package static let generatedAlways = SQLState("428C9", "generated_always")
    package static let undefinedTable = SQLState("42P01", "undefined_table")
    package static let undefinedParameter = SQLState("42P02", "undefined_parameter")
    package static let duplicateCursor = SQLState("42P03", "duplicate_cursor")
    package static let duplicateStatement = SQLState("42P05", "duplicate_prepared_statement")
    package static let duplicateTable = SQLState("42P07", "duplicate_table")
    package static let invalidColumnReference = SQLState("42P10", "invalid_column_reference")
    package static let invalidTableDefinition = SQLState("42P16", "invalid_table_definition")
    package static let indeterminateDatatype = SQLState("42P18", "indeterminate_datatype")
    package static let diskFull = SQLState("53100", "disk_full")
    package static let outOfMemory = SQLState("53200", "out_of_memory")
    package static let tooManyConnections = SQLState("53300", "too_many_connections")
    package static let limitExceeded = SQLState("54000", "program_limit_exceeded")
    package static let tooManyColumns = SQLState("54011", "too_many_columns")
    /// The object is not in a state that allows this: a backup root unset, a snapshot prepared.
    package static let notInPrerequisiteState = SQLState(
        "55000", "object_not_in_prerequisite_state")
    package static let inUse = SQLState("55006", "object_in_use")
    package static let lockNotAvailable = SQLState("55P03", "lock_not_available")
    package static let cancelled = SQLState("57014", "query_canceled")
    package static let shutdown = SQLState("57P01", "admin_shutdown")
    package static let starting = SQLState("57P03", "cannot_connect_now")
    package static let inputOutput = SQLState("58030", "io_error")
    package static let missingFile = SQLState("58P01", "undefined_file")
    package static let existingFile = SQLState("58P02", "duplicate_file")
    package static let configuration = SQLState("F0000", "config_file_error")
    package static let corrupted = SQLState("XX001", "data_corrupted")
    /// Our own bug. Never reachable by what a user sends.
    package static let internalError = SQLState("XX000", "internal_error")

    package static let all: [SQLState] = [
        .success, .warning, .protocolViolation, .connectionFailure, .featureNotSupported,
        .cardinalityViolation, .stringTooLong, .invalidPowerArgument, .invalidLimit,
        .invalidOffset, .duplicateAlias, .invalidColumnReference,
        .numericOutOfRange, .nullNotAllowed, .badDatetime, .datetimeOverflow, .divisionByZero,
        .badEncoding, .invalidParameter, .badText, .badBinary, .badCopyFormat, .notNullViolation,
        .uniqueViolation, .checkViolation, .invalidTransactionState, .activeTransaction,
        .readOnlyTransaction, .noActiveTransaction, .failedTransaction, .undefinedStatement,
        .invalidAuthorization, .invalidPassword, .undefinedCursor, .undefinedSavepoint,
        .undefinedDatabase, .undefinedSchema, .serializationFailure, .deadlock,
        .insufficientPrivilege,
        .syntaxError, .invalidName, .nameTooLong, .duplicateColumn, .ambiguousColumn,
        .undefinedColumn, .undefinedObject, .duplicateObject, .groupingError, .datatypeMismatch,
        .cannotCoerce, .undefinedFunction, .generatedAlways, .dependentObjects, .sequenceExhausted,
        .duplicateSchema, .wrongObjectType, .undefinedTable, .undefinedParameter, .duplicateCursor,
        .duplicateStatement, .duplicateTable, .invalidTableDefinition, .indeterminateDatatype,
        .diskFull, .outOfMemory, .tooManyConnections, .limitExceeded, .tooManyColumns,
        .notInPrerequisiteState, .inUse, .lockNotAvailable, .cancelled, .shutdown, .starting,
        .inputOutput, .missingFile,
        .existingFile, .configuration, .corrupted, .internalError,
    ]
}
