import Catalog
import Diagnostics
import Execution
import Planner
import SQL
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
    /// Where names without a schema are looked for, in this order.
    let searchPath: [String]
    let sequences: SessionSequences
    let cancellation: CancellationFlag
    /// The error for a function that would change the database, by its name; nil where it may.
    let refusal: (@Sendable (String) -> DatabaseError)?

    struct SessionValue: Sendable {
        let value: Value
        let type: ValueType
    }

    /// The same with other changes on top.
    func with(_ changes: PrivateChanges) -> StatementView {
        StatementView(
            storage: storage, snapshot: snapshot, changes: changes, sessionValues: sessionValues,
            system: system, searchPath: searchPath, sequences: sequences,
            cancellation: cancellation, refusal: refusal)
    }

    func table(schema: String?, name: String) -> TableDefinition? {
        for place in schema.map({ [$0] }) ?? searchPath {
            if let found = relation(schema: place, name: name), found.isTable { return found }
        }
        return nil
    }

    func relation(schema: String, name: String) -> TableDefinition? {
        if let own = changes.table(schema: schema, name: name) { return own }
        guard let found = snapshot.relation(schema: schema, name: name), changes[found.id] == nil
        else { return nil }
        return found
    }

    /// Everything that is not a table: schemas and sequences.
    var otherRelations: [TableDefinition] {
        let stored = snapshot.otherRelations.filter { changes[$0.id] == nil }
        let own = changes.created + changes.altered.values
        return stored + own.filter { !$0.isTable }
    }

    /// The sequences that belong to tables.
    func sequences(of tables: [TableDefinition]) -> [TableDefinition] {
        otherRelations.filter { other in
            tables.contains { $0.id == other.sequence?.owner }
        }
    }

    func call(_ function: String, _ arguments: [Value]) throws(DatabaseError) -> RowCall? {
        if let refusal, SessionSequences.changing.contains(function) { throw refusal(function) }
        return try sequences.call(function, arguments, self)
    }

    func nextValue(schema: String, sequence: String) -> RowCall? {
        if let found = relation(schema: schema, name: sequence) {
            return sequences.nextValue(found, isOwn: isOwn(found))
        }
        guard let damage = damage(schema: schema, name: sequence) else { return nil }
        return RowCall(name: "nextval(\(sequence))", type: .long) {
            () throws(DatabaseError) in throw damage
        }
    }

    func damage(schema: String?, name: String) -> DatabaseError? {
        damagedTable(schema: schema, name: name)?.error
    }

    /// What is wrong with a table that lies there and cannot be opened.
    func damage(of name: TableName) -> DatabaseError? {
        damage(schema: name.schema?.folded, name: name.name.folded)?.at(name.position)
    }

    /// Why a table cannot be found.
    func missing(_ name: TableName) -> DatabaseError {
        damage(of: name) ?? .noTable(name.name.text, at: name.position)
    }

    /// A table that lies there and cannot be opened.
    func damagedTable(schema: String?, name: String) -> DamagedTable? {
        for place in schema.map({ [$0] }) ?? searchPath {
            if let found = snapshot.damagedTable(schema: place, name: name) {
                return changes[found.id] == nil ? found : nil
            }
        }
        return nil
    }

    /// A schema that lies there and cannot be opened, or has been lost.
    func damagedSchema(_ name: String) -> DamagedTable? {
        let found = damagedTable(schema: "", name: name)
        // One whose schema is not known may be a table of that name.
        return found?.schema == "" ? found : nil
    }

    func systemRelation(schema: String?, name: String, isFunction: Bool)
        -> (any SystemRelation)?
    {
        system.find(schema: schema, name: name, isFunction: isFunction)
    }

    func sessionValue(_ function: String) -> (Value, ValueType)? {
        sessionValues[function].map { ($0.value, $0.type) }
    }

    func sources(of table: TableDefinition, for filter: BlockFilter?) throws(DatabaseError)
        -> [any RowSource]
    {
        let sources = try parts(of: table).map(\.source)
        // Rows hide each other at one moment only, so that other times need not be looked into.
        let due = sources.filter { filter?.meets($0.minTimestamp, $0.maxTimestamp) ?? true }
        return try VisibleRows.resolve(due, of: table, cancellation)
    }

    /// Rows of a table that lie together, and where.
    struct Part {
        enum Place {
            /// Committed, in a segment or still in memory.
            case stored(SegmentEntry?)
            /// A segment of the own transaction.
            case own(SegmentEntry)
            /// One of the batches that the own transaction has written.
            case batch(Int)
        }

        let source: any RowSource
        let place: Place
    }

    /// All rows that are seen of a table, in the table's order; with those that later ones of the
    /// same upsert key hide.
    ///
    /// - Throws: 40001 when others have changed what the transaction has changed already.
    func parts(of table: TableDefinition) throws(DatabaseError) -> [Part] {
        guard let own = changes[table.id] else {
            return snapshot.table(id: table.id)?.runs.map { stored($0, snapshot) } ?? []
        }
        var parts: [Part] = []
        if !own.isEmptied && !own.isCreated { parts = try storedParts(of: table, own) }
        for exchange in own.exchanges where exchange.removed == nil {
            parts += exchange.seen.map { self.own($0, own.definition) }
        }
        for (index, batch) in own.rows.batches.enumerated() {
            parts.append(Part(source: PrivateRun(whole: batch), place: .batch(index)))
        }
        return parts
    }

    /// Stored rows, with the transaction's own segments in the place of those that it replaced.
    private func storedParts(of table: TableDefinition, _ own: PrivateTable)
        throws(DatabaseError) -> [Part]
    {
        let snapshot = own.stored?.snapshot ?? snapshot
        guard let view = snapshot.table(id: table.id) else { return [] }
        guard view.definition.version == own.storedVersion else {
            throw .concurrentChange(of: table.name)
        }
        var exchanges: [String: SegmentExchange] = [:]
        for exchange in own.exchanges {
            if let id = exchange.removed { exchanges[id] = exchange }
        }
        var parts: [Part] = []
        for run in view.runs {
            if let id = run.segment?.id, let exchange = exchanges.removeValue(forKey: id) {
                parts += exchange.seen.map { self.own($0, own.definition) }
            } else if own.stored.map({ $0.shows(run) }) ?? true {
                let isAltered = own.definition.version != own.storedVersion
                let shown =
                    isAltered
                    ? run.presented(as: own.definition, insteadOf: view.definition) : run
                parts.append(stored(shown, snapshot))
            }
        }
        guard exchanges.isEmpty else { throw .concurrentChange(of: table.name) }
        return parts
    }

    private func stored(_ run: Run, _ snapshot: Snapshot) -> Part {
        Part(source: SnapshotRun(run: run, snapshot: snapshot), place: .stored(run.segment))
    }

    private func own(_ entry: SegmentEntry, _ definition: TableDefinition) -> Part {
        let run = storage.run(of: entry, table: definition)
        return Part(source: SnapshotRun(run: run, snapshot: snapshot), place: .own(entry))
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

    func candidates(_ filter: BlockFilter) throws(DatabaseError) -> [Range<Int>] {
        try snapshot.pruned(run, by: filter)
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
