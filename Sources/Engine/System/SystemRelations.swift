import Backup
import Catalog
import Diagnostics
import Execution
import Planner
import Platform
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
        case (nil, "table_damage", true): return onStorage.damage
        case (nil, "table_partitions", true): return tablePartitions
        case (nil, "pins", true): return onStorage.pins
        case (nil, "query_activity", true): return engine.activity.relation
        case (nil, "backups", true): return BackupsRelation(engine: engine)
        case (nil, "backup_jobs", true): return BackupContents(engine: engine).jobs
        case (nil, "backup_tables", true): return BackupContents(engine: engine).tables
        case (nil, "backup_partitions", true): return BackupContents(engine: engine).partitions
        case (nil, "checkpoint_status", true): return checkpointStatus
        case (nil, "long_sequence", true), (nil, "generate_series", true):
            return NumberSeries(name: name)
        case ("information_schema", _, false): return standard(name)
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

    /// QuestDB's columns, and behind them schema, number of rows and whether anything is damaged.
    private var tables: ComputedRelation {
        ComputedRelation(
            name: "tables",
            columns: [
                PlanColumn(name: "id", type: .long), PlanColumn(name: "table_name", type: .varchar),
                PlanColumn(name: "designatedTimestamp", type: .varchar),
                PlanColumn(name: "partitionBy", type: .varchar),
                PlanColumn(name: "maxUncommittedRows", type: .long),
                PlanColumn(name: "o3MaxLag", type: .long),
                PlanColumn(name: "walEnabled", type: .boolean),
                PlanColumn(name: "directoryName", type: .varchar),
                PlanColumn(name: "dedup", type: .boolean),
                PlanColumn(name: "ttlValue", type: .int),
                PlanColumn(name: "ttlUnit", type: .varchar),
                PlanColumn(name: "matView", type: .boolean),
                PlanColumn(name: "table_schema", type: .varchar),
                PlanColumn(name: "rows", type: .long),
                PlanColumn(name: "damaged", type: .boolean),
            ]
        ) { _ in
            definitions.map { table in
                let timestamp = table.timestampIndex.map { table.columns[$0].name }
                let hints = table.ingestionHints
                return [
                    .integer(Int64(table.id)), .string(table.name),
                    timestamp.map(Value.string) ?? .null, .string(table.partitionUnit.name),
                    hints?.maxUncommittedRows.map { .integer(Int64(clamping: $0)) } ?? .null,
                    hints?.o3MaxLagMicroseconds.map { .integer(Int64(clamping: $0)) } ?? .null,
                    .boolean(true),
                    .string(Path.name(of: engine.storage.tableDirectory(table))),
                    .boolean(!table.dedupKeys.isEmpty),
                    .integer(Int64(table.timeToLive?.value ?? 0)),
                    .string(table.timeToLive?.unit.name ?? "HOUR"), .boolean(false),
                    .string(table.schema), .integer(Int64(rowCount(table))),
                    .boolean(!engine.storage.damagedSegments(of: table.id).isEmpty),
                ]
            } + damagedTables
        }
    }

    /// Tables that cannot be opened, as rows of `tables()`: they have not gone, and nothing but their
    /// names is known.
    private var damagedTables: [[Value]] {
        snapshot.damagedTables.filter { !hidden.contains($0.id) }.sorted { $0.id < $1.id }.map {
            [
                .integer(Int64($0.id)), .string($0.name), .null, .null, .null, .null,
                .boolean(true), .string($0.directoryName), .null, .null, .null, .boolean(false),
                $0.schema.map(Value.string) ?? .null, .null, .boolean(true),
            ]
        }
    }

    private var tableColumns: ComputedRelation {
        ComputedRelation(name: "table_columns", columns: ColumnRelations.columns) {
            arguments throws(DatabaseError) in
            ColumnRelations.rows(of: try table(named: arguments))
        }
    }

    /// The relations of `information_schema`, by name.
    private func standard(_ name: String) -> ComputedRelation? {
        let database = engine.settings.database
        let constraints = ConstraintRelations(database: database, tables: definitions)
        switch name {
        case "tables": return informationTables
        case "columns":
            let columns = ColumnRelations(database: database, tables: definitions)
            return ComputedRelation(name: name, columns: ColumnRelations.standardColumns) { _ in
                columns.standardRows
            }
        case "table_constraints":
            return ComputedRelation(
                name: name, columns: ConstraintRelations.constraintColumns
            ) { _ in constraints.constraints }
        case "key_column_usage":
            return ComputedRelation(name: name, columns: ConstraintRelations.keyColumns) { _ in
                constraints.keyColumnUsage
            }
        case "check_constraints":
            return ComputedRelation(name: name, columns: ConstraintRelations.checkColumns) { _ in
                constraints.checks
            }
        default: return nil
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
}
