import Catalog
import Diagnostics
import Execution
import Storage
import Values

/// What a transaction has done and nobody else sees yet: a value, so that a savepoint is a copy.
///
/// For each table it touched there is a private version. The files named here are durable; which
/// files the whole transaction has written, undone statements' included, is for `OpenTransaction`
/// to know.
struct PrivateChanges: Sendable {
    /// Changes to the set of tables. Each list of edits is one that can be made in its order: what
    /// gives a name away is before what takes it.
    private var edits: [Edit] = []
    private var tables: [UInt64: PrivateTable] = [:]
    /// Partitions that leave their table and stay beside it.
    private(set) var detached: Set<KeptPartition> = []
    /// Partitions that come back into their table from beside it.
    private(set) var attached: Set<KeptPartition> = []

    var isEmpty: Bool {
        edits.isEmpty && attached.isEmpty && tables.values.allSatisfy(\.isUnchanged)
    }

    /// The tables that are the transaction's own.
    var created: [TableDefinition] {
        tables.values.filter { $0.isCreated && !$0.isDropped }.map(\.definition)
            .sorted { $0.id < $1.id }
    }

    /// Definitions of stored relations that the transaction has changed.
    var altered: [UInt64: TableDefinition] {
        tables.filter { !$0.value.isCreated && !$0.value.isDropped }.mapValues(\.definition)
    }

    /// The stored tables that the transaction has changed or emptied or written to.
    var touched: [TableDefinition] {
        tables.values.filter { !$0.isCreated }.map(\.definition).sorted { $0.id < $1.id }
    }

    /// The stored tables that the transaction no longer sees.
    var dropped: Set<UInt64> { Set(tables.values.filter(\.isDropped).map(\.definition.id)) }

    /// The private version of a table, if the transaction has touched it.
    subscript(id: UInt64) -> PrivateTable? { tables[id] }

    /// Finds a table that the transaction has touched by its name.
    func table(schema: String, name: String) -> TableDefinition? {
        let found = tables.values.first {
            !$0.isDropped && $0.definition.name.lowercased() == name.lowercased()
                && $0.definition.schema.lowercased() == schema.lowercased()
        }
        return found?.definition
    }

    // MARK: - The set of tables

    mutating func create(_ definition: TableDefinition) {
        var table = PrivateTable(definition)
        table.isCreated = true
        tables[definition.id] = table
        edits.append(.createTable(definition))
    }

    /// Puts a new definition in the place of one. Rows written by the transaction follow.
    ///
    /// - Parameter expecting: the stored segments from which the change was computed; a commit
    ///   finds exactly these, or fails.
    mutating func alter(
        _ old: TableDefinition, to new: TableDefinition, expecting segments: Set<String>? = nil
    ) {
        change(old) { table in
            table.rows.present(as: new)
            table.definition = new
            if let segments, !table.isCreated { table.expectedSegments = segments }
        }
        if tables[old.id]?.isCreated == true {
            recreate(old, as: new)
        } else {
            edits.append(.alterTable(new))
        }
    }

    /// Makes a table of the transaction's own under its new definition at once, unless it has another
    /// name now: that one need be free only from here on, and the directory has the first.
    private mutating func recreate(_ old: TableDefinition, as new: TableDefinition) {
        let places = edits.indices.filter { edits[$0].tableID == old.id }
        if places.count == 1, old.name == new.name, old.schema == new.schema {
            edits[places[0]] = .createTable(new)
        } else {
            edits.append(.alterTable(new))
        }
    }

    /// The stored segments that a commit must find.
    private var expectedSegments: [UInt64: Set<String>] {
        tables.filter { !$0.value.isDropped && !$0.value.isEmptied }
            .compactMapValues(\.expectedSegments)
    }

    /// Numbers that sequences of this transaction have given out.
    mutating func advance(_ reserved: [UInt64: Int64]) {
        for (id, number) in reserved.sorted(by: { $0.key < $1.key }) {
            guard let table = tables[id], table.isCreated, var sequence = table.definition.sequence
            else { continue }
            sequence.reserved = number
            alter(table.definition, to: table.definition.withSequence(sequence))
        }
    }

    mutating func drop(_ definition: TableDefinition) {
        if tables[definition.id]?.isCreated == true {
            tables[definition.id] = nil
            edits.removeAll { $0.tableID == definition.id }
            return
        }
        change(definition) { table in
            table.empty()
            table.isDropped = true
        }
        // A schema goes when nothing is in it any more. A relation that was renamed goes when that
        // freed its name, which another may have by now.
        let first = edits.firstIndex { $0.tableID == definition.id } ?? edits.endIndex
        let place = definition.kind == .schema ? edits.endIndex : first
        edits.insert(.dropTable(id: definition.id), at: place)
        edits.removeAll { edit in
            if case .dropTable = edit { false } else { edit.tableID == definition.id }
        }
    }

