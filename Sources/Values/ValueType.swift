/// The types a value may have.
package enum ValueType: UInt8, Sendable, CaseIterable {
    case boolean = 1
    case byte = 2
    case short = 3
    case int = 4
    case long = 5
    case float = 6
    case double = 7
    /// Milliseconds since 1970, QuestDB's DATE.
    case date = 8
    /// Microseconds since 1970.
    case timestamp = 9
    /// A string from a small set: stored as codes into a sorted dictionary.
    case symbol = 10
    case varchar = 11
    case binary = 12
    case uuid = 13

    /// The bytes one value takes in a vector, or nil for those with offsets and bytes.
    /// SYMBOL in memory is a 4-byte code.
    package var width: Int? {
        switch self {
        case .boolean, .byte: 1
        case .short: 2
        case .int, .float, .symbol: 4
        case .long, .double, .date, .timestamp: 8
        case .uuid: 16
        case .varchar, .binary: nil
        }
    }

    /// The name in DDL, /exec and catalogues.
    package var name: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .byte: "BYTE"
        case .short: "SHORT"
        case .int: "INT"
        case .long: "LONG"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .date: "DATE"
        case .timestamp: "TIMESTAMP"
        case .symbol: "SYMBOL"
        case .varchar: "VARCHAR"
        case .binary: "BINARY"
        case .uuid: "UUID"
        }
    }

    /// Finds a type by QuestDB's or PostgreSQL's name, in any case.
    package static func named(_ name: String) -> ValueType? { synonyms[name.lowercased()] }

    private static let synonyms: [String: ValueType] = [
        "boolean": .boolean, "bool": .boolean, "byte": .byte, "short": .short, "smallint": .short,
        "int2": .short, "int": .int, "integer": .int, "int4": .int, "long": .long,
        "bigint": .long, "int8": .long, "float": .float, "real": .float, "float4": .float,
        "double": .double, "double precision": .double, "float8": .double, "date": .date,
        "timestamp": .timestamp, "timestamp without time zone": .timestamp, "symbol": .symbol,
        "string": .varchar, "varchar": .varchar, "text": .varchar, "character varying": .varchar,
        "binary": .binary, "bytea": .binary, "uuid": .uuid,
    ]
}
