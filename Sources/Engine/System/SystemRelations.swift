import Backup
import Catalog
import Diagnostics
import Execution
import Planner
import Storage
import Values

/// A relation whose rows are there already.
struct FixedRelation: SystemRelation {
    let name: String
    let columns: [PlanColumn]
    let rows: [[Value]]

    func makeBatch(arguments: [Value]) -> Batch {
        Batch.make(columns.map(\.type), rows)
    }
}

extension Batch {
    /// Makes a batch of rows of single values.
    static func make(_ types: [ValueType], _ rows: [[Value]]) -> Batch {
        var builders = types.map { ColumnBuilder(type: $0) }
        for row in rows {
            for (index, value) in row.enumerated() { builders[index].append(value) }
        }
        return Batch(rowCount: rows.count, columns: builders.map { $0.makeVector() })
    }
}

/// A relation whose rows a closure makes.
struct ComputedRelation: SystemRelation {
    let name: String
    let columns: [PlanColumn]
    let make: @Sendable ([Value]) throws(DatabaseError) -> [[Value]]

    func makeBatch(arguments: [Value]) throws(DatabaseError) -> Batch {
        Batch.make(columns.map(\.type), try make(arguments))
    }
}

/// Everything that can stand in FROM and is no table.
struct SystemRelations: Sendable {
    let engine: Engine
    let snapshot: Snapshot
    let created: [TableDefinition]
    let hidden: Set<UInt64>
    let altered: [UInt64: TableDefinition]

    /// The names of schemas that are always there.
    static let schemas: Set<String> = ["public", "information_schema", "pg_catalog"]

    /// All tables the statement sees, by name.
    var definitions: [TableDefinition] {
        let stored = snapshot.tables.map(\.definition).filter { !hidden.contains($0.id) }
            .map { altered[$0.id] ?? $0 }
        return (stored + created.filter(\.isTable)).sorted { $0.name < $1.name }
    }

    func find(schema: String?, name: String, isFunction: Bool) -> (any SystemRelation)? {
        switch (schema, name, isFunction) {
        case (nil, "tables", true), (nil, "all_tables", true): return tables
        case (nil, "table_columns", true): return tableColumns
        case (nil, "table_storage", true): return onStorage.tables
        case (nil, "table_partitions", true): return tablePartitions
        case (nil, "pins", true): return onStorage.pins
        case (nil, "query_activity", true): return engine.activity.relation
        case (nil, "backups", true): return BackupsRelation(engine: engine)
        case (nil, "backup_tables", true): return BackupContents(engine: engine).tables
        case (nil, "backup_partitions", true): return BackupContents(engine: engine).partitions
        case (nil, "checkpoint_status", true): return checkpointStatus
        case (nil, "long_sequence", true), (nil, "generate_series", true): return sequence(name)
        case ("information_schema", "tables", false): return informationTables
        case ("information_schema", "columns", false): return informationColumns
        default: return nil
        }
    }

    /// The only row tells of the prepared snapshot, or that there is none.
    private var checkpointStatus: ComputedRelation {
        ComputedRelation(
            name: "checkpoint_status",
            columns: [
                PlanColumn(name: "in_progress", type: .boolean),
                PlanColumn(name: "started_at", type: .timestamp),
                PlanColumn(name: "retained_bytes", type: .long),
            ]
        ) { _ in
            let status = engine.storage.snapshotStatus
            return [
                [
                    .boolean(status.prepared != nil),
                    status.prepared.map { .timestamp($0.preparedAt) } ?? .null,
                    .integer(Int64(status.retainedBytes)),
                ]
            ]
        }
    }

    var onStorage: StorageRelations {
        StorageRelations(storage: engine.storage, snapshot: snapshot, definitions: definitions)
    }

    private var tablePartitions: ComputedRelation {
        ComputedRelation(
            name: "table_partitions", columns: StorageRelations.partitionColumns
        ) { arguments throws(DatabaseError) in
            try onStorage.partitions(of: try table(named: arguments)).rows
        }
    }

    private func table(named arguments: [Value]) throws(DatabaseError) -> TableDefinition {
        guard case .string(let name)? = arguments.first,
            let table = definitions.first(where: { $0.name.lowercased() == name.lowercased() })
        else { throw .noTable(arguments.first?.text(as: .varchar) ?? "", at: 0) }
        return table
    }