    mutating func truncate(_ definition: TableDefinition) {
        change(definition) { $0.empty() }
        if tables[definition.id]?.isCreated == true { return }
        edits.append(.truncateTable(id: definition.id))
    }

    // MARK: - Rows

    mutating func append(_ batch: Batch, to definition: TableDefinition) {
        if batch.rowCount == 0 { return }
        change(definition) { $0.rows.append(batch) }
    }

    /// Puts segments in the place of others; what is removed may be stored or the transaction's own.
    mutating func exchange(_ exchanges: [SegmentExchange], of definition: TableDefinition) {
        change(definition) { table in
            for exchange in exchanges { table.exchange(exchange) }
        }
    }

    /// Puts other rows in the place of those that were written and are not in segments.
    mutating func replaceRows(_ batches: [Batch], of definition: TableDefinition) {
        change(definition) { $0.rows.replace(batches) }
    }

    /// Fixes the stored rows that a transaction with a kept snapshot sees.
    mutating func settle(_ stored: SettledRows, of definition: TableDefinition) {
        change(definition) { table in
            table.stored = stored
            for exchange in stored.divided { table.exchange(exchange) }
        }
    }

    private mutating func change(
        _ definition: TableDefinition, _ body: (inout PrivateTable) -> Void
    ) {
        // Out of the dictionary while it changes, so that nothing is copied.
        var table = tables.removeValue(forKey: definition.id) ?? PrivateTable(definition)
        body(&table)
        tables[definition.id] = table
    }

    // MARK: - Partitions beside their table

    mutating func detach(_ partitions: [KeptPartition]) { detached.formUnion(partitions) }

    /// What the same transaction has detached is where it was: nothing beside the table is meant.
    mutating func attach(_ partitions: [KeptPartition]) {
        detached.subtract(partitions)
        attached.formUnion(partitions)
    }

    // MARK: - Commit

    /// Everything as one transaction for Storage: tables first, then segments, then rows.
    ///
    /// - Parameter forgotten: partitions beside their tables that count no more.
    func makeTransaction(forgetting forgotten: Set<KeptPartition> = []) -> Transaction {
        var edits = edits
        var appends: [Append] = []
        for (id, table) in tables.sorted(by: { $0.key < $1.key }) where !table.isDropped {
            edits += table.replacements.map { .replaceSegments($0) }
            for batch in table.rows.batches {
                appends.append(
                    Append(table: id, definitionVersion: table.definition.version, batch: batch))
            }
        }
        // A table that goes takes what lies beside it along.
        edits += forgotten.filter { tables[$0.table.id]?.isDropped != true }.map(\.forgotten)
            .sorted { ($0.table, $0.partition) < ($1.table, $1.partition) }
            .map { .forgetDetached($0) }
        return Transaction(
            edits: edits, appends: appends, expectedSegments: expectedSegments)
    }

    /// The stored tables that lose or change rows.
    var rewrittenTables: [UInt64] {
        tables.filter { $0.value.isEmptied || !$0.value.removed.isEmpty }.map(\.key)
    }

    /// The segments that a commit takes.
    var segmentIDs: Set<String> {
        Set(tables.values.flatMap { $0.exchanges.flatMap(\.added).map(\.id) })
    }
}

/// A table as one transaction sees it.
struct PrivateTable: Sendable {
    var definition: TableDefinition
    /// The version of the stored definition that this one is built on.
    let storedVersion: UInt64
    var isCreated = false
    var isDropped = false
    /// Whether no stored row is seen any more.
    private(set) var isEmptied = false
    /// Stored segments that are not seen any more.
    private(set) var removed: Set<String> = []
    /// The transaction's own segments, and in whose place they are.
    private(set) var exchanges: [SegmentExchange] = []
    /// Ids of all that these are made of, and of some that are not seen any more.
    private var ownIDs: Set<String> = []
    /// Rows that the transaction has written and that are in no segment.
    var rows: PrivateRows
    /// The stored segments that something was computed from which no other row may join.
    var expectedSegments: Set<String>?
    /// Set when the transaction keeps a snapshot and has rewritten segments of this table.
    var stored: SettledRows?

    init(_ definition: TableDefinition) {
        self.definition = definition
        storedVersion = definition.version
        rows = PrivateRows(definition)
    }

