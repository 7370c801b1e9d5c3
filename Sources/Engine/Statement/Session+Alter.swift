import Catalog
import Diagnostics
import Execution
import Planner
import Platform
import SQL
import Storage
import Values

/// ALTER TABLE: a new definition, and where rows have a say in it, new segments or a look at all of
/// them.
extension Session {
    func alterTable(
        _ alter: AlterTable, _ result: CommandResult, completion: @escaping Completion
    ) throws(DatabaseError) {
        let view = view(isKept: false)
        let name = alter.table
        guard let table = view.table(schema: name.schema?.folded, name: name.name.folded) else {
            if let damage = view.damage(of: name) { throw damage }
            guard alter.ifExists else { throw .noTable(name.name.text, at: name.position) }
            notice(
                .notice, .undefinedTable,
                "relation \"\(name.name.text)\" does not exist, skipping")
            return completion(.success(.command(result)))
        }
        // Bound once before any waiting, for its errors.
        var binder = Binder(relations: view)
        if try binder.bindPartitions(alter, table) == nil {
            _ = try binder.bindAlter(alter, table)
        }
        try locking([table.id], completion: completion) { [self] () throws(DatabaseError) in
            onThread("alter", completion: completion) { [self] () throws(DatabaseError) in
                try alterLocked(alter, table.id, result, completion)
            }
        }
    }

    /// Runs with the table's lock held, on a thread of its own.
    private func alterLocked(
        _ alter: AlterTable, _ id: UInt64, _ result: CommandResult,
        _ completion: @escaping Completion
    ) throws(DatabaseError) {
        let view = view()
        let name = alter.table
        guard let table = view.table(schema: name.schema?.folded, name: name.name.folded),
            table.id == id
        else { throw .concurrentChange(of: name.name.text) }
        var binder = Binder(relations: view)
        if let change = try binder.bindPartitions(alter, table) {
            return try changePartitions(change, table, result, completion)
        }
        let bound = try binder.bindAlter(alter, table)
        for text in bound.notices { notice(.notice, .success, text) }
        if !bound.isChange { return completion(.success(.command(result))) }
        if bound.concernsRows { return try alterRows(bound, alter, result, completion) }
        finish(bound, nil, result, completion)
    }

    /// Makes the change: commits it, or leaves it to the transaction.
    private func finish(
        _ bound: BoundAlter, _ rows: AlteredRows?, _ result: CommandResult,
        _ completion: @escaping Completion
    ) {
        let view = view()
        let gone = bound.droppedSequences.compactMap {
            view.relation(schema: $0.schema, name: $0.name)
        }
        let numbered = bound.newSequences.map { sequence in
            (rows?.numbers.advanced(sequence) ?? sequence)
                .copied(id: engine.storage.reserveTableID(), name: sequence.name)
        }
        let written = rows.map { WrittenSegments(table: bound.altered, entries: $0.added) }
        let ending = endingTimeToLive(bound, completion)
        apply(result, written: written, completion: ending) { changes in
            for sequence in numbered { changes.create(sequence) }
            changes.alter(bound.table, to: bound.altered, expecting: rows?.segments)
            if let rows {
                changes.exchange(rows.exchanges, of: bound.altered)
                if let batches = rows.batches {
                    changes.replaceRows(batches, of: bound.altered)
                }
            }
            for sequence in gone { changes.drop(sequence) }
        }
    }

    /// A new TTL is looked at when it is set, not a minute later.
    private func endingTimeToLive(_ bound: BoundAlter, _ completion: @escaping Completion)
        -> Completion
    {
        guard bound.altered.timeToLive != nil,
            bound.altered.timeToLive != bound.table.timeToLive, case .none = transaction
        else { return completion }
        let engine = engine
        let id = bound.table.id
        return { result in
            guard case .success = result else { return completion(result) }
            engine.platform.workers.start("ttl") {
                engine.enforceTimeToLive(of: [id])
                completion(result)
            }
        }
    }

    // MARK: - Rows

    /// Rewrites or checks every row. New rows wait meanwhile; what was on its way when the table was
    /// closed to them is taken in by another round.
    private func alterRows(
        _ bound: BoundAlter, _ alter: AlterTable, _ result: CommandResult,
        _ completion: @escaping Completion
    ) throws(DatabaseError) {
        let table = bound.table
        let own = changes[table.id]
        let isStored = own.map { !$0.isCreated && !$0.isEmptied } ?? true
        if let own, own.stored != nil || (isStored && !own.removed.isEmpty) {
            throw .notSupported(
                "ALTER TABLE of a table whose rows the transaction has changed",
                at: alter.position)
        }
        engine.locks.closeToRows(table.id)
        var rows = AlteredRows(bound, storage: engine.storage, computingLimits)
        do throws(DatabaseError) {
            var binder = Binder(relations: view())
            rows.check = RowCheck(
                bound.altered, notNull: bound.newlyNotNull,
                checks: try binder.checks(of: bound.altered).filter {
                    bound.newChecks.contains($0.name.lowercased())
                }, computingLimits)
            if isStored { try rewriteStored(&rows, bound) }
            var left = try resolved([], bound, own)
            for entry in own?.added ?? [] { try rows.take(entry, left.sources.removeFirst()) }
            try rows.takePrivate(own?.rows.batches ?? [], left.sources)
            if !isStored { rows.hidden = left.hidden }
            if !bound.newKeys.isEmpty { try enforceKeys(bound.altered, try seen(rows, bound)) }
            if bound.changesKeyValues {
                rows.hidden = rows.taken - UpsertKeyChange.rows(try seen(rows, bound))
            }
        } catch {
            rows.discard()
            throw error
        }
        notice(hidden: rows.hidden, of: table)
        finish(bound, rows, result, completion)
    }

