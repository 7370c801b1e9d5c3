import Catalog
import Diagnostics
import Execution
import Planner
import Storage
import Values

/// Other DEDUP UPSERT KEYS for rows that are there, or none.
///
/// Of rows with equal keys all but the last are gone for whoever reads, though compaction may not have
/// been there yet. Under other keys they would come back, or not, as flushes and compactions happened
/// to fall; so they are taken out before. And as one segment never holds two rows of one key, those
/// go that are equal under the new keys.
struct UpsertKeyChange {
    /// The table as the rows were written.
    let old: TableDefinition
    /// The same columns with the keys that count from now on.
    let new: TableDefinition

    /// - Parameter new: nil where rows are not compared by new keys.
    init(old: TableDefinition, new: TableDefinition?) {
        self.old = old
        self.new = new ?? old.withDedupKeys([])
    }

    init(_ bound: BoundAlter) {
        let keys = bound.altered.dedupKeys
        self.init(
            old: bound.table, new: bound.changesKeyValues ? nil : bound.table.withDedupKeys(keys))
    }

    var isChange: Bool { Set(old.dedupKeys) != Set(new.dedupKeys) }

    /// Rows that are told apart by fewer columns are told apart by more.
    private var canHide: Bool {
        if new.dedupKeys.isEmpty { return false }
        return old.dedupKeys.isEmpty || !Set(old.dedupKeys).isSubset(of: new.dedupKeys)
    }

    /// The sources, all that the table has and in its order, with the rows that stay.
    ///
    /// - Returns: also how many rows go because of the new keys.
    func resolve(_ sources: [any RowSource], _ cancellation: CancellationFlag)
        throws(DatabaseError) -> (sources: [any RowSource], hidden: Int)
    {
        let visible = try VisibleRows.resolve(sources, of: old, cancellation)
        guard canHide else { return (visible, 0) }
        let left = try VisibleRows.resolve(visible, of: new, areUnique: false, cancellation)
        return (left, Self.rows(visible) - Self.rows(left))
    }

    static func rows(_ sources: [any RowSource]) -> Int {
        sources.reduce(0) { $0 + $1.rowCount }
    }
}

extension BoundAlter {
    /// Whether a column of the upsert keys gets other values: which rows are equal then shows when all
    /// have them.
    var changesKeyValues: Bool {
        altered.dedupKeys.contains { table.columnIndex(id: $0) == nil }
    }
}

extension Session {
    func notice(hidden: Int, of table: TableDefinition) {
        if hidden == 0 { return }
        notice(
            .notice, .success,
            "\(hidden) rows of \"\(table.name)\" are gone: later rows have the same keys")
    }

    /// Brings segments that come back into a table to the keys that it has by now. Those that have
    /// hidden rows are removed and others made; when it fails, all that were given are still there.
    func resolve(
        _ linked: [SegmentEntry], of detached: DetachedPartition, _ table: TableDefinition
    ) throws(DatabaseError) -> [SegmentEntry] {
        let old = detached.definition
        let change = UpsertKeyChange(old: old, new: detached.definition(withKeysOf: table))
        if !change.isChange { return linked }
        let storage = engine.storage
        let snapshot = storage.snapshot()
        let sources = zip(linked, detached.segments).map { entry, before in
            let named = entry.withID(entry.id, columnMap: before.columnMap)
            return SnapshotRun(run: storage.run(of: named, table: old), snapshot: snapshot)
        }
        let (left, hidden) = try change.resolve(sources, cancellation)
        var result: [SegmentEntry] = []
        var made: [SegmentEntry] = []
        do throws(DatabaseError) {
            for (entry, rows) in zip(linked, left) {
                guard rows.rowCount < entry.rows, let visible = rows as? VisibleRows else {
                    result.append(entry)
                    continue
                }
                let run = storage.run(of: entry, table: table)
                let written = try write(
                    visible.presented(by: SnapshotRun(run: run, snapshot: snapshot)), of: table,
                    insteadOf: entry)
                made += written
                result += written
            }
        } catch {
            storage.discardSegments(made, of: table)
            throw error
        }
        let kept = Set(result.map(\.id))
        storage.discardSegments(linked.filter { !kept.contains($0.id) }, of: table)
        notice(hidden: hidden, of: table)
        return result
    }

    private func write(
        _ rows: VisibleRows, of table: TableDefinition, insteadOf entry: SegmentEntry
    ) throws(DatabaseError) -> [SegmentEntry] {
        if rows.rowCount == 0 { return [] }
        let stretch = 65_536
        var batches: [Batch] = []
        for begin in stride(from: 0, to: rows.rowCount, by: stretch) {
            try cancellation.check()
            batches.append(
                try rows.batch(
                    columns: Array(table.columns.indices),
                    rows: begin..<min(begin + stretch, rows.rowCount)))
        }
        return try engine.storage.writeSegments(
            batches, of: table, firstLSN: entry.firstLSN, lastLSN: entry.lastLSN)
    }
}
