import Catalog
import Diagnostics
import Execution
import Planner
import Storage
import Values

/// What one statement sees: a snapshot, the transaction's own changes on top of it, and the
/// session's values.
struct StatementView: Relations, TableReader {
    let snapshot: Snapshot
    let created: [TableDefinition]
    let hidden: Set<UInt64>
    let emptied: Set<UInt64>
    let privateBatches: [UInt64: [Batch]]
    let sessionValues: [String: SessionValue]
    let system: SystemRelations

    struct SessionValue: Sendable {
        let value: Value
        let type: ValueType
    }

    func table(schema: String?, name: String) -> TableDefinition? {
        let wanted = schema ?? "public"
        let own = created.first {
            $0.schema.lowercased() == wanted.lowercased()
                && $0.name.lowercased() == name.lowercased()
        }
        if let own { return own }
        guard let view = snapshot.table(schema: wanted, name: name),
            !hidden.contains(view.definition.id)
        else { return nil }
        return view.definition
    }

    func systemRelation(schema: String?, name: String, isFunction: Bool)
        -> (any SystemRelation)?
    {
        system.find(schema: schema, name: name, isFunction: isFunction)
    }

    func sessionValue(_ function: String) -> (Value, ValueType)? {
        sessionValues[function].map { ($0.value, $0.type) }
    }

    func sources(of table: TableDefinition) -> [any RowSource] {
        var sources: [any RowSource] = []
        if !emptied.contains(table.id), let view = snapshot.table(id: table.id) {
            sources += view.runs.map { SnapshotRun(run: $0, snapshot: snapshot) }
        }
        for batch in privateBatches[table.id] ?? [] { sources.append(PrivateRun(whole: batch)) }
        return sources
    }
}

/// A run of a snapshot; keeps the snapshot pinned as long as somebody reads.
private struct SnapshotRun: RowSource {
    let run: Run
    let snapshot: Snapshot

    var rowCount: Int { run.rowCount }
    var minTimestamp: Int64? { run.minTimestamp }
    var maxTimestamp: Int64? { run.maxTimestamp }

    func batch(columns: [Int], rows: Range<Int>) throws(DatabaseError) -> Batch {
        try run.batch(columns: columns, rows: rows)
    }
}

/// Rows that the own transaction has written.
private struct PrivateRun: RowSource {
    let whole: Batch

    var rowCount: Int { whole.rowCount }
    var minTimestamp: Int64? { nil }
    var maxTimestamp: Int64? { nil }

    func batch(columns: [Int], rows: Range<Int>) -> Batch {
        let chosen = Batch(
            rowCount: whole.rowCount, columns: columns.map { whole.columns[$0] })
        return chosen.rows(rows)
    }
}
