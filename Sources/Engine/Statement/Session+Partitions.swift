import Catalog
import Diagnostics
import Execution
import Planner
import Platform
import SQL
import Storage
import Values

/// DROP, DETACH and ATTACH PARTITION: whole segments leave a table or come back.
extension Session {
    /// Runs with the table's lock held, on a thread of its own.
    func changePartitions(
        _ change: PartitionChange, _ table: TableDefinition, _ result: CommandResult,
        _ completion: @escaping Completion
    ) throws(DatabaseError) {
        let own = changes[table.id]
        if let own, !own.canMovePartitions { throw .tableChanged(table.name) }
        if change.kind == .drop { engine.storage.makeRoomToFree() }
        try engine.storage.flush(tables: [table.id])
        let snapshot = engine.storage.snapshot()
        guard let stored = snapshot.table(id: table.id),
            stored.definition.version == (own?.storedVersion ?? table.version)
        else { throw .concurrentChange(of: table.name) }
        let visible = VisibleSegments(stored: stored.segments, own: own)
        if change.kind == .attach { return try attach(change, table, visible, result, completion) }
        let names = try names(of: change, table, visible.partitions)
        var kept: [KeptPartition] = []
        if change.kind == .detach { kept = try keep(names, table, visible, change) }
        let gone = visible.all.filter { names.contains($0.partition) }
        if gone.isEmpty { return completion(.success(.command(result))) }
        apply(result, kept: kept, completion: completion) { changes in
            changes.exchange(
                gone.map { SegmentExchange(removed: $0.id, seen: []) }, of: table)
            changes.detach(kept)
        }
    }

    // MARK: - Which partitions

    private func names(
        of change: PartitionChange, _ table: TableDefinition, _ present: Set<String>
    ) throws(DatabaseError) -> Set<String> {
        switch change.selection {
        case .names(let literals):
            var names: Set<String> = []
            for literal in literals {
                let name = try Self.partitionName(literal, table)
                guard present.contains(name) else {
                    throw .noPartition(literal.text, of: table.name, at: literal.position)
                }
                names.insert(name)
            }
            return names
        case .pattern(let pattern):
            return present.filter { PartitionName.matches($0, pattern: pattern.text) }
        case .condition(let condition):
            return try partitions(present, table, where: condition)
        }
    }

    /// A partition is meant when the condition holds for its first moment, as in QuestDB.
    private func partitions(
        _ present: Set<String>, _ table: TableDefinition, where condition: BoundExpression
    ) throws(DatabaseError) -> Set<String> {
        var names: Set<String> = []
        for name in present {
            try cancellation.check()
            let begin = PartitionName.begin(of: name, unit: table.partitionUnit).map {
                table.firstMoment(atMicrosecond: $0)
            }
            let isNanos = table.timestampScale > 1
            let batch = Batch.make(
                [isNanos ? .timestampNanos : .timestamp],
                [begin.map { [isNanos ? .timestampNanos($0) : .timestamp($0)] } ?? [.null]])
            let result = try ColumnProjection([condition], computingLimits).batch(batch)
            if result.columns[0].value(at: 0) == .boolean(true) { names.insert(name) }
        }
        return names
    }

    static func partitionName(_ literal: TextLiteral, _ table: TableDefinition)
        throws(DatabaseError) -> String
    {
        let name = literal.text
        if PartitionName.begin(of: name, unit: table.partitionUnit) != nil { return name }
        // A moment inside the partition means it too.
        let parsed: Value
        do throws(DatabaseError) {
            parsed = try Value.parse(name, as: .timestamp)
        } catch {
            throw .badPartitionName(
                name, unit: table.partitionUnit.name, at: literal.position)
        }
        guard case .timestamp(let time) = parsed else {
            throw .badPartitionName(name, unit: table.partitionUnit.name, at: literal.position)
        }
        return PartitionName.partition(of: time, unit: table.partitionUnit).name
    }

    // MARK: - DETACH and ATTACH

    /// Keeps partitions beside their table. Leaves nothing when it fails.
    ///
    /// Only what is stored is kept: a crash before the commit leaves the partition in the table, and
    /// the next start knows by its segments that the directory means nothing.
    private func keep(
        _ names: Set<String>, _ table: TableDefinition, _ visible: VisibleSegments,
        _ change: PartitionChange
    ) throws(DatabaseError) -> [KeptPartition] {
        let before = Set(
            try engine.storage.detachedPartitions(of: table, current: visible.all)
                .map(\.partition))
        for name in names {
            if before.contains(name) {
                throw .detachedExists(name, at: change.position(of: name))
            }
            if visible.isOwn(name) {
                throw .partitionChanged(name, of: table.name, at: change.position(of: name))
            }
        }
        let segments = Dictionary(grouping: visible.all, by: \.partition)
        var kept: [KeptPartition] = []
        do throws(DatabaseError) {
            for name in names.sorted() {
                try cancellation.check()
                kept.append(KeptPartition(table: table, partition: name))
                try engine.storage.keep(
                    DetachedPartition(
                        partition: name, definition: table,
                        segments: segments[name] ?? []), of: table)
            }
        } catch {
            forget(Set(kept))
            throw error
        }
        return kept
    }

