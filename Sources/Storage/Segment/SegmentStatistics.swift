import Bytes
import Values

/// What is known of 16k rows of a column without reading them.
struct SegmentStatistics: Sendable, Equatable {
    var rows = 0
    var nulls = 0
    var nans = 0
    /// Bounds over values that are neither NULL nor NaN; a string's is cut, the upper one rounded up.
    var minimum = Value.null
    var maximum = Value.null
    /// The exact sum of integers.
    var integerSum: Int128 = 0
    /// The sum of doubles and its compensation (Neumaier).
    var doubleSum = 0.0
    var compensation = 0.0
    var first = Value.null
    var last = Value.null

    /// Takes in rows of a vector.
    init(_ column: ColumnVector, _ range: Range<Int>) {
        rows = range.count
        for row in range {
            let value = column.value(at: row)
            if row == range.lowerBound { first = value.cutForStatistics }
            if row == range.upperBound - 1 { last = value.cutForStatistics }
            add(value)
        }
        maximum = maximum.cutUpwards
        minimum = minimum.cutForStatistics
    }

    private mutating func add(_ value: Value) {
        switch value {
        case .null:
            nulls += 1
            return
        case .double(let number):
            if number.isNaN {
                nans += 1
                return
            }
            let sum = doubleSum + number
            compensation +=
                abs(doubleSum) >= abs(number)
                ? (doubleSum - sum) + number : (number - sum) + doubleSum
            doubleSum = sum
        case .integer(let number), .date(let number), .timestamp(let number),
            .timestampNanos(let number):
            integerSum += Int128(number)
        case .boolean(let flag): integerSum += flag ? 1 : 0
        case .decimal, .string, .binary, .uuid, .long256: break
        // Arrays have no bounds anyone asks for; intervals are never stored.
        case .array, .interval: return
        }
        if minimum == .null || value.isBefore(minimum) { minimum = value }
        if maximum == .null || maximum.isBefore(value) { maximum = value }
    }

    func encode(into writer: inout ByteWriter) {
        writer.count(rows)
        writer.count(nulls)
        writer.count(nans)
        writer.integer(integerSum)
        writer.double(doubleSum)
        writer.double(compensation)
        for value in [minimum, maximum, first, last] { value.encode(into: &writer) }
    }
}

extension Value {
    /// The order of statistics: within one type, -0 as 0, strings by their bytes.
    fileprivate func isBefore(_ other: Value) -> Bool {
        switch (self, other) {
        case (.boolean(let left), .boolean(let right)): !left && right
        case (.integer(let left), .integer(let right)): left < right
        case (.double(let left), .double(let right)): left < right
        case (.date(let left), .date(let right)): left < right
        case (.timestamp(let left), .timestamp(let right)): left < right
        case (.timestampNanos, .timestampNanos), (.decimal, .decimal), (.long256, .long256):
            order(other) < 0
        case (.string(let left), .string(let right)):
            left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.binary(let left), .binary(let right)): left.lexicographicallyPrecedes(right)
        case (.uuid(let a, let b), .uuid(let c, let d)): (a, b) < (c, d)
        default: false
        }
    }

    fileprivate var cutForStatistics: Value {
        switch self {
        case .string(let text):
            .binary(Array(text.utf8.prefix(Limits.stringBoundBytes)))
        case .binary(let bytes): .binary(Array(bytes.prefix(Limits.stringBoundBytes)))
        // NULL, for unknown: an array may be as long as a batch.
        case .array: .null
        case .null, .boolean, .integer, .double, .date, .timestamp, .timestampNanos, .uuid,
            .decimal, .long256, .interval:
            self
        }
    }

    /// A bound that nothing cut from it exceeds; NULL, for unknown, when there is none.
    fileprivate var cutUpwards: Value {
        let bytes: [UInt8]
        switch self {
        case .string(let text): bytes = Array(text.utf8)
        case .binary(let raw): bytes = raw
        case .null, .boolean, .integer, .double, .date, .timestamp, .timestampNanos, .uuid,
            .decimal, .long256, .array, .interval:
            return self
        }
        if bytes.count <= Limits.stringBoundBytes { return .binary(bytes) }
        var cut = Array(bytes.prefix(Limits.stringBoundBytes))
        while let end = cut.popLast() {
            if end < 255 { return .binary(cut + [end + 1]) }
        }
        return .null
    }

    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .null, .array, .interval: writer.integer(UInt8(0))
        case .boolean(let flag): writer.append([1, flag ? 1 : 0])
        case .integer(let number), .date(let number), .timestamp(let number),
            .timestampNanos(let number):
            writer.integer(UInt8(2))
            writer.integer(number)
        case .double(let number):
            writer.integer(UInt8(3))
            writer.double(number)
        case .string(let text): Value.binary(Array(text.utf8)).encode(into: &writer)
        case .binary(let bytes):
            writer.integer(UInt8(4))
            writer.count(bytes.count)
            writer.append(bytes)
        case .uuid(let high, let low):
            writer.integer(UInt8(5))
            writer.integer(high)
            writer.integer(low)
        case .decimal(let number):
            writer.integer(UInt8(6))
            writer.integer(number.units)
        case .long256(let number):
            writer.integer(UInt8(7))
            writer.integer(number.words.0)
            writer.integer(number.words.1)
            writer.integer(number.words.2)
            writer.integer(number.words.3)
        }
    }
}