    /// Whether a commit has nothing to do here besides what the edits say.
    var isUnchanged: Bool { exchanges.isEmpty && rows.batches.isEmpty }

    /// The transaction's own segments that it sees.
    var added: [SegmentEntry] { exchanges.flatMap(\.seen) }

    mutating func empty() {
        if !isCreated { isEmptied = true }
        removed = []
        exchanges = []
        ownIDs = []
        rows = PrivateRows(definition)
    }

    mutating func exchange(_ exchange: SegmentExchange) {
        ownIDs.formUnion(exchange.seen.lazy.map(\.id))
        guard let id = exchange.removed else {
            exchanges.append(exchange)
            return
        }
        for index in exchanges.indices where ownIDs.contains(id) {
            if let place = exchanges[index].seen.firstIndex(where: { $0.id == id }) {
                exchanges[index].seen.replaceSubrange(place...place, with: exchange.seen)
                exchanges[index].later += exchange.later
                if exchanges[index].isNothing { exchanges.remove(at: index) }
                return
            }
        }
        removed.insert(id)
        exchanges.append(exchange)
    }

    /// What a commit tells Storage. Segments that are alone in their partition are exchanged together,
    /// for their order means nothing; each other one by itself, so that its rows keep their place.
    var replacements: [SegmentReplacement] {
        let (together, single) = (
            exchanges.filter { $0.isAlone || $0.added.isEmpty },
            exchanges.filter { !$0.isAlone && !$0.added.isEmpty }
        )
        let groups = (together.isEmpty ? [] : [together]) + single.map { [$0] }
        return groups.map { group in
            SegmentReplacement(
                table: definition.id, definitionVersion: definition.version,
                removed: group.compactMap(\.removed), added: group.flatMap(\.added))
        }
    }
}

/// A segment that leaves a table and what takes its place.
struct SegmentExchange: Sendable {
    /// nil for segments that join the table and replace nothing.
    let removed: String?
    /// The transaction's own.
    var seen: [SegmentEntry]
    /// With rows of others that came after the transaction's kept snapshot: not seen, and not lost.
    var later: [SegmentEntry] = []
    /// Whether no other segment of the table lies in the same partition.
    var isAlone = false

    var added: [SegmentEntry] { seen + later }
    fileprivate var isNothing: Bool { removed == nil && seen.isEmpty && later.isEmpty }
}

/// Rows written to one table, in batches.
struct PrivateRows: Sendable {
    private(set) var definition: TableDefinition
    private(set) var batches: [Batch] = []
    /// How many of the last batches are small.
    private var smallTail = 0

    init(_ definition: TableDefinition) { self.definition = definition }

    /// Gives the rows the columns of a later definition; columns are found by id.
    mutating func present(as new: TableDefinition) {
        let sources = new.columns.map { definition.columnIndex(id: $0.id) }
        batches = batches.map { batch in
            let columns = sources.enumerated().map { index, source in
                if let source { return batch.columns[source] }
                var nulls = ColumnBuilder(type: new.columns[index].type)
                for _ in 0..<batch.rowCount { nulls.append(.null) }
                return nulls.makeVector()
            }
            return Batch(rowCount: batch.rowCount, columns: columns)
        }
        definition = new
    }

    mutating func replace(_ batches: [Batch]) {
        self.batches = batches.filter { $0.rowCount > 0 }
        smallTail = 0
    }

    mutating func append(_ batch: Batch) {
        batches.append(batch)
        smallTail = batch.rowCount < Limits.smallBatchRows ? smallTail + 1 : 0
        if smallTail >= Limits.smallBatches { compact() }
    }

    /// Many small batches, as single-row INSERTs leave them, become one.
    private mutating func compact() {
        let tail = batches.suffix(smallTail)
        var builders = definition.columns.map { ColumnBuilder(type: $0.type) }
        var count = 0
        for batch in tail {
            for row in 0..<batch.rowCount {
                for (index, column) in batch.columns.enumerated() {
                    builders[index].append(column.value(at: row))
                }
            }
            count += batch.rowCount
        }
        batches.removeLast(smallTail)
        batches.append(Batch(rowCount: count, columns: builders.map { $0.makeVector() }))
        smallTail = 0
    }
}

extension Edit {
    /// The table that it is about; nil for what is about the database.
    var tableID: UInt64? {
        switch self {
        case .beginTimeline: nil
        case .createTable(let definition), .alterTable(let definition): definition.id
        case .dropTable(let id), .truncateTable(let id): id
        case .replaceSegments(let replacement): replacement.table
        case .forgetDetached(let partition): partition.table
        }
    }
}
