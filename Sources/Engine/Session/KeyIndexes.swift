import Catalog
import Diagnostics
import Execution
import Planner
import Storage
import Synchronization
import Values

/// The keys of one table's PRIMARY KEY and UNIQUE constraints, in the order of the definition.
struct KeySets: Sendable {
    let table: TableDefinition
    private let places: [[Int]]
    private var sets: [Set<[Value]>]
    private(set) var rowCount = 0

    init(_ table: TableDefinition) {
        self.table = table
        places = table.keys.map { key in key.columns.compactMap { table.columnIndex(id: $0) } }
        sets = places.map { _ in [] }
    }

    private var columns: [Int] { Array(Set(places.joined())).sorted() }

    mutating func add(_ source: any RowSource, _ cancellation: CancellationFlag)
        throws(DatabaseError)
    {
        let columns = columns
        for begin in stride(from: 0, to: source.rowCount, by: 65_536) {
            try cancellation.check()
            let range = begin..<min(begin + 65_536, source.rowCount)
            try add(try source.batch(columns: columns, rows: range), columns)
        }
    }

    /// Adds whole rows of the table.
    ///
    /// - Parameter others: keys that are there already.
    mutating func add(_ batch: Batch, besides others: KeySets? = nil) throws(DatabaseError) {
        try add(batch, Array(table.columns.indices), besides: others)
    }

    /// - Throws: 23505 for a key that is there; what was added before stays added.
    private mutating func add(_ batch: Batch, _ columns: [Int], besides others: KeySets? = nil)
        throws(DatabaseError)
    {
        if rowCount + batch.rowCount > Limits.keyRows { throw .tooManyKeys(table.name) }
        for (number, key) in places.enumerated() {
            let vectors = key.compactMap { place in
                columns.firstIndex(of: place).map { batch.columns[$0] }
            }
            for row in 0..<batch.rowCount {
                let values = vectors.map { $0.value(at: row) }
                // NULL is equal to nothing.
                if values.contains(.null) { continue }
                let found = values.map(\.equalityKey)
                let isTaken = others?.sets[number].contains(found) ?? false
                guard !isTaken, sets[number].insert(found).inserted else {
                    throw .uniqueViolated(table.keys[number].name, detail: detail(key, values))
                }
            }
        }
        rowCount += batch.rowCount
    }

    /// Looks whether none of some other keys is among these.
    ///
    /// - Throws: 23505 for one that is; 57014.
    fileprivate func refuse(_ others: KeySets, _ cancellation: CancellationFlag)
        throws(DatabaseError)
    {
        for number in sets.indices where !sets[number].isEmpty {
            for (count, key) in others.sets[number].enumerated() {
                if count % 65_536 == 0 { try cancellation.check() }
                if sets[number].contains(key) {
                    throw .uniqueViolated(
                        table.keys[number].name, detail: detail(places[number], key))
                }
            }
        }
    }

    private func detail(_ key: [Int], _ values: [Value]) -> String {
        let names = key.map { table.columns[$0].name }.joined(separator: ", ")
        let texts = zip(key, values).map { place, value in
            let type = table.columns[place].type
            return String((value.withoutEqualityKey(type).text(as: type) ?? "").prefix(64))
        }.joined(separator: ", ")
        return "Key (\(names))=(\(texts)) already exists."
    }

    /// Takes over keys that are known to be others.
    mutating func formUnion(_ other: KeySets) {
        for number in sets.indices { sets[number].formUnion(other.sets[number]) }
        rowCount += other.rowCount
    }
}

/// The keys of stored tables, so that an INSERT need not read its table. They change only under
/// their table's lock; what was changed in another way shows in the count of rows or in the LSN of
/// the last rewrite, and the keys are read anew.
final class KeyIndexes: Sendable {
    private struct Index {
        var sets: KeySets
        var lsn: LSN
    }

    private let indexes = Mutex<[UInt64: Index]>([:])

    /// The keys of a table's stored rows. To be called with the table's lock held.
    func keys(
        of view: TableView, snapshot: Snapshot, lastRewrite: LSN, _ cancellation: CancellationFlag
    ) throws(DatabaseError) -> KeySets {
        let definition = view.definition
        let known = indexes.withLock { $0[definition.id] }
        if let known, known.sets.table == definition, known.sets.rowCount == view.rowCount,
            lastRewrite <= known.lsn
        {
            return known.sets
        }
        var sets = KeySets(definition)
        for run in view.runs {
            try sets.add(SnapshotRun(run: run, snapshot: snapshot), cancellation)
        }
        let index = Index(sets: sets, lsn: snapshot.lsn)
        indexes.withLock { $0[definition.id] = index }
        return sets
    }

    /// Adds the keys of rows that a commit has stored.
    func merge(_ added: [UInt64: KeySets], at lsn: LSN) {
        indexes.withLock { indexes in
            for (id, sets) in added {
                guard var index = indexes.removeValue(forKey: id), index.sets.table == sets.table
                else { continue }
                index.sets.formUnion(sets)
                index.lsn = lsn
                indexes[id] = index
            }
        }
    }
}

