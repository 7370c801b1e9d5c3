package import Diagnostics

extension Value {
    /// Converts a value of one type to another, as CAST and assignment do.
    ///
    /// - Throws: 22003, 22P02, 22007 when the value has no counterpart.
    /// - Requires: the pair of types may be cast at all (Planner decides that).
    package func cast(from: ValueType, to type: ValueType) throws(DatabaseError) -> Value {
        if from == type || self == .null { return self }
        switch self {
        case .null: return .null
        case .string(let text): return try Value.parse(text, as: type)
        case .integer(let number): return try Self.cast(integer: number, from: from, to: type)
        case .double(let number): return try Self.cast(double: number, from: from, to: type)
        case .boolean(let flag):
            if type.isText { return .string(flag ? "true" : "false") }
            if type.isInteger { return .integer(flag ? 1 : 0) }
            return .double(flag ? 1 : 0)
        case .timestamp(let micros):
            if type == .date {
                let (quotient, rest) = micros.quotientAndRemainder(dividingBy: 1000)
                return .date(rest < 0 ? quotient - 1 : quotient)
            }
            if type.isText { return textValue(as: from) }
            return try Self.cast(integer: micros, from: .long, to: type)
        case .date(let milliseconds):
            if type == .timestamp {
                let (micros, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
                if overflow { throw .outOfRange(.timestamp) }
                return .timestamp(micros)
            }
            if type.isText { return textValue(as: from) }
            return try Self.cast(integer: milliseconds, from: .long, to: type)
        case .binary, .uuid: return textValue(as: from)
        }
    }

    private func textValue(as type: ValueType) -> Value {
        text(as: type).map(Value.string) ?? .null
    }

    private static func cast(integer number: Int64, from: ValueType, to type: ValueType)
        throws(DatabaseError) -> Value
    {
        if let range = type.integerRange {
            guard range.contains(number) else { throw .outOfRange(type) }
            return .integer(number)
        }
        switch type {
        case .float: return .double(Double(Float(number)))
        case .double: return .double(Double(number))
        case .timestamp: return .timestamp(number)
        case .date: return .date(number)
        case .boolean: return .boolean(number != 0)
        case .symbol, .varchar: return .string(String(number))
        case .byte, .short, .int, .long, .binary, .uuid: throw .outOfRange(type)
        }
    }

    private static func cast(double number: Double, from: ValueType, to type: ValueType)
        throws(DatabaseError) -> Value
    {
        if type.isText { return Value.double(number).textValue(as: from) }
        if type == .double { return .double(number) }
        if type == .float {
            let narrow = Float(number)
            if number.isFinite && !narrow.isFinite { throw .outOfRange(type) }
            return .double(Double(narrow))
        }
        guard number.isFinite, let whole = Int64(exactly: number.rounded(.toNearestOrEven)) else {
            throw .outOfRange(type)
        }
        return try cast(integer: whole, from: .long, to: type)
    }
}
