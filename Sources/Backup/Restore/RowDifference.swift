import Catalog
import Diagnostics
import Storage
import Values

/// Counts the rows that some live segments have and some segments of a backup lack.
///
/// Rows are compared as a whole, whatever their order and however they are cut into segments, so
/// that compaction counts for nothing. Two rows that are equal in every column are the same row. Rows
/// that a later one of the same upsert key hides are no rows: the segments given are to be all of
/// their partitions then.
struct RowDifference {
    let theirs: TableView
    let ours: TableView
    let checkCancelled: () throws(DatabaseError) -> Void

    /// - Parameter live: ids of segments of `ours`.
    /// - Parameter stored: ids of segments of `theirs`.
    func rowsOnly(in live: [SegmentEntry], not stored: [SegmentEntry]) throws(DatabaseError)
        -> RestorePlan.LostRows
    {
        let count = live.reduce(0) { $0 + $1.rows }
        if live.isEmpty { return RestorePlan.LostRows(count: 0, isExact: true) }
        let compared = count + stored.reduce(0) { $0 + $1.rows }
        guard compared <= Limits.comparedRows else {
            return RestorePlan.LostRows(count: count, isExact: false)
        }
        var surplus: [Int: Int] = [:]
        let ownColumns = Array(ours.definition.columns.indices)
        try visit(ours, live, columns: ownColumns) { surplus[$0, default: 0] += 1 }
        var theirColumns: [Int] = []
        for column in ours.definition.columns {
            // The caller has compared the columns: every one is there.
            guard let index = theirs.definition.columnIndex(named: column.name) else {
                return RestorePlan.LostRows(count: count, isExact: false)
            }
            theirColumns.append(index)
        }
        try visit(theirs, stored, columns: theirColumns) { hash in
            if let left = surplus[hash] { surplus[hash] = left > 1 ? left - 1 : nil }
        }
        return RestorePlan.LostRows(count: surplus.values.reduce(0, +), isExact: true)
    }

    private func visit(
        _ table: TableView, _ entries: [SegmentEntry], columns: [Int], _ body: (Int) -> Void
    ) throws(DatabaseError) {
        let wanted = Set(entries.map(\.id))
        let runs = table.runs.filter { $0.segment.map { wanted.contains($0.id) } ?? false }
        let hidden = try hiddenRows(of: runs, in: table)
        for (run, hidden) in zip(runs, hidden) {
            var skipped = hidden[...]
            for begin in stride(from: 0, to: run.rowCount, by: Limits.comparedBatchRows) {
                try checkCancelled()
                let end = min(begin + Limits.comparedBatchRows, run.rowCount)
                let batch = try run.batch(columns: columns, rows: begin..<end)
                for row in 0..<batch.rowCount {
                    if let next = skipped.first, Int(next) == begin + row {
                        skipped.removeFirst()
                    } else {
                        body(hash(batch, row))
                    }
                }
            }
        }
    }

    private func hiddenRows(of runs: [Run], in table: TableView) throws(DatabaseError)
        -> [[Int32]]
    {
        guard let resolution = UpsertResolution(table.definition) else {
            return runs.map { _ in [] }
        }
        return try resolution.hiddenRows(
            of: runs.map { run in
                UpsertResolution.Input(
                    rowCount: run.rowCount, minTimestamp: run.minTimestamp,
                    maxTimestamp: run.maxTimestamp, isSorted: run.isSorted, isUnique: true
                ) { (columns, rows) throws(DatabaseError) in
                    try checkCancelled()
                    return try run.batch(columns: columns, rows: rows)
                }
            })
    }

    private func hash(_ batch: Batch, _ row: Int) -> Int {
        var hasher = Hasher()
        for column in batch.columns { hasher.combine(column.value(at: row)) }
        return hasher.finalize()
    }
}