/// Checks the keys of rows that are about to be written, batch by batch. The table's lock is held.
struct KeyCheck: Sendable {
    fileprivate let table: TableDefinition
    /// The keys of rows that are there.
    fileprivate let stored: KeySets
    /// The keys of rows that the transaction has written since, these rows included.
    fileprivate var own: KeySets
    /// Whether `own` is all that the transaction has written.
    fileprivate let isWhole: Bool

    fileprivate init(table: TableDefinition, stored: KeySets, own: KeySets, isWhole: Bool) {
        self.table = table
        self.stored = stored
        self.own = own
        self.isWhole = isWhole
    }

    /// Checks rows against each other alone. They are checked against the table's when they are all
    /// there, by `take` of a check that begins then; the lock is not needed before.
    init(laterFor table: TableDefinition) {
        self.init(
            table: table, stored: KeySets(table), own: KeySets(table), isWhole: false)
    }

    /// Takes over the rows of a check that was begun without the table's keys.
    ///
    /// - Throws: 23505 for a key that is there.
    mutating func take(_ later: KeyCheck, _ cancellation: CancellationFlag) throws(DatabaseError) {
        try stored.refuse(later.own, cancellation)
        try own.refuse(later.own, cancellation)
        own.formUnion(later.own)
    }

    /// - Throws: 23505 for a key that is there.
    mutating func check(_ batch: Batch) throws(DatabaseError) {
        try own.add(batch, besides: stored)
    }
}

extension Session {
    /// Checks rows that are about to be written: CHECK, PRIMARY KEY, UNIQUE. A table with keys has
    /// its lock taken before. NOT NULL is for who makes the rows.
    ///
    /// - Throws: 23514, 23505.
    func enforce(_ batch: Batch, _ table: TableDefinition, _ view: StatementView)
        throws(DatabaseError)
    {
        if !table.checks.isEmpty {
            var binder = Binder(relations: view)
            let check = RowCheck(
                table, notNull: [], checks: try binder.checks(of: table), computingLimits)
            try check.check(batch)
        }
        guard var keys = try beginKeyCheck(table, view) else { return }
        try keys.check(batch)
        endKeyCheck(keys)
    }

    /// Begins to check rows for a table's keys; nil when it has none. When the rows are written
    /// `endKeyCheck` follows; when they are not, nothing does.
    func beginKeyCheck(_ table: TableDefinition, _ view: StatementView)
        throws(DatabaseError) -> KeyCheck?
    {
        if table.keys.isEmpty { return nil }
        let own = changes[table.id]
        if let own, own.isCreated || own.isEmptied || own.isRewritten {
            return try keyCheck(table, own, besides: KeySets(table), view)
        }
        let snapshot = engine.storage.snapshot()
        guard let found = snapshot.table(id: table.id), found.definition == table else {
            throw .concurrentChange(of: table.name)
        }
        let stored = try engine.keys.keys(
            of: found, snapshot: snapshot, lastRewrite: engine.locks.lastRewrite(of: table.id),
            cancellation)
        return try keyCheck(table, own, besides: stored, view)
    }

    private func keyCheck(
        _ table: TableDefinition, _ changed: PrivateTable?, besides stored: KeySets,
        _ view: StatementView
    ) throws(DatabaseError) -> KeyCheck {
        if let changed, changed.isRewritten {
            // The transaction has segments of its own: the keys are those of what it sees.
            var seen = KeySets(table)
            for source in try view.sources(of: table) { try seen.add(source, cancellation) }
            return KeyCheck(table: table, stored: seen, own: KeySets(table), isWhole: false)
        }
        let before = changed?.rows.batches ?? []
        let count = before.reduce(0) { $0 + $1.rowCount }
        // Out of the session while it grows, so that nothing is copied; gone when it fails.
        var own = ownKeys.removeValue(forKey: table.id) ?? KeySets(table)
        if own.rowCount != count || own.table != table {
            own = KeySets(table)
            for batch in before { try own.add(batch) }
        }
        return KeyCheck(table: table, stored: stored, own: own, isWhole: true)
    }

    /// Keeps the keys of rows that the transaction has written now.
    func endKeyCheck(_ keys: KeyCheck) {
        ownKeys[keys.table.id] = keys.isWhole ? keys.own : nil
    }

    /// Checks the keys of a whole table as a statement leaves it.
    func enforceKeys(_ table: TableDefinition, _ sources: [any RowSource]) throws(DatabaseError) {
        if table.keys.isEmpty { return }
        var keys = KeySets(table)
        for source in sources { try keys.add(source, cancellation) }
    }
}

extension PrivateTable {
    /// Whether the transaction's rows are more than batches on top of what is stored.
    fileprivate var isRewritten: Bool {
        !exchanges.isEmpty || stored != nil || definition.version != storedVersion
    }
}
