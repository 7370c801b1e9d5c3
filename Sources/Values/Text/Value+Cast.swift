package import Diagnostics

extension Value {
    /// Converts a value of one type to another, as CAST and assignment do.
    ///
    /// - Throws: 22003, 22P02, 22007 when the value has no counterpart.
    /// - Requires: the pair of types may be cast at all (Planner decides that).
    package func cast(from: ValueType, to type: ValueType) throws(DatabaseError) -> Value {
        if from == type || self == .null { return self }
        if case .string(let text) = self {
            if type == .catalogChar {
                return .string(String(String.UnicodeScalarView(text.unicodeScalars.prefix(1))))
            }
            return type.isText && type.layout != .uint16 ? self : try Value.parse(text, as: type)
        }
        if type.isText {
            // PostgreSQL's cast of Booleans writes the word, its output one letter.
            if case .boolean(let flag) = self { return .string(flag ? "true" : "false") }
            let text = text(as: from) ?? ""
            return type == .char ? try Value.parse(text, as: type) : .string(text)
        }
        switch self {
        case .null, .string: return .null
        case .integer(let number): return try Self.cast(integer: number, from: from, to: type)
        case .double(let number): return try Self.cast(double: number, to: type)
        case .decimal(let number): return try Self.cast(decimal: number, to: type)
        case .boolean(let flag): return try Self.cast(integer: flag ? 1 : 0, from: .int, to: type)
        case .timestamp(let micros): return try Self.cast(micros: micros, to: type)
        case .date(let milliseconds):
            guard type.isTime else {
                return try Self.cast(integer: milliseconds, from: .long, to: type)
            }
            let (micros, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
            if overflow { throw .outOfRange(type) }
            return try Self.cast(micros: micros, to: type)
        case .timestampNanos(let nanos):
            guard type.isTime else {
                return try Self.cast(integer: nanos, from: .long, to: type)
            }
            return try Self.cast(micros: nanos.dividedDown(by: 1000), to: type)
        case .array(let array): return try Self.cast(array: array, from: from, to: type)
        case .binary, .uuid, .long256, .interval: throw .noSuchCast(from, type)
        }
    }

    private static func cast(micros: Int64, to type: ValueType) throws(DatabaseError) -> Value {
        switch type {
        case .timestamp: return .timestamp(micros)
        case .date: return .date(micros.dividedDown(by: 1000))
        case .timestampNanos:
            let (nanos, overflow) = micros.multipliedReportingOverflow(by: 1000)
            if overflow { throw .outOfRange(type) }
            return .timestampNanos(nanos)
        default: return try cast(integer: micros, from: .long, to: type)
        }
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
        case .decimal:
            return try cast(
                decimal: DecimalValue(units: Int128(number), scale: 0), to: type)
        case .timestamp: return .timestamp(number)
        case .timestampNanos: return .timestampNanos(number)
        case .date: return .date(number)
        case .boolean: return .boolean(number != 0)
        case .ipv4, .objectID, .registered:
            guard let address = UInt32(exactly: number) else { throw .outOfRange(type) }
            return .integer(Int64(address))
        case .geohash(let bits):
            // Fewer bits of a geohash are a larger place around it; more are not known.
            guard let known = from.geohashBits, known >= Int(bits) else {
                throw .noSuchCast(from, type)
            }
            return .integer(number >> Int64(known - Int(bits)))
        case .long256:
            guard number >= 0 else { throw .outOfRange(type) }
            return .long256(Long256(UInt64(number), 0, 0, 0))
        case .byte, .short, .int, .long, .char, .symbol, .varchar, .binary, .uuid, .array,
            .interval, .catalogName, .catalogChar, .shortVector, .record, .json, .void:
            throw .noSuchCast(from, type)
        }
    }

    private static func cast(double number: Double, to type: ValueType)
        throws(DatabaseError) -> Value
    {
        if type == .double { return .double(number) }
        if type == .float {
            let narrow = Float(number)
            if number.isFinite && !narrow.isFinite { throw .outOfRange(type) }
            return .double(Double(narrow))
        }
        if let shape = type.decimalShape {
            // The shortest digits that mean this double, not its binary expansion.
            guard number.isFinite,
                let units = WrittenNumber(number.description)?.units(scale: Int(shape.scale)),
                shape.holds(units)
            else { throw .outOfRange(type) }
            return .decimal(DecimalValue(units: units, scale: shape.scale))
        }
        guard number.isFinite, let whole = Int64(exactly: number.rounded(.toNearestOrEven)) else {
            throw .outOfRange(type)
        }
        return try cast(integer: whole, from: .long, to: type)
    }

    private static func cast(decimal number: DecimalValue, to type: ValueType)
        throws(DatabaseError) -> Value
    {
        if let shape = type.decimalShape {
            guard let fitted = number.fitted(to: shape) else { throw .outOfRange(type) }
            return .decimal(fitted)
        }
        if type.isFloating { return try cast(double: number.double, to: type) }
        guard let whole = number.rescaled(to: 0), let small = Int64(exactly: whole.units) else {
            throw .outOfRange(type)
        }
        return try cast(integer: small, from: .long, to: type)
    }

    private static func cast(array: ArrayValue, from: ValueType, to type: ValueType)
        throws(DatabaseError) -> Value
    {
        guard let element = type.arrayElement else { throw .noSuchCast(from, type) }
        if case .array(_, let dimensions) = type, !array.lengths.isEmpty,
            array.lengths.count != Int(dimensions)
        {
            throw .noSuchCast(from, type)
        }
        var elements: [Value] = []
        elements.reserveCapacity(array.elements.count)
        for value in array.elements {
            elements.append(try value.cast(from: array.element.type, to: element.type))
        }
        return .array(ArrayValue(element, lengths: array.lengths, elements))
    }
}