    /// Sources and behind them the transaction's own, with the rows that stay under the keys to come.
    private func resolved(_ stored: [any RowSource], _ bound: BoundAlter, _ own: PrivateTable?)
        throws(DatabaseError) -> (sources: [any RowSource], hidden: Int)
    {
        let snapshot = engine.storage.snapshot()
        let added: [any RowSource] = (own?.added ?? []).map {
            SnapshotRun(
                run: engine.storage.run(of: $0, table: bound.table), snapshot: snapshot)
        }
        let batches: [any RowSource] = (own?.rows.batches ?? []).map { PrivateRun(whole: $0) }
        let all = stored + added + batches
        guard bound.changesUpsertKeys else { return (all, 0) }
        return try UpsertKeyChange(bound).resolve(all, cancellation)
    }

    private func rewriteStored(_ rows: inout AlteredRows, _ bound: BoundAlter)
        throws(DatabaseError)
    {
        let table = bound.table
        for _ in 0..<Limits.alterRounds {
            try engine.storage.flush(tables: [table.id])
            let snapshot = engine.storage.snapshot()
            guard let stored = snapshot.table(id: table.id),
                stored.definition.version == (changes[table.id]?.storedVersion ?? table.version)
            else { throw .concurrentChange(of: table.name) }
            if stored.runs.allSatisfy({ $0.segment != nil }),
                rows.segments == Set(stored.segments.map(\.id))
            {
                return
            }
            // A segment more may hide rows of all others.
            let isApart = !bound.changesUpsertKeys
            rows.forget(allBut: isApart ? Set(stored.segments.map(\.id)) : [])
            let runs = stored.runs.filter { $0.segment != nil }
            let (sources, hidden) = try resolved(
                runs.map {
                    let run = $0.presented(as: table, insteadOf: stored.definition)
                    return SnapshotRun(run: run, snapshot: snapshot)
                }, bound, changes[table.id])
            rows.hidden = hidden
            for (run, source) in zip(runs, sources) {
                guard let segment = run.segment, rows.segments?.contains(segment.id) != true else {
                    continue
                }
                try cancellation.check()
                try rows.takeStored(segment, source)
            }
        }
        throw .rowsKeepComing(table.name)
    }

    /// All rows of the table as they will be, without those that later ones hide.
    private func seen(_ rows: AlteredRows, _ bound: BoundAlter) throws(DatabaseError)
        -> [any RowSource]
    {
        var next = changes
        next.alter(bound.table, to: bound.altered, expecting: rows.segments)
        next.exchange(rows.exchanges, of: bound.altered)
        if let batches = rows.batches { next.replaceRows(batches, of: bound.altered) }
        return try view(isKept: false).with(next).sources(of: bound.altered)
    }
}

/// What ALTER TABLE makes of the rows that are there, one segment at a time.
struct AlteredRows {
    private let bound: BoundAlter
    private let storage: Storage
    private let limits: ComputingLimits
    var check: RowCheck?
    /// The stored segments that were looked at; nil when none was.
    private(set) var segments: Set<String>?
    /// What each rewritten segment became.
    private var rewritten: [String: [SegmentEntry]] = [:]
    /// The partition of each segment that was looked at.
    private var partitions: [String: String] = [:]
    /// The transaction's rows that are in no segment, as they will be.
    private(set) var batches: [Batch]?
    /// What new generated columns have counted.
    private(set) var numbers: GeneratedNumbers
    /// How many rows of each segment were taken, and of the transaction's that are in none.
    private var counts: [String: Int] = [:]
    private var ownCount = 0
    var taken: Int { counts.values.reduce(ownCount, +) }
    /// How many rows go because later ones have the same keys from now on.
    var hidden = 0

    init(_ bound: BoundAlter, storage: Storage, _ limits: ComputingLimits) {
        self.bound = bound
        self.limits = limits
        self.storage = storage
        numbers = GeneratedNumbers(bound)
    }

