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
        if let own = changes[table.id], own.isCreated || !own.isUnchanged || own.isEmptied {
            throw .unsupported(
                "a partition of a table that the transaction has changed", at: nil)
        }
        if change.kind != .drop, case .block = transaction {
            throw .notInBlock("\(change.kind == .detach ? "DETACH" : "ATTACH") PARTITION")
        }
        try engine.storage.flush(tables: [table.id])
        let snapshot = engine.storage.snapshot()
        guard let stored = snapshot.table(id: table.id) else {
            throw .concurrentChange(of: table.name)
        }
        if change.kind == .attach {
            return try attach(change, table, stored, result, completion)
        }
        let names = try names(of: change, table, stored)
        if change.kind == .detach { try keep(names, table, stored, change) }
        let gone = stored.segments.filter { names.contains($0.partition) }
        if gone.isEmpty { return completion(.success(.command(result))) }
        let ending: Completion = { [self] outcome in
            guard case .failure = outcome, change.kind == .detach else {
                return completion(outcome)
            }
            forgetting(names, table) { completion(outcome) }
        }
        apply(result, completion: ending) { changes in
            changes.exchange(
                gone.map { SegmentExchange(removed: $0.id, seen: []) }, of: table)
        }
    }

    private func forgetting(
        _ names: Set<String>, _ table: TableDefinition, then next: @escaping @Sendable () -> Void
    ) {
        let engine = engine
        engine.platform.workers.start("forget") {
            for name in names {
                do throws(DatabaseError) {
                    try engine.storage.forget(name, of: table)
                } catch {
                    // The next start sweeps it.
                    engine.platform.log.log(
                        .error, "engine", "cannot remove a detached partition: \(error)")
                }
            }
            next()
        }
    }

    // MARK: - Which partitions

    private func names(
        of change: PartitionChange, _ table: TableDefinition, _ stored: TableView
    ) throws(DatabaseError) -> Set<String> {
        let present = Set(stored.segments.map(\.partition))
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
            return present.filter { Self.matches($0[...], pattern.text[...]) }
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
            guard let begin = PartitionName.begin(of: name, unit: table.partitionUnit) else {
                continue
            }
            let batch = Batch.make([.timestamp], [[.timestamp(begin)]])
            let result = try ColumnProjection([condition]).batch(batch)
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

    /// `%` is any run of characters, `?` any one: the pattern's length bounds the recursion.
    private static func matches(_ name: Substring, _ pattern: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        let rest = pattern.dropFirst()
        if first == "%" {
            return matches(name, rest) || (!name.isEmpty && matches(name.dropFirst(), pattern))
        }
        guard let letter = name.first, first == "?" || first == letter else { return false }
        return matches(name.dropFirst(), rest)
    }

    // MARK: - DETACH and ATTACH

    private func keep(
        _ names: Set<String>, _ table: TableDefinition, _ stored: TableView,
        _ change: PartitionChange
    ) throws(DatabaseError) {
        let before = try engine.storage.detachedPartitions(of: table, current: stored.segments)
        for name in names where before.contains(where: { $0.partition == name }) {
            throw .detachedExists(name, at: change.position(of: name))
        }
        for name in names.sorted() {
            try engine.storage.keep(
                DetachedPartition(
                    partition: name, definition: table,
                    segments: stored.segments.filter { $0.partition == name }), of: table)
        }
    }

    private func attach(
        _ change: PartitionChange, _ table: TableDefinition, _ stored: TableView,
        _ result: CommandResult, _ completion: @escaping Completion
    ) throws(DatabaseError) {
        guard case .names(let literals) = change.selection else { return }
        let kept = try engine.storage.detachedPartitions(of: table, current: stored.segments)
        var linked: [SegmentEntry] = []
        var names: Set<String> = []
        do throws(DatabaseError) {
            for literal in literals {
                let name = try Self.partitionName(literal, table)
                guard let found = kept.first(where: { $0.partition == name }) else {
                    throw .noDetached(literal.text, at: literal.position)
                }
                if stored.segments.contains(where: { $0.partition == name })
                    || !names.insert(name).inserted
                {
                    throw .partitionExists(literal.text, at: literal.position)
                }
                try Self.check(found, table, literal)
                linked += try engine.storage.linkBack(found, to: table)
            }
        } catch {
            engine.storage.discardSegments(linked, of: table)
            throw error
        }
        let attached = names
        let ending: Completion = { [self] outcome in
            guard case .success = outcome else { return completion(outcome) }
            forgetting(attached, table) { completion(outcome) }
        }
        let entries = linked
        let written = WrittenSegments(table: table, entries: entries)
        apply(result, written: written, completion: ending) { changes in
            changes.exchange([SegmentExchange(removed: nil, seen: entries)], of: table)
        }
    }

    /// A column that was given another type since has another id: its old values would be lost.
    private static func check(
        _ detached: DetachedPartition, _ table: TableDefinition, _ literal: TextLiteral
    ) throws(DatabaseError) {
        for column in detached.definition.columns where table.columnIndex(id: column.id) == nil {
            guard table.columnIndex(named: column.name) != nil else { continue }
            throw .detachedDiffers(literal.text, column: column.name, at: literal.position)
        }
        for (index, column) in table.columns.enumerated() where !table.isNullable(index) {
            guard
                detached.definition.columns.contains(where: { $0.id == column.id && !$0.isNullable }
                )
                    || index == table.timestampIndex
            else {
                throw .detachedDiffers(literal.text, column: column.name, at: literal.position)
            }
        }
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
