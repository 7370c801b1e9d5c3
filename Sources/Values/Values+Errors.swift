package import Diagnostics

extension DatabaseError {
    /// A text that is no value of its type.
    package static func badText(_ text: String, as type: ValueType) -> DatabaseError {
        let state: SQLState = type.isTime ? .badDatetime : .badText
        return DatabaseError(
            state, "invalid input syntax for type \(type.postgresName): \"\(text.prefix(100))\"")
    }

    /// A text with more characters than its type has, which is named as the column was declared.
    package static func textTooLong(for type: String) -> DatabaseError {
        DatabaseError(.stringTooLong, "value too long for type \(type)")
    }

    /// A date or a time of day that there is not.
    static func noSuchMoment(_ text: String) -> DatabaseError {
        DatabaseError(
            .datetimeOverflow, "date/time field value out of range: \"\(text.prefix(100))\"")
    }

    /// A value that a type has no counterpart for.
    package static func noSuchCast(_ from: ValueType, _ type: ValueType) -> DatabaseError {
        DatabaseError(
            .cannotCoerce, "cannot cast type \(from.postgresName) to \(type.postgresName)")
    }

    /// A number outside its type.
    package static func outOfRange(_ type: ValueType) -> DatabaseError {
        DatabaseError(.numericOutOfRange, "\(type.postgresName) out of range")
    }

    /// A number that a text names, outside its type.
    static func outOfRange(_ text: String, _ type: ValueType) -> DatabaseError {
        DatabaseError(
            .numericOutOfRange,
            "value \"\(text.prefix(100))\" is out of range for type \(type.postgresName)")
    }

    /// A moment that the binary form or the type has no room for.
    static func momentOutOfRange() -> DatabaseError {
        DatabaseError(.datetimeOverflow, "timestamp out of range")
    }

    static func momentWithoutBinary() -> DatabaseError {
        DatabaseError(
            .datetimeOverflow, "timestamp out of range of the binary format",
            detail:
                "The binary format counts microseconds from 2000-01-01 and begins in 290278 BC.",
            hint: "Read the column as text, or leave the row out.")
    }

    /// A parameter in the binary form of a type that this server does not have.
    static func unknownBinary(oid: UInt32) -> DatabaseError {
        DatabaseError(
            .featureNotSupported, "a binary parameter of the type with OID \(oid) is not supported",
            hint: "Send it as text, or as a type that this server has.")
    }

    /// Bytes that are no value of their type.
    static func nullByte() -> DatabaseError {
        DatabaseError(.badEncoding, "invalid byte sequence for encoding \"UTF8\": 0x00")
    }

    static func notUTF8() -> DatabaseError {
        DatabaseError(.badEncoding, "invalid byte sequence for encoding \"UTF8\"")
    }

    static func tooManyDigits() -> DatabaseError {
        DatabaseError(
            .numericOutOfRange,
            "numeric has more than \(DecimalShape.most) digits before the decimal point")
    }

    static func badBinary(_ type: ValueType, length: Int) -> DatabaseError {
        DatabaseError(
            .badBinary, "incorrect binary data format for type \(type.postgresName)",
            detail: "The value has \(length) bytes.")
    }
}
