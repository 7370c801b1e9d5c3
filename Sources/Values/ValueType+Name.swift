extension ValueType {
    /// The name in DDL, /exec and catalogues: `LONG`, `DECIMAL(10,2)`, `GEOHASH(5c)`, `DOUBLE[]`.
    package var name: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .byte: "BYTE"
        case .short: "SHORT"
        case .char: "CHAR"
        case .int: "INT"
        case .long: "LONG"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .date: "DATE"
        case .timestamp: "TIMESTAMP"
        case .timestampNanos: "TIMESTAMP_NS"
        case .symbol: "SYMBOL"
        case .varchar: "VARCHAR"
        case .binary: "BINARY"
        case .uuid: "UUID"
        case .ipv4: "IPv4"
        case .long256: "LONG256"
        case .decimal(let shape): "DECIMAL(\(shape.precision),\(shape.scale))"
        case .geohash(let bits): bits % 5 == 0 ? "GEOHASH(\(bits / 5)c)" : "GEOHASH(\(bits)b)"
        case .array(let element, let dimensions):
            element.type.name + String(repeating: "[]", count: Int(dimensions))
        case .interval: "INTERVAL"
        case .catalogName: "NAME"
        case .objectID: "OID"
        case .registered(let kind): kind.rawValue.uppercased()
        case .catalogChar: "\"CHAR\""
        case .shortVector: "INT2VECTOR"
        case .record: "RECORD"
        case .json: "JSON"
        case .void: "VOID"
        }
    }

    /// Finds a type by QuestDB's or PostgreSQL's name, in any case, with its parameters:
    /// `bigint`, `decimal(10,2)`, `geohash(7b)`, `double[]`.
    package static func named(_ name: String) -> ValueType? {
        var word = name.lowercased()
        var dimensions = 0
        while word.hasSuffix("[]") {
            word.removeLast(2)
            dimensions += 1
        }
        var arguments: [Int] = []
        if word.hasSuffix(")"), let open = word.firstIndex(of: "(") {
            let inside = word[word.index(after: open)...].dropLast()
            word = String(word[..<open])
            for part in inside.split(separator: ",", omittingEmptySubsequences: false) {
                var digits = part.drop { $0 == " " }
                let unit = word == "geohash" ? digits.popLast() : nil
                guard let number = Int(digits), (0...10_000).contains(number) else { return nil }
                guard word != "geohash" || unit == "b" || unit == "c" else { return nil }
                arguments.append(unit == "c" ? number * 5 : number)
            }
        }
        return named(word, arguments: arguments, dimensions: dimensions)
    }

    /// Finds a type by the parts of its name; a geohash's argument is its bits.
    ///
    /// Returns nil for an unknown name and for parameters outside the type's limits.
    package static func named(_ word: String, arguments: [Int], dimensions: Int) -> ValueType? {
        guard let plain = scalar(word.lowercased(), arguments) else { return nil }
        if dimensions == 0 { return plain }
        guard let element = ArrayElement(plain), dimensions <= Limits.arrayDimensions else {
            return nil
        }
        return .array(element, dimensions: UInt8(dimensions))
    }

    private static func scalar(_ word: String, _ arguments: [Int]) -> ValueType? {
        switch word {
        case "decimal", "numeric":
            guard let precision = arguments.first else { return openDecimal }
            guard arguments.count <= 2,
                let shape = DecimalShape(
                    checking: precision, arguments.count == 2 ? arguments[1] : 0)
            else { return nil }
            return .decimal(shape)
        case "geohash":
            guard arguments.count == 1, (1...60).contains(arguments[0]) else { return nil }
            return .geohash(bits: UInt8(arguments[0]))
        case "float" where !arguments.isEmpty:
            return arguments[0] <= 24 ? .float : .double
        case "bpchar" where arguments.isEmpty: return .varchar
        case "char", "character", "bpchar":
            // char(5) is a string with a length, which is for the column.
            return arguments.first ?? 1 == 1 ? .char : .varchar
        default: return synonyms[word]
        }
    }

    /// Names without parameters. What is written in parentheses behind them is for the caller.
    private static let synonyms: [String: ValueType] = [
        "boolean": .boolean, "bool": .boolean, "byte": .byte, "short": .short, "smallint": .short,
        "int2": .short, "int": .int, "integer": .int, "int4": .int,
        "long": .long, "bigint": .long, "int8": .long, "float": .float, "real": .float,
        "float4": .float, "double": .double, "double precision": .double, "float8": .double,
        "date": .date, "timestamp": .timestamp, "timestamp without time zone": .timestamp,
        "timestamptz": .timestamp, "timestamp with time zone": .timestamp,
        "timestamp_ns": .timestampNanos, "symbol": .symbol, "string": .varchar,
        "varchar": .varchar, "text": .varchar, "character varying": .varchar,
        "binary": .binary, "bytea": .binary, "uuid": .uuid, "ipv4": .ipv4, "inet": .ipv4,
        "long256": .long256, "interval": .interval, "name": .catalogName, "oid": .objectID,
        "regclass": .registered(.relation), "regtype": .registered(.type),
        "regproc": .registered(.function), "regnamespace": .registered(.schema),
        "regrole": .registered(.role), "\"char\"": .catalogChar, "int2vector": .shortVector,
        "oidvector": .array(.objectID, dimensions: 1), "record": .record, "json": .json,
        "jsonb": .json, "void": .void,
    ]
}