    private func attach(
        _ change: PartitionChange, _ table: TableDefinition, _ visible: VisibleSegments,
        _ result: CommandResult, _ completion: @escaping Completion
    ) throws(DatabaseError) {
        guard case .names(let literals) = change.selection else { return }
        let kept = try engine.storage.detachedPartitions(of: table, current: visible.all)
        var linked: [SegmentEntry] = []
        var attached: [KeptPartition] = []
        do throws(DatabaseError) {
            for literal in literals {
                try cancellation.check()
                let name = try Self.partitionName(literal, table)
                // What the transaction has attached before is in the table, or gone for ever.
                let partition = KeptPartition(table: table, partition: name)
                guard let found = kept.first(where: { $0.partition == name }),
                    !changes.attached.contains(partition)
                else {
                    throw visible.partitions.contains(name)
                        ? .nothingToAttach(literal.text, at: literal.position)
                        : .noDetached(literal.text, at: literal.position)
                }
                if visible.partitions.contains(name) || attached.contains(partition) {
                    throw .partitionExists(literal.text, at: literal.position)
                }
                attached.append(partition)
                try Self.check(found, table, literal)
                let entries = try engine.storage.linkBack(found, to: table)
                linked += entries
                let rows = try resolve(entries, of: found, table)
                linked.removeLast(entries.count)
                linked += rows
                try check(rows, of: found, table)
            }
        } catch {
            engine.storage.discardSegments(linked, of: table)
            throw error
        }
        let (entries, partitions) = (linked, attached)
        let written = WrittenSegments(table: table, entries: entries)
        apply(result, written: written, completion: completion) { changes in
            changes.exchange([SegmentExchange(removed: nil, seen: entries)], of: table)
            changes.attach(partitions)
        }
    }

    /// Holds rows to what their table asks for by now and did not when they left it.
    private func check(
        _ entries: [SegmentEntry], of detached: DetachedPartition, _ table: TableDefinition
    ) throws(DatabaseError) {
        let old = detached.definition
        let notNull = table.columns.indices.filter { index in
            guard !table.isNullable(index), index != table.timestampIndex else { return false }
            return old.columnIndex(id: table.columns[index].id).map(old.isNullable) ?? true
        }
        let known = Set(old.checks.map(\.text))
        var binder = Binder(relations: view(isKept: false))
        let checks = try binder.checks(
            of: table.withChecks(
                table.checks.filter { !known.contains($0.text) }))
        let modifiers = table.columns.enumerated().compactMap { index, column in
            let before = old.columnIndex(id: column.id).flatMap { old.columns[$0].modifier }
            return column.modifier.flatMap { $0.takesAll(of: before) ? nil : (index, $0) }
        }
        if notNull.isEmpty, checks.isEmpty, modifiers.isEmpty { return }
        let check = RowCheck(
            table, notNull: notNull, checks: checks, modifiers: modifiers, computingLimits)
        let stretch = 65_536
        for run in entries.map({ engine.storage.run(of: $0, table: table) }) {
            for begin in stride(from: 0, to: run.rowCount, by: stretch) {
                try cancellation.check()
                let rows = begin..<min(begin + stretch, run.rowCount)
                try check.check(
                    try run.batch(columns: Array(table.columns.indices), rows: rows))
            }
        }
    }

    /// A column that was given another type since has another id: its old values would be lost.
    private static func check(
        _ detached: DetachedPartition, _ table: TableDefinition, _ literal: TextLiteral
    ) throws(DatabaseError) {
        guard let column = detached.misfit(in: table) else { return }
        throw .detachedDiffers(literal.text, column, of: table.name, at: literal.position)
    }
}

/// The segments that a transaction sees of a table.
private struct VisibleSegments {
    let all: [SegmentEntry]
    private let own: Set<String>

    init(stored: [SegmentEntry], own: PrivateTable?) {
        let added = own?.added ?? []
        all = stored.filter { own?.removed.contains($0.id) != true } + added
        self.own = Set(added.map(\.partition))
    }

    var partitions: Set<String> { Set(all.map(\.partition)) }

    /// Whether the transaction has put something into a partition.
    func isOwn(_ partition: String) -> Bool { own.contains(partition) }
}

extension PrivateTable {
    /// Whether all rows that the transaction sees lie in segments of the stored definition.
    fileprivate var canMovePartitions: Bool {
        !isCreated && !isEmptied && stored == nil && rows.batches.isEmpty
            && definition.version == storedVersion
    }
}

extension TableDefinition {
    /// A microsecond in the units of the designated timestamp, or the first that these have.
    fileprivate func firstMoment(atMicrosecond time: Int64) -> Int64 {
        let (moment, overflow) = time.multipliedReportingOverflow(by: timestampScale)
        return overflow ? (time < 0 ? .min : .max) : moment
    }
}

extension PartitionChange {
    /// Where a partition is named; the first place when it was not by its own name.
    fileprivate func position(of name: String) -> Int {
        switch selection {
        case .names(let literals):
            literals.first { $0.text == name }?.position ?? literals.first?.position ?? 0
        case .pattern(let literal): literal.position
        case .condition(let condition): condition.position
        }
    }
}
