package import Catalog
package import Diagnostics
package import Storage
package import Values

/// A source of a table with DEDUP UPSERT KEYS without the rows that later ones hide.
package struct VisibleRows: RowSource {
    private let source: any RowSource
    /// Ascending.
    private let hidden: [Int32]

    /// The sources of a table, given in its order, so that each key is seen once. Those that nothing
    /// overlaps are given back as they are.
    ///
    /// - Parameter areUnique: whether sources that say so have each key of the table once; not where
    ///   the table is to get these keys.
    /// - Throws: 57014; what reading throws.
    package static func resolve(
        _ sources: [any RowSource], of table: TableDefinition, areUnique: Bool = true,
        _ cancellation: CancellationFlag
    ) throws(DatabaseError) -> [any RowSource] {
        guard let resolution = UpsertResolution(table) else { return sources }
        let inputs = sources.map { source in
            UpsertResolution.Input(
                rowCount: source.rowCount, minTimestamp: source.minTimestamp,
                maxTimestamp: source.maxTimestamp, isSorted: source.isSorted,
                isUnique: areUnique && source.hasUniqueKeys
            ) { (columns, rows) throws(DatabaseError) in
                try source.batch(columns: columns, rows: rows)
            }
        }
        let hidden = try resolution.hiddenRows(of: inputs) { () throws(DatabaseError) in
            try cancellation.check()
        }
        return zip(sources, hidden).map { source, hidden in
            hidden.isEmpty ? source : VisibleRows(source: source, hidden: hidden)
        }
    }

    /// The same rows of a source that has them in the same order and other columns.
    package func presented(by other: any RowSource) -> VisibleRows {
        let inner = (source as? VisibleRows)?.presented(by: other)
        return VisibleRows(source: inner ?? other, hidden: hidden)
    }

    package var rowCount: Int { source.rowCount - hidden.count }
    package var minTimestamp: Int64? { source.minTimestamp }
    package var maxTimestamp: Int64? { source.maxTimestamp }
    package var isSorted: Bool { source.isSorted }

    package func candidates(_ filter: BlockFilter) throws(DatabaseError) -> [Range<Int>] {
        try source.candidates(filter).compactMap { range in
            let first = range.lowerBound - hiddenRows(before: range.lowerBound)
            let end = range.upperBound - hiddenRows(before: range.upperBound)
            return first < end ? first..<end : nil
        }
    }

    /// How many hidden rows the source has before one of its rows.
    private func hiddenRows(before row: Int) -> Int {
        var low = 0
        var high = hidden.count
        while low < high {
            let middle = (low + high) / 2
            if Int(hidden[middle]) < row { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package func batch(columns: [Int], rows: Range<Int>) throws(DatabaseError) -> Batch {
        if rows.isEmpty { return try source.batch(columns: columns, rows: 0..<0) }
        let first = place(of: rows.lowerBound)
        let last = place(of: rows.upperBound - 1)
        let batch = try source.batch(columns: columns, rows: first..<last + 1)
        if last - first + 1 == rows.count { return batch }
        var skipped = hidden[numberHidden(before: rows.lowerBound)...]
        var taken: [Int32] = []
        taken.reserveCapacity(rows.count)
        for row in first...last {
            if let next = skipped.first, Int(next) == row {
                skipped.removeFirst()
            } else {
                taken.append(Int32(truncatingIfNeeded: row - first))
            }
        }
        return Selection.take(batch, taken)
    }

    /// The source's row that is the n-th visible one.
    private func place(of row: Int) -> Int { row + numberHidden(before: row) }

    /// How many hidden rows lie before the n-th visible one.
    private func numberHidden(before row: Int) -> Int {
        var low = 0
        var high = hidden.count
        while low < high {
            let middle = (low + high) / 2
            if Int(hidden[middle]) - middle <= row { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
