import Catalog
import Diagnostics
import Planner
import Platform
import Storage
import Values

/// What tables are made of on disk and in memory: `table_storage()`, `table_partitions()`, `pins()`.
struct StorageRelations: Sendable {
    let storage: Storage
    let snapshot: Snapshot
    /// The tables that the statement sees.
    let definitions: [TableDefinition]

    var tables: ComputedRelation {
        let counts = [
            "partitions", "segments", "rows", "bytes", "overlapping_segments", "damaged_segments",
            "memory_rows", "bytes_flushed", "bytes_loaded", "bytes_compacted", "bytes_rewritten",
            "blocks_scanned", "blocks_pruned",
        ]
        let columns =
            [
                PlanColumn(name: "table_schema", type: .varchar),
                PlanColumn(name: "table_name", type: .varchar),
            ] + counts.map { PlanColumn(name: $0, type: .long) }
            + [PlanColumn(name: "write_amplification", type: .double)]
        return ComputedRelation(name: "table_storage", columns: columns) { _ in
            definitions.map { table in
                // A table of the own transaction has nothing yet.
                let metrics = storage.metrics(of: table.id) ?? TableMetrics()
                let numbers = [
                    metrics.partitions, metrics.segments, metrics.rows, metrics.bytes,
                    metrics.overlappingSegments, metrics.damagedSegments, metrics.memoryRows,
                    metrics.bytesFlushed, metrics.bytesLoaded, metrics.bytesCompacted,
                    metrics.bytesRewritten, metrics.blocksScanned, metrics.blocksPruned,
                ]
                return [.string(table.schema), .string(table.name)]
                    + numbers.map { .integer(Int64($0)) } + [.double(metrics.writeAmplification)]
            }
        }
    }

    /// What is damaged: tables that cannot be opened, and segments of others.
    var damage: ComputedRelation {
        let columns = ["table_schema", "table_name", "partition", "file", "error"]
        return ComputedRelation(
            name: "table_damage", columns: columns.map { PlanColumn(name: $0, type: .varchar) }
        ) { _ in
            let whole = snapshot.damagedTables.map { table -> [Value] in
                [
                    table.schema.map(Value.string) ?? .null, .string(table.name), .null,
                    .string(Path.join(storage.databaseDirectory, table.directoryName)),
                    .string(table.error.message),
                ]
            }
            let parts = definitions.flatMap { table in
                storage.damagedSegments(of: table.id).map { segment -> [Value] in
                    [
                        .string(table.schema), .string(table.name), .string(segment.partition),
                        .string(segment.path), .string(segment.error.message),
                    ]
                }
            }
            return whole + parts
        }
    }

    var pins: ComputedRelation {
        ComputedRelation(
            name: "pins",
            columns: [
                PlanColumn(name: "owner", type: .varchar), PlanColumn(name: "lsn", type: .long),
                PlanColumn(name: "pinned_at", type: .timestamp),
                PlanColumn(name: "age_ms", type: .long),
                PlanColumn(name: "retained_bytes", type: .long),
            ]
        ) { _ in
            let now = storage.now
            return storage.pins.map { pin in
                [
                    .string(pin.owner), .integer(Int64(clamping: pin.lsn.value)),
                    .timestamp(pin.since), .integer(max(0, now - pin.since) / 1_000),
                    .integer(Int64(pin.retainedBytes)),
                ]
            }
        }
    }

    static let partitionColumns = [
        PlanColumn(name: "index", type: .int),
        PlanColumn(name: "partitionBy", type: .varchar),
        PlanColumn(name: "name", type: .varchar),
        PlanColumn(name: "minTimestamp", type: .timestamp),
        PlanColumn(name: "maxTimestamp", type: .timestamp),
        PlanColumn(name: "numRows", type: .long), PlanColumn(name: "diskSize", type: .long),
        PlanColumn(name: "segments", type: .int),
    ]

    /// The partitions of a table, rows in memory included.
    func partitions(of table: TableDefinition) throws(DatabaseError) -> FixedRelation {
        var found: [String: PartitionFacts] = [:]
        for run in snapshot.table(id: table.id)?.runs ?? [] {
            if let segment = run.segment {
                found[segment.partition, default: PartitionFacts()].add(segment)
            } else {
                try add(run, of: table, to: &found)
            }
        }
        let rows = found.sorted { ($0.value.first, $0.key) < ($1.value.first, $1.key) }
            .enumerated().map { index, entry -> [Value] in
                let facts = entry.value
                return [
                    .integer(Int64(index)), .string(table.partitionUnit.name),
                    .string(entry.key), Self.time(facts.minimum, table),
                    Self.time(facts.maximum, table), .integer(Int64(facts.rows)),
                    .integer(Int64(facts.bytes)), .integer(Int64(facts.segments)),
                ]
            }
        return FixedRelation(
            name: "table_partitions", columns: Self.partitionColumns, rows: rows)
    }

    private static func time(_ moment: Int64?, _ table: TableDefinition) -> Value {
        moment.map { .timestamp(table.microseconds(of: $0)) } ?? .null
    }

    private func add(
        _ run: Run, of table: TableDefinition, to found: inout [String: PartitionFacts]
    ) throws(DatabaseError) {
        guard let index = table.timestampIndex else {
            let name = PartitionName.partition(of: nil, unit: .none).name
            found[name, default: PartitionFacts()].rows += run.rowCount
            return
        }
        let times = try run.batch(columns: [index], rows: 0..<run.rowCount).columns[0]
        for row in 0..<times.count {
            let time = times.load(row, Int64.self)
            let name = PartitionName.partition(of: time, in: table).name
            found[name, default: PartitionFacts()].add(time)
        }
    }
}

/// What is known of one partition.
private struct PartitionFacts {
    var rows = 0
    var bytes = 0
    var segments = 0
    var minimum: Int64?
    var maximum: Int64?

    /// For ordering: partitions of a table without timestamps have one only.
    var first: Int64 { minimum ?? .min }

    mutating func add(_ segment: SegmentEntry) {
        rows += segment.rows
        bytes += segment.bytes
        segments += 1
        if let low = segment.minTimestamp { minimum = min(minimum ?? low, low) }
        if let high = segment.maxTimestamp { maximum = max(maximum ?? high, high) }
    }

    mutating func add(_ time: Int64) {
        rows += 1
        minimum = min(minimum ?? time, time)
        maximum = max(maximum ?? time, time)
    }
}
