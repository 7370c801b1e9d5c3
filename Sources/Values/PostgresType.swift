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
        case .date, .timestamp: 1114
        case .symbol, .varchar: 1043
        case .binary: 17
        case .uuid: 2950
        }
    }

    /// PostgreSQL's `typlen`: bytes of the binary form, -1 when it varies.
    package var postgresLength: Int16 {
        switch self {
        case .boolean: 1
        case .byte, .short: 2
        case .int, .float: 4
        case .long, .double, .date, .timestamp: 8
        case .uuid: 16
        case .symbol, .varchar, .binary: -1
        }
    }

    /// The type that a client means by an object id; nil for unknown (0, 705) and foreign ones.
    package static func withOID(_ oid: UInt32) -> ValueType? {
        switch oid {
        case 16: .boolean
        case 21: .short
        case 23, 26: .int
        case 20: .long
        case 700: .float
        case 701, 1700: .double
        case 1082, 1114, 1184: .timestamp
        case 25, 1043, 1042, 19, 18: .varchar
        case 17: .binary
        case 2950: .uuid
        default: nil
        }
    }

    package var isInteger: Bool {
        switch self {
        case .byte, .short, .int, .long: true
        case .boolean, .float, .double, .date, .timestamp, .symbol, .varchar, .binary, .uuid: false
        }
    }

    package var isFloating: Bool { self == .float || self == .double }
    package var isNumeric: Bool { isInteger || isFloating }
    package var isText: Bool { self == .symbol || self == .varchar }
    package var isTime: Bool { self == .timestamp || self == .date }

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
        case .symbol: "symbol"
        case .varchar: "varchar"
        case .binary: "bytea"
        case .uuid: "uuid"
        }
    }

    /// The range of an integer type; nil for others.
    package var integerRange: ClosedRange<Int64>? {
        switch self {
        case .byte: -128...127
        case .short: -32768...32767
        case .int: Int64(Int32.min)...Int64(Int32.max)
        case .long: Int64.min...Int64.max
        case .boolean, .float, .double, .date, .timestamp, .symbol, .varchar, .binary, .uuid: nil
        }
    }
}