    /// In an order that a simulation repeats.
    private var inOrder: [(id: String, entries: [SegmentEntry])] {
        rewritten.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    var added: [SegmentEntry] { inOrder.flatMap(\.entries) }

    var exchanges: [SegmentExchange] {
        var counts: [String: Int] = [:]
        for partition in partitions.values { counts[partition, default: 0] += 1 }
        return inOrder.map { id, entries in
            SegmentExchange(
                removed: id, seen: entries, isAlone: partitions[id].map { counts[$0] == 1 } ?? false
            )
        }
    }

    mutating func takeStored(_ entry: SegmentEntry, _ rows: any RowSource) throws(DatabaseError) {
        try take(entry, rows)
        segments = (segments ?? []).union([entry.id])
    }

    /// - Parameter rows: those of the segment that stay.
    mutating func take(_ entry: SegmentEntry, _ rows: any RowSource) throws(DatabaseError) {
        partitions[entry.id] = entry.partition
        counts[entry.id] = rows.rowCount
        let isWritten = bound.values != nil || rows.rowCount < entry.rows
        if !isWritten, bound.newlyNotNull.isEmpty, bound.newChecks.isEmpty { return }
        var results: [Batch] = []
        for begin in stride(from: 0, to: rows.rowCount, by: Self.stretch) {
            let range = begin..<min(begin + Self.stretch, rows.rowCount)
            let batch = try rows.batch(
                columns: Array(bound.table.columns.indices), rows: range)
            let result = try transform(batch)
            if isWritten { results.append(result) }
        }
        if !isWritten { return }
        rewritten[entry.id] = []
        if results.isEmpty { return }
        rewritten[entry.id] = try storage.writeSegments(
            results, of: bound.altered, firstLSN: entry.firstLSN, lastLSN: entry.lastLSN)
    }

    private static let stretch = 65_536

    /// - Parameter sources: for each batch the rows that stay.
    mutating func takePrivate(_ own: [Batch], _ sources: [any RowSource]) throws(DatabaseError) {
        var results: [Batch] = []
        var isChanged = bound.values != nil
        ownCount = UpsertKeyChange.rows(sources)
        for (batch, source) in zip(own, sources) {
            isChanged = isChanged || source.rowCount < batch.rowCount
            let rows = try source.batch(
                columns: Array(bound.table.columns.indices), rows: 0..<source.rowCount)
            results.append(try transform(rows))
        }
        if isChanged { batches = results }
    }

    /// Gives rows of the old definition the values they have under the new one, and checks them.
    private mutating func transform(_ batch: Batch) throws(DatabaseError) -> Batch {
        let values = bound.values ?? bound.identity
        let result = try numbers.fill(try ColumnProjection(values, limits).batch(batch))
        try check?.check(result)
        return result
    }

    /// Lets go of what was made of segments that are gone: compaction has rewritten them.
    mutating func forget(allBut current: Set<String>) {
        for (id, entries) in inOrder where !current.contains(id) {
            storage.discardSegments(entries, of: bound.altered)
            rewritten[id] = nil
        }
        segments = (segments ?? []).intersection(current)
        partitions = partitions.filter { current.contains($0.key) }
        counts = counts.filter { current.contains($0.key) }
    }

    func discard() { storage.discardSegments(added, of: bound.altered) }
}

extension BoundAlter {
    /// Each column of the new definition as it is in the old one; what is new is NULL.
    fileprivate var identity: [BoundExpression] {
        altered.columns.map { column in
            guard let index = table.columnIndex(id: column.id) else {
                return BoundExpression(.constant(.null), column.type, position: 0)
            }
            return BoundExpression(.column(index), column.type, position: 0)
        }
    }
}

/// The numbers that rows already there get in new SERIAL and IDENTITY columns. Nobody else knows
/// the sequences yet, so they are counted here and stored as far as they came.
struct GeneratedNumbers: Sendable {
    private struct Column {
        let index: Int
        let type: ValueType
        let name: String
        var sequence: SequenceDefinition
    }

    private var columns: [Column] = []

    init(_ bound: BoundAlter) {
        for (index, column) in bound.altered.columns.enumerated() {
            guard case .sequence(_, let name, _)? = column.defaultValue,
                let made = bound.newSequences.first(where: { $0.name == name }),
                let sequence = made.sequence
            else { continue }
            columns.append(
                Column(index: index, type: column.type, name: name, sequence: sequence))
        }
    }

    /// - Throws: 2200H when a sequence ends before the rows do.
    mutating func fill(_ batch: Batch) throws(DatabaseError) -> Batch {
        if columns.isEmpty { return batch }
        var vectors = batch.columns
        for place in columns.indices {
            var builder = ColumnBuilder(type: columns[place].type)
            var left = batch.rowCount
            while left > 0 {
                let sequence = columns[place].sequence
                let (first, count, last) = try sequence.stretch(
                    of: left, name: columns[place].name)
                for step in 0..<count {
                    builder.append(.integer(first + Int64(step) * sequence.increment))
                }
                columns[place].sequence.reserved = last
                left -= count
            }
            vectors[columns[place].index] = builder.makeVector()
        }
        return Batch(rowCount: batch.rowCount, columns: vectors)
    }

    /// A new sequence as it stands behind the last number given.
    func advanced(_ definition: TableDefinition) -> TableDefinition {
        guard let column = columns.first(where: { $0.name == definition.name }) else {
            return definition
        }
        return definition.withSequence(column.sequence)
    }
}