    private func rowCount(_ table: TableDefinition) -> Int {
        snapshot.table(id: table.id)?.rowCount ?? 0
    }

    private var tables: ComputedRelation {
        ComputedRelation(
            name: "tables",
            columns: [
                PlanColumn(name: "id", type: .long), PlanColumn(name: "table_name", type: .varchar),
                PlanColumn(name: "designatedTimestamp", type: .varchar),
                PlanColumn(name: "partitionBy", type: .varchar),
                PlanColumn(name: "rows", type: .long),
                PlanColumn(name: "walEnabled", type: .boolean),
                PlanColumn(name: "dedup", type: .boolean),
            ]
        ) { _ in
            definitions.map { table in
                let timestamp = table.timestampIndex.map { table.columns[$0].name }
                return [
                    .integer(Int64(table.id)), .string(table.name),
                    timestamp.map(Value.string) ?? .null, .string(table.partitionUnit.name),
                    .integer(Int64(rowCount(table))), .boolean(true),
                    .boolean(!table.dedupKeys.isEmpty),
                ]
            }
        }
    }

    private var tableColumns: ComputedRelation {
        ComputedRelation(
            name: "table_columns",
            columns: [
                PlanColumn(name: "column", type: .varchar),
                PlanColumn(name: "type", type: .varchar),
                PlanColumn(name: "designated", type: .boolean),
            ]
        ) { arguments throws(DatabaseError) in
            let table = try table(named: arguments)
            return table.columns.enumerated().map { index, column in
                [
                    .string(column.name), .string(column.type.name),
                    .boolean(index == table.timestampIndex),
                ]
            }
        }
    }

    private var informationTables: ComputedRelation {
        let names = ["table_catalog", "table_schema", "table_name", "table_type"]
        return ComputedRelation(
            name: "tables", columns: names.map { PlanColumn(name: $0, type: .varchar) }
        ) { _ in
            definitions.map { table in
                [
                    .string(engine.settings.database), .string(table.schema), .string(table.name),
                    .string("BASE TABLE"),
                ]
            }
        }
    }

    private var informationColumns: ComputedRelation {
        ComputedRelation(
            name: "columns",
            columns: [
                PlanColumn(name: "table_catalog", type: .varchar),
                PlanColumn(name: "table_schema", type: .varchar),
                PlanColumn(name: "table_name", type: .varchar),
                PlanColumn(name: "column_name", type: .varchar),
                PlanColumn(name: "ordinal_position", type: .int),
                PlanColumn(name: "column_default", type: .varchar),
                PlanColumn(name: "is_nullable", type: .varchar),
                PlanColumn(name: "data_type", type: .varchar),
            ]
        ) { _ in
            definitions.flatMap { table in
                table.columns.enumerated().map { index, column -> [Value] in
                    let isNullable = column.isNullable && index != table.timestampIndex
                    return [
                        .string(engine.settings.database), .string(table.schema),
                        .string(table.name), .string(column.name), .integer(Int64(index + 1)),
                        .null, .string(isNullable ? "YES" : "NO"),
                        .string(column.type.postgresName),
                    ]
                }
            }
        }
    }

    private func sequence(_ name: String) -> ComputedRelation {
        let isSeries = name == "generate_series"
        return ComputedRelation(
            name: name, columns: [PlanColumn(name: isSeries ? name : "x", type: .long)]
        ) { arguments throws(DatabaseError) in
            var numbers: [Int64] = []
            for case .integer(let number) in arguments { numbers.append(number) }
            guard numbers.count == arguments.count, (isSeries ? 2 : 1)...2 ~= numbers.count else {
                throw DatabaseError(
                    .undefinedFunction, "function \(name) takes whole numbers")
            }
            let from = isSeries ? numbers[0] : 1
            let to = isSeries ? numbers[1] : numbers[0]
            if from > to { return [] }
            let (span, overflow) = to.subtractingReportingOverflow(from)
            guard !overflow, span < Limits.sequenceRows else {
                throw DatabaseError(
                    .limitExceeded, "\(name) gives more than \(Limits.sequenceRows) rows")
            }
            return (from...to).map { [.integer($0)] }
        }
    }
}
