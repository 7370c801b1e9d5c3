import Catalog
import Diagnostics
import Execution
import Planner
import Storage
import Values

/// What one statement sees: a snapshot, the transaction's own changes on top of it, and the
/// session's values.
struct StatementView: Relations, TableReader {
    let storage: Storage
    let snapshot: Snapshot
    let changes: PrivateChanges
    let sessionValues: [String: SessionValue]
    let system: SystemRelations

    struct SessionValue: Sendable {
        let value: Value
        let type: ValueType
    }

    /// The same with other changes on top.
    func with(_ changes: PrivateChanges) -> StatementView {
        StatementView(
            storage: storage, snapshot: snapshot, changes: changes, sessionValues: sessionValues,
            system: system)
    }

    func table(schema: String?, name: String) -> TableDefinition? {
        let wanted = schema ?? "public"
        if let own = changes.table(schema: wanted, name: name) { return own }
        guard let view = snapshot.table(schema: wanted, name: name),
            changes[view.definition.id] == nil
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

    func sources(of table: TableDefinition) throws(DatabaseError) -> [any RowSource] {
        try VisibleRows.resolve(try allSources(of: table), of: table)
    }

    /// Also rows that later ones of the same upsert key hide; in the table's order.
    private func allSources(of table: TableDefinition) throws(DatabaseError) -> [any RowSource] {
        var sources: [any RowSource] = []
        for run in try storedRuns(of: table) {
            sources.append(SnapshotRun(run: run, snapshot: snapshot(of: table)))
        }
        guard let own = changes[table.id] else { return sources }
        for entry in own.added {
            sources.append(
                SnapshotRun(run: storage.run(of: entry, table: own.definition), snapshot: snapshot))
        }
        for batch in own.rows.batches { sources.append(PrivateRun(whole: batch)) }
        return sources
    }

    /// What pins the stored rows that are seen of a table.
    private func snapshot(of table: TableDefinition) -> Snapshot {
        changes[table.id]?.stored?.snapshot ?? snapshot
    }

    /// The stored runs that are seen of a table.
    ///
    /// - Throws: 40001 when others have changed what the transaction has changed already.
    func storedRuns(of table: TableDefinition) throws(DatabaseError) -> [Run] {
        let own = changes[table.id]
        if let own, own.isEmptied || own.isCreated { return [] }
        guard let view = snapshot(of: table).table(id: table.id) else { return [] }
        guard let own else { return view.runs }
        guard view.definition.version == own.storedVersion else {
            throw .concurrentChange(of: table.name)
        }
        if let stored = own.stored {
            return view.runs.filter { run in
                guard let id = run.segment?.id else { return false }
                return stored.segments.contains(id) && !own.removed.contains(id)
            }
        }
        if own.removed.isEmpty { return view.runs }
        var gone = 0
        let runs = view.runs.filter { run in
            guard let id = run.segment?.id, own.removed.contains(id) else { return true }
            gone += 1
            return false
        }
        guard gone == own.removed.count else { throw .concurrentChange(of: table.name) }
        return runs
    }
}

/// A run of a snapshot; keeps the snapshot pinned as long as somebody reads.
struct SnapshotRun: RowSource {
    let run: Run
    let snapshot: Snapshot

    var rowCount: Int { run.rowCount }
    var minTimestamp: Int64? { run.minTimestamp }
    var maxTimestamp: Int64? { run.maxTimestamp }
    var isSorted: Bool { run.isSorted }
    var hasUniqueKeys: Bool { run.segment != nil }

    func batch(columns: [Int], rows: Range<Int>) throws(DatabaseError) -> Batch {
        try run.batch(columns: columns, rows: rows)
    }
}

/// Rows that the own transaction has written.
struct PrivateRun: RowSource {
    let whole: Batch

    var rowCount: Int { whole.rowCount }
    var minTimestamp: Int64? { nil }
    var maxTimestamp: Int64? { nil }

    func batch(columns: [Int], rows: Range<Int>) -> Batch {
        let chosen = Batch(
            rowCount: whole.rowCount, columns: columns.map { whole.columns[$0] })
        return rows.count == whole.rowCount ? chosen : chosen.rows(rows)
    }
}
