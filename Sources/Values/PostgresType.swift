extension ValueType {
    /// The type's object id in PostgreSQL's catalogue, by which drivers know it.
    package var oid: UInt32 {
        switch self {
        case .boolean: 16
        case .byte, .short: 21
        case .int: 23
        case .long: 20
        case .float: 700
        case .double: 701
        case .date, .timestamp, .timestampNanos: 1114
        case .symbol, .varchar, .ipv4, .long256, .geohash: 1043
        case .char: 1042
        case .binary: 17
        case .uuid: 2950
        case .decimal: 1700
        case .array(let element, _): element.arrayOID
        case .interval: 1186
        case .catalogName: 19
        case .objectID: 26
        case .registered(let kind): kind.oid
        case .catalogChar: 18
        case .shortVector: 22
        case .record: 2249
        case .json: 114
        case .void: 2278
        }
    }

    /// PostgreSQL's `typlen`: bytes of the binary form, -1 when it varies.
    package var postgresLength: Int16 {
        switch self {
        case .boolean, .catalogChar: 1
        case .byte, .short: 2
        case .int, .float, .objectID, .registered: 4
        case .long, .double, .date, .timestamp, .timestampNanos: 8
        case .uuid, .interval: 16
        case .catalogName: 64
        case .void: 4
        case .symbol, .varchar, .binary, .char, .ipv4, .long256, .decimal, .geohash, .array,
            .shortVector, .record, .json:
            -1
        }
    }

    /// The type that a client means by an object id; nil for unknown (0, 705) and foreign ones.
    package static func withOID(_ oid: UInt32) -> ValueType? {
        switch oid {
        case 16: .boolean
        case 21: .short
        case 23: .int
        case 26: .objectID
        case 20: .long
        case 700: .float
        case 701: .double
        case 1700: .openDecimal
        case 1082, 1114, 1184: .timestamp
        case 25, 1043, 1042: .varchar
        case 19: .catalogName
        case 18: .catalogChar
        case 17: .binary
        case 2950: .uuid
        case 869: .ipv4
        case 1186: .interval
        case 22: .shortVector
        case 114, 3802: .json
        default: registered(oid) ?? array(oid)
        }
    }

    private static func registered(_ oid: UInt32) -> ValueType? {
        RegisteredKind.allCases.first { $0.oid == oid }.map { .registered($0) }
    }

    private static func array(_ oid: UInt32) -> ValueType? {
        if oid == 1009 { return .array(of: .varchar) }
        return ArrayElement.allCases.first { $0.arrayOID == oid }.map { .array(of: $0) }
    }

    package var isInteger: Bool { integerRange != nil }
    package var isFloating: Bool { self == .float || self == .double }
    package var isDecimal: Bool { decimalShape != nil }
    package var isNumeric: Bool { isInteger || isFloating || isDecimal }
    package var isTime: Bool { self == .timestamp || self == .date || self == .timestampNanos }

    /// Whether a designated timestamp may be of it.
    package var isDesignable: Bool { self == .timestamp || self == .timestampNanos }

    /// Whether its values are strings.
    package var isText: Bool {
        switch self {
        case .char, .symbol, .varchar, .catalogName, .catalogChar, .record, .json: true
        case .boolean, .byte, .short, .int, .long, .float, .double, .date, .timestamp,
            .timestampNanos, .binary, .uuid, .ipv4, .long256, .decimal, .geohash, .array,
            .interval, .objectID, .registered, .shortVector, .void:
            false
        }
    }

    /// The name PostgreSQL uses in its messages.
    package var postgresName: String {
        switch self {
        case .boolean: "boolean"
        case .byte: "byte"
        case .short: "smallint"
        case .int: "integer"
        case .long: "bigint"
        case .float: "real"
        case .double: "double precision"
        case .date: "date"
        case .timestamp: "timestamp"
        case .timestampNanos: "timestamp_ns"
        case .symbol: "symbol"
        case .varchar: "varchar"
        case .char: "char"
        case .binary: "bytea"
        case .uuid: "uuid"
        case .ipv4: "ipv4"
        case .long256: "long256"
        case .decimal(let shape): "numeric(\(shape.precision),\(shape.scale))"
        case .geohash: name.lowercased()
        case .array(let element, let dimensions):
            element.type.postgresName + String(repeating: "[]", count: Int(dimensions))
        case .interval: "interval"
        case .catalogName: "name"
        case .objectID: "oid"
        case .registered(let kind): kind.rawValue
        case .catalogChar: "\"char\""
        case .shortVector: "int2vector"
        case .record: "record"
        case .json: "json"
        case .void: "void"
        }
    }

    /// The range of an integer type; nil for others.
    package var integerRange: ClosedRange<Int64>? {
        switch self {
        case .byte: -128...127
        case .short: -32768...32767
        case .int: Int64(Int32.min)...Int64(Int32.max)
        case .long: Int64.min...Int64.max
        case .boolean, .char, .float, .double, .date, .timestamp, .timestampNanos, .symbol,
            .varchar, .binary, .uuid, .ipv4, .long256, .decimal, .geohash, .array, .interval,
            .catalogName, .objectID, .registered, .catalogChar, .shortVector, .record, .json,
            .void:
            nil
        }
    }
}

extension ArrayElement {
    /// The object id of PostgreSQL's array of this.
    package var arrayOID: UInt32 {
        switch self {
        case .boolean: 1000
        case .short: 1005
        case .int: 1007
        case .long: 1016
        case .float: 1021
        case .double: 1022
        case .timestamp: 1115
        case .varchar: 1015
        case .uuid: 2951
        case .char: 1014
        case .catalogName: 1003
        case .objectID: 1028
        case .catalogChar: 1002
        }
    }
}

extension RegisteredKind {
    package var oid: UInt32 {
        switch self {
        case .relation: 2205
        case .type: 2206
        case .function: 24
        case .schema: 4089
        case .role: 4096
        }
    }
}
