/// One value of any type: for literals, statistics and the edges. Rows travel as `ColumnVector`s.
package enum Value: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// BYTE, SHORT, INT, LONG; also IPv4, GEOHASH and object ids.
    case integer(Int64)
    /// FLOAT and DOUBLE.
    case double(Double)
    /// Milliseconds since 1970.
    case date(Int64)
    /// Microseconds since 1970.
    case timestamp(Int64)
    /// Nanoseconds since 1970.
    case timestampNanos(Int64)
    /// CHAR, SYMBOL, VARCHAR and PostgreSQL's names.
    case string(String)
    case binary([UInt8])
    case uuid(UInt64, UInt64)
    /// With the scale of its type.
    case decimal(DecimalValue)
    indirect case long256(Long256)
    case array(ArrayValue)
    case interval(IntervalValue)
}

extension Value {
    /// What values that are equal in SQL have in common, to be found by in a set: there is one NaN,
    /// and strings are their bytes, where Swift holds that two spellings of é are equal.
    ///
    /// - Requires: values that are compared are of one type, and none is an interval.
    package var equalityKey: Value {
        switch self {
        case .double(let number):
            number.isNaN ? .binary([]) : self
        case .string(let text):
            text.utf8.allSatisfy { $0 < 0x80 } ? self : .binary(Array(text.utf8))
        case .array(let array):
            .array(
                ArrayValue(
                    array.element, lengths: array.lengths, array.elements.map(\.equalityKey)))
        case .null, .boolean, .integer, .date, .timestamp, .timestampNanos, .binary, .uuid,
            .decimal, .long256, .interval:
            self
        }
    }

    /// The value that an equality key was made of, as far as it tells: of 0 and -0 it is one.
    package func withoutEqualityKey(_ type: ValueType) -> Value {
        guard case .binary(let bytes) = self, type != .binary else { return self }
        return type.isText ? .string(String(decoding: bytes, as: UTF8.self)) : .double(.nan)
    }

    /// The order of two values of one type: negative when this comes first, 0 when they are equal.
    /// NULL, which ends an array's elements in order, comes last; NaN is above all numbers.
    package func order(_ other: Value) -> Int {
        switch (self, other) {
        case (.boolean(let left), .boolean(let right)): left == right ? 0 : left ? 1 : -1
        case (.integer(let left), .integer(let right)), (.date(let left), .date(let right)),
            (.timestamp(let left), .timestamp(let right)),
            (.timestampNanos(let left), .timestampNanos(let right)):
            left == right ? 0 : left < right ? -1 : 1
        case (.double(let left), .double(let right)):
            left < right || (right.isNaN && !left.isNaN)
                ? -1 : left == right || (left.isNaN && right.isNaN) ? 0 : 1
        case (.string(let left), .string(let right)):
            left.utf8.elementsEqual(right.utf8)
                ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
        case (.binary(let left), .binary(let right)):
            left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
        case (.uuid(let a, let b), .uuid(let c, let d)):
            (a, b) == (c, d) ? 0 : (a, b) < (c, d) ? -1 : 1
        case (.decimal(let left), .decimal(let right)): left.order(right)
        case (.long256(let left), .long256(let right)): left == right ? 0 : left < right ? -1 : 1
        case (.array(let left), .array(let right)): left.order(right)
        case (.interval(let left), .interval(let right)): left.order(right)
        case (.null, .null): 0
        case (.null, _): 1
        case (_, .null): -1
        default: 0
        }
    }
}
