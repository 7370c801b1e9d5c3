import Bytes
package import Values

/// What is known of 16,384 rows of a column without reading them.
///
/// They answer aggregates over whole blocks and tell which blocks a filter can leave out.
package struct SegmentStatistics: Sendable, Equatable {
    /// Rows that one entry stands for; the last entry of a column may have fewer.
    package static let rowsPerEntry = Limits.statisticsRows

    package var rows = 0
    package var nulls = 0
    package var nans = 0
    /// The lowest value that is neither NULL nor NaN; NULL when there is none. Of strings the first
    /// 32 bytes, as `.binary`.
    package var minimum = Value.null
    /// The highest value that is neither NULL nor NaN; NULL when there is none, or when no 32 bytes
    /// are above a string. A string that was cut is rounded up.
    package var maximum = Value.null
    /// The exact sum of integers; of booleans the number of trues.
    package var integerSum: Int128 = 0
    /// The sum of floating-point numbers without NaN, to which `compensation` is to be added.
    package var doubleSum = 0.0
    package var compensation = 0.0
    /// The values of the first and the last row, NULL or not; of strings the first 32 bytes.
    package var first = Value.null
    package var last = Value.null

    /// Whether rows hold a value that can be compared.
    package var hasValues: Bool { rows > nulls + nans }

    init() {}

    /// Statistics of rows that are all NULL: of a column that came after its segment.
    init(nulls: Int) {
        rows = nulls
        self.nulls = nulls
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

    /// Reads an entry of a column of a type, trusting nothing: what it says can be so.
    static func decode(_ reader: inout ByteReader, type: ValueType, rows: Int)
        throws(DecodeFailure) -> SegmentStatistics
    {
        let start = reader.offset
        var entry = SegmentStatistics()
        entry.rows = try reader.count(upTo: Limits.statisticsRows)
        entry.nulls = try reader.count(upTo: entry.rows)
        entry.nans = try reader.count(upTo: entry.rows - entry.nulls)
        entry.integerSum = try reader.integer(Int128.self)
        entry.doubleSum = try reader.double()
        entry.compensation = try reader.double()
        entry.minimum = try Value.decodeBound(&reader, type)
        entry.maximum = try Value.decodeBound(&reader, type)
        entry.first = try Value.decodeBound(&reader, type)
        entry.last = try Value.decodeBound(&reader, type)
        guard entry.rows == rows, entry.isPossible(type) else {
            throw .invalid(at: start, what: "impossible statistics")
        }
        return entry
    }

    private func isPossible(_ type: ValueType) -> Bool {
        if nans > 0, type != .double, type != .float { return false }
        if minimum.isNaN || maximum.isNaN { return false }
        let hasBounds = hasValues && type.bounds != .none
        if hasBounds != (minimum != .null) { return false }
        if !hasBounds, maximum != .null { return false }
        if hasBounds, maximum == .null, type.bounds != .cut { return false }
        if maximum != .null, maximum.isBefore(minimum) { return false }
        let bound = Int128(rows - nulls) << 63
        return integerSum >= -bound && integerSum <= bound
    }
}

extension ValueType {
    /// What statistics know of the values of a type.
    enum Bounds { case exact, cut, none }

    var bounds: Bounds {
        switch layout {
        case .symbol, .text, .bytes: .cut
        case .array, .interval: .none
        case .boolean, .int8, .int16, .int32, .int64, .int128, .uint16, .uint32, .float, .double,
            .uuid, .long256:
            .exact
        }
    }
}

extension Value {
    /// The order of statistics: within one type, -0 as 0, strings by their bytes.
    func isBefore(_ other: Value) -> Bool {
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

    fileprivate var isNaN: Bool {
        if case .double(let number) = self { return number.isNaN }
        return false
    }

    var cutForStatistics: Value {
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
    var cutUpwards: Value {
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

    /// Reads a bound, which must be one that a column of the type can have.
    fileprivate static func decodeBound(_ reader: inout ByteReader, _ type: ValueType)
        throws(DecodeFailure) -> Value
    {
        let start = reader.offset
        let value: Value?
        switch (try reader.integer(UInt8.self), type) {
        case (0, _): value = .null
        case (1, .boolean): value = .boolean(try reader.integer(UInt8.self) != 0)
        case (2, .byte), (2, .short), (2, .int), (2, .long):
            let number = try reader.integer(Int64.self)
            value = type.integerRange?.contains(number) == true ? .integer(number) : nil
        case (2, .ipv4):
            value = UInt32(exactly: try reader.integer(Int64.self)).map { .integer(Int64($0)) }
        case (2, .geohash(let bits)):
            let number = try reader.integer(Int64.self)
            value = number >= 0 && number >> Int64(bits) == 0 ? .integer(number) : nil
        case (2, .timestampNanos): value = .timestampNanos(try reader.integer(Int64.self))
        case (2, .date): value = .date(try reader.integer(Int64.self))
        case (2, .timestamp): value = .timestamp(try reader.integer(Int64.self))
        case (3, .float), (3, .double): value = .double(try reader.double())
        case (4, .symbol), (4, .varchar), (4, .binary), (4, .char):
            let count = try reader.count(upTo: Limits.stringBoundBytes)
            value = .binary(Array(try reader.read(count)))
        case (5, .uuid):
            value = .uuid(try reader.integer(UInt64.self), try reader.integer(UInt64.self))
        case (6, .decimal(let shape)):
            let units = try reader.integer(Int128.self)
            value =
                shape.holds(units) ? .decimal(DecimalValue(units: units, scale: shape.scale)) : nil
        case (7, .long256):
            value = .long256(
                Long256(
                    try reader.integer(UInt64.self), try reader.integer(UInt64.self),
                    try reader.integer(UInt64.self), try reader.integer(UInt64.self)))
        default: value = nil
        }
        guard let value else { throw .invalid(at: start, what: "bound of another type") }
        return value
    }
}
