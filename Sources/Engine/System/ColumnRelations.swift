import Catalog
import Planner
import SQL
import Values

/// What is told of columns: QuestDB's `table_columns()` and SHOW COLUMNS, and the standard's
/// `information_schema.columns`.
struct ColumnRelations {
    let database: String
    let tables: [TableDefinition]

    // MARK: - QuestDB's

    static let columns = [
        PlanColumn(name: "column", type: .varchar), PlanColumn(name: "type", type: .varchar),
        PlanColumn(name: "indexed", type: .boolean),
        PlanColumn(name: "indexBlockCapacity", type: .int),
        PlanColumn(name: "symbolCached", type: .boolean),
        PlanColumn(name: "symbolCapacity", type: .int),
        PlanColumn(name: "symbolTableSize", type: .int),
        PlanColumn(name: "designated", type: .boolean),
        PlanColumn(name: "upsertKey", type: .boolean),
        // Of our own.
        PlanColumn(name: "nullable", type: .boolean), PlanColumn(name: "default", type: .varchar),
    ]

    /// What QuestDB says of a symbol for which nothing was written.
    private static let symbolCapacity: Int64 = 256

    static func rows(of table: TableDefinition) -> [[Value]] {
        table.columns.enumerated().map { index, column in
            let isSymbol = column.type == .symbol
            let options = column.symbolOptions
            let isIndexed = options?.isIndexed ?? false
            let capacity = options?.capacity.map { Int64($0) } ?? (isSymbol ? symbolCapacity : 0)
            let indexCapacity =
                options?.indexCapacity.map { Int64($0) } ?? (isIndexed ? symbolCapacity : 0)
            return [
                .string(column.name), .string(column.typeName), .boolean(isIndexed),
                .integer(indexCapacity), .boolean(isSymbol && options?.isCached ?? true),
                .integer(capacity),
                // Every segment has a dictionary of its own: nobody knows it for the whole table.
                isSymbol ? .null : .integer(0), .boolean(index == table.timestampIndex),
                .boolean(table.dedupKeys.contains(column.id)), .boolean(table.isNullable(index)),
                column.defaultText.map(Value.string) ?? .null,
            ]
        }
    }

    // MARK: - The standard's

    /// The columns of PostgreSQL's `information_schema.columns` that say something here.
    static let standardColumns: [PlanColumn] = {
        let numbers: Set<String> = [
            "ordinal_position", "character_maximum_length", "character_octet_length",
            "numeric_precision", "numeric_precision_radix", "numeric_scale",
            "datetime_precision",
        ]
        let names = [
            "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position",
            "column_default", "is_nullable", "data_type", "character_maximum_length",
            "character_octet_length", "numeric_precision", "numeric_precision_radix",
            "numeric_scale", "datetime_precision", "udt_catalog", "udt_schema", "udt_name",
            "dtd_identifier", "is_self_referencing", "is_identity", "identity_generation",
            "is_generated", "generation_expression", "is_updatable",
        ]
        return names.map {
            PlanColumn(name: $0, type: numbers.contains($0) ? .int : .varchar)
        }
    }()

    var standardRows: [[Value]] {
        tables.flatMap { table in
            table.columns.indices.map { row(table, $0) }
        }
    }

    private func row(_ table: TableDefinition, _ index: Int) -> [Value] {
        let column = table.columns[index]
        let identity = column.identityGeneration
        let length = column.type == .char ? 1 : column.modifier?.textLength?.characters
        let numbers = column.type.numericFacts
        func number(_ value: Int?) -> Value { value.map { .integer(Int64($0)) } ?? .null }
        func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
        return [
            .string(database), .string(table.schema), .string(table.name), .string(column.name),
            number(index + 1), identity == nil ? text(column.defaultText) : .null,
            .string(table.isNullable(index) ? "YES" : "NO"), .string(column.standardTypeName),
            number(length), number(length.map { $0 * 4 }), number(numbers?.precision),
            number(numbers?.radix), number(numbers?.scale),
            number(column.modifier?.timePrecision?.digits ?? column.type.secondDigits),
            .string(database), .string("pg_catalog"),
            .string(column.type.catalogTypeName), .string("\(index + 1)"), .string("NO"),
            .string(identity == nil ? "NO" : "YES"), text(identity), .string("NEVER"), .null,
            .string("YES"),
        ]
    }
}

extension Catalog.ColumnDefinition {
    /// The default as SQL; nil for none.
    fileprivate var defaultText: String? {
        switch defaultValue {
        case nil: return nil
        case .expression(let text): return text
        case .sequence(let schema, let name, _):
            let sequence = TableName(
                schema: schema == "public" ? nil : Name(schema), name: Name(name))
            let text = Printer.text(TextLiteral(Printer.text(sequence)))
            return "nextval(\(text)::regclass)"
        }
    }

    fileprivate var identityGeneration: String? {
        switch defaultValue {
        case .sequence(_, _, .always): "ALWAYS"
        case .sequence(_, _, .byDefault): "BY DEFAULT"
        case .sequence(_, _, .serial), .expression, nil: nil
        }
    }

    /// The standard's name where there is one.
    fileprivate var standardTypeName: String {
        switch type {
        case .varchar:
            modifier?.textLength?.isBlankTrimmed == true ? "character" : "character varying"
        case .char: "character"
        case .decimal: "numeric"
        case .timestamp: "timestamp without time zone"
        case .array: "ARRAY"
        default: type.postgresName
        }
    }
}

extension ValueType {
    fileprivate var numericFacts: (precision: Int, radix: Int, scale: Int?)? {
        switch self {
        case .byte: (8, 2, 0)
        case .short: (16, 2, 0)
        case .int: (32, 2, 0)
        case .long: (64, 2, 0)
        case .float: (24, 2, nil)
        case .double: (53, 2, nil)
        case .decimal(let shape): (Int(shape.precision), 10, Int(shape.scale))
        default: nil
        }
    }

    /// Digits of a second.
    fileprivate var secondDigits: Int? {
        switch self {
        case .date: 3
        case .timestamp: 6
        case .timestampNanos: 9
        default: nil
        }
    }

    /// The name in PostgreSQL's `pg_type`.
    fileprivate var catalogTypeName: String {
        switch self {
        case .boolean: "bool"
        case .short: "int2"
        case .int: "int4"
        case .long: "int8"
        case .float: "float4"
        case .double: "float8"
        case .char: "bpchar"
        case .decimal: "numeric"
        case .array(let element, _): "_" + element.type.catalogTypeName
        default: postgresName
        }
    }
}
