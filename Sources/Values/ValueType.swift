/// The types a value may have. What a type needs beyond its name (a DECIMAL's precision and scale,
/// a GEOHASH's bits, an array's elements) is part of it, so it goes wherever the type goes and two
/// types are equal only when values of one are values of the other.
package enum ValueType: Sendable, Hashable {
    case boolean
    case byte
    case short
    /// One UTF-16 unit that is no surrogate, QuestDB's CHAR.
    case char
    case int
    case long
    case float
    case double
    /// Milliseconds since 1970, QuestDB's DATE.
    case date
    /// Microseconds since 1970.
    case timestamp
    /// Nanoseconds since 1970.
    case timestampNanos
    /// A string from a small set: stored as codes into a sorted dictionary.
    case symbol
    case varchar
    case binary
    case uuid
    case ipv4
    case long256
    case decimal(DecimalShape)
    /// 1 to 60 bits.
    case geohash(bits: UInt8)
    /// 1 to `Limits.arrayDimensions` dimensions.
    case array(ArrayElement, dimensions: UInt8)

    // What follows occurs in expressions and catalogues; no column can be of it.
    case interval
    /// PostgreSQL's NAME.
    case catalogName
    /// PostgreSQL's OID.
    case objectID
    case registered(RegisteredKind)
    /// PostgreSQL's "char" in quotes: one byte.
    case catalogChar
    /// PostgreSQL's INT2VECTOR.
    case shortVector
    /// A row as text.
    case record
    case json
    case void

    /// DECIMAL where nothing says how many digits: 20 before the point and 18 behind it.
    package static let openDecimal = ValueType.decimal(.open)

    package static func array(of element: ArrayElement) -> ValueType {
        .array(element, dimensions: 1)
    }

    /// Whether a column may have this type.
    package var isStorable: Bool {
        switch self {
        case .boolean, .byte, .short, .char, .int, .long, .float, .double, .date, .timestamp,
            .timestampNanos, .symbol, .varchar, .binary, .uuid, .ipv4, .long256, .decimal,
            .geohash:
            true
        case .array(let element, _): element == .double || element == .long
        case .interval, .catalogName, .objectID, .registered, .catalogChar, .shortVector, .record,
            .json, .void:
            false
        }
    }

    /// One type of each kind that a column may have, with the ends of their parameters.
    package static let storable: [ValueType] = [
        .boolean, .byte, .short, .char, .int, .long, .float, .double, .date, .timestamp,
        .timestampNanos, .symbol, .varchar, .binary, .uuid, .ipv4, .long256,
        .decimal(DecimalShape(1, 0)), .decimal(DecimalShape(10, 2)), .decimal(DecimalShape(38, 38)),
        .geohash(bits: 1), .geohash(bits: 7), .geohash(bits: 15), .geohash(bits: 20),
        .geohash(bits: 60), .array(.double, dimensions: 1), .array(.double, dimensions: 2),
        .array(.long, dimensions: 1),
    ]

    /// How values lie in a vector.
    package var layout: Layout {
        switch self {
        case .boolean, .void: .boolean
        case .byte: .int8
        case .short: .int16
        case .char: .uint16
        case .int: .int32
        case .long, .date, .timestamp, .timestampNanos: .int64
        case .float: .float
        case .double: .double
        case .symbol: .symbol
        case .varchar, .catalogName, .catalogChar, .record, .json: .text
        case .binary: .bytes
        case .uuid: .uuid
        case .ipv4, .objectID, .registered: .uint32
        case .long256: .long256
        case .decimal: .int128
        case .geohash(let bits): bits < 8 ? .int8 : bits < 16 ? .int16 : bits < 32 ? .int32 : .int64
        case .array, .shortVector: .array
        case .interval: .interval
        }
    }

    /// The bytes one value takes in a vector, or nil for those with offsets and bytes.
    /// SYMBOL in memory is a 4-byte code.
    package var width: Int? { layout.width }

    /// What an array holds; nil for other types.
    package var arrayElement: ArrayElement? {
        switch self {
        case .array(let element, _): element
        case .shortVector: .short
        case .boolean, .byte, .short, .char, .int, .long, .float, .double, .date, .timestamp,
            .timestampNanos, .symbol, .varchar, .binary, .uuid, .ipv4, .long256, .decimal,
            .geohash, .interval, .catalogName, .objectID, .registered, .catalogChar, .record,
            .json, .void:
            nil
        }
    }

    /// The digits of a DECIMAL; nil for other types.
    package var decimalShape: DecimalShape? {
        if case .decimal(let shape) = self { return shape }
        return nil
    }

    /// The bits of a GEOHASH; nil for other types.
    package var geohashBits: Int? {
        if case .geohash(let bits) = self { return Int(bits) }
        return nil
    }
}

/// How values of a type lie in a vector. Many types share one: kernels choose their loop by it.
package enum Layout: Sendable {
    /// One byte, 0 or 1.
    case boolean
    /// Two's complement, least significant byte first. Small geohashes are never negative.
    case int8, int16, int32, int64, int128
    case uint16, uint32
    case float, double
    /// Two 8-byte halves, the more significant first.
    case uuid
    /// Four 8-byte words, the least significant first.
    case long256
    /// Microseconds (8 bytes), days, months (4 bytes each).
    case interval
    /// 4-byte codes into a dictionary.
    case symbol
    /// Offsets and bytes of UTF-8.
    case text
    case bytes
    /// Offsets and bytes: see `ArrayValue`.
    case array

    package var width: Int? {
        switch self {
        case .boolean, .int8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float, .symbol: 4
        case .int64, .double: 8
        case .int128, .uuid, .interval: 16
        case .long256: 32
        case .text, .bytes, .array: nil
        }
    }
}

/// The types that arrays may hold.
package enum ArrayElement: UInt8, Sendable, CaseIterable {
    case boolean = 1
    case short = 3
    case int = 4
    case long = 5
    case float = 6
    case double = 7
    case timestamp = 9
    case varchar = 11
    case uuid = 13
    case char = 14
    case catalogName = 33
    case objectID = 34
    case catalogChar = 36

    package var type: ValueType {
        switch self {
        case .boolean: .boolean
        case .short: .short
        case .int: .int
        case .long: .long
        case .float: .float
        case .double: .double
        case .timestamp: .timestamp
        case .varchar: .varchar
        case .uuid: .uuid
        case .char: .char
        case .catalogName: .catalogName
        case .objectID: .objectID
        case .catalogChar: .catalogChar
        }
    }

    /// The element for values of a type; a symbol is a string, a byte a short. Nil when arrays
    /// cannot hold it.
    package init?(_ type: ValueType) {
        if type == .symbol || type == .json || type == .record {
            self = .varchar
        } else if type == .byte {
            self = .short
        } else if let found = Self.allCases.first(where: { $0.type == type }) {
            self = found
        } else {
            return nil
        }
    }
}

/// What an object id can be known to name.
package enum RegisteredKind: String, Sendable, CaseIterable {
    case relation = "regclass"
    case type = "regtype"
    case function = "regproc"
    case schema = "regnamespace"
    case role = "regrole"
}
