import Catalog
package import Diagnostics
package import Planner
import Storage
package import Values

/// What an UPDATE or DELETE makes of the rows of one source.
package enum ModifiedRows: Sendable {
    /// No row is meant: the source stays as it is.
    case untouched
    /// So many rows were meant, and these rows are to be in the source's place. Complete, in the
    /// order of the source; without rows when all are gone.
    /// `returned` are the rows meant, as they are now or were until now; nil when nobody asked.
    case changed(hits: Int, rest: Batch, returned: Batch?)
}

/// Finds the rows that an UPDATE or DELETE means, one source at a time, and computes what is left.
///
/// Holds one source's changed columns in memory, never more, and charges them to the query's
/// budget. Used by one thread at a time.
package final class RowModifier {
    private let modification: BoundModification
    private let context: ExecutionContext
    private let interpreter: Interpreter
    private let budget: MemoryBudget
    private let blocks: BlockFilter?
    /// The filter over the columns in `filterColumns`.
    private let filter: BoundExpression?
    private let filterColumns: [Int]
    private let keepsHits: Bool

    /// - Parameter keepsHits: whether somebody wants the rows meant.
    package init(
        _ modification: BoundModification, _ context: ExecutionContext, keepsHits: Bool = false
    ) {
        self.keepsHits = keepsHits
        self.modification = modification
        self.context = context
        budget = MemoryBudget(context.memoryBytes)
        interpreter = Interpreter(
            parameters: context.parameters, Allowance(budget, context.cancellation))
        filterColumns = modification.filter?.columnIndexes ?? []
        let places = Self.places(of: filterColumns)
        filter = modification.filter?.mappingColumns { places[$0] ?? 0 }
        blocks = BlockFilter(
            modification.filter, of: modification.table,
            columns: Array(modification.table.columns.indices), interpreter)
    }

    /// - Throws: 23502 where a value must be, 53200 above the query's memory, 57014 when the
    ///   statement was cancelled, what computing throws.
    package func modify(_ source: any RowSource) throws(DatabaseError) -> ModifiedRows {
        try context.cancellation.check()
        if source.rowCount == 0 { return .untouched }
        if case .delete = modification.change, filter == nil {
            let all = keepsHits ? try whole(source) : nil
            return .changed(hits: source.rowCount, rest: nothing, returned: all)
        }
        let hits = try find(in: source)
        let count = hits.reduce(0) { $0 + $1.rows.count }
        if count == 0 { return .untouched }
        switch modification.change {
        case .delete:
            let rest = try rest(of: source, without: hits, count)
            let gone = keepsHits ? take(hits, of: try whole(source)) : nil
            return .changed(hits: count, rest: rest, returned: gone)
        case .update(let assignments):
            let rest = try update(source, hits, count, assignments)
            return .changed(
                hits: count, rest: rest, returned: keepsHits ? take(hits, of: rest) : nil)
        }
    }

    private func whole(_ source: any RowSource) throws(DatabaseError) -> Batch {
        let batch = try source.batch(
            columns: Array(modification.table.columns.indices), rows: 0..<source.rowCount)
        // Given back with the statement's budget: the rows stay until its end.
        try budget.charge(batch.byteCount)
        return batch
    }

    private func take(_ hits: [Hits], of batch: Batch) -> Batch {
        var rows: [Int32] = []
        for part in hits {
            let begin = Int32(part.range.lowerBound)
            rows += part.rows.map { begin + $0 }
        }
        return Selection.take(batch, rows)
    }

    // MARK: - Which rows

    /// The rows meant in one stretch of a source, counted from its begin.
    private struct Hits {
        let range: Range<Int>
        let rows: [Int32]
    }

    private func find(in source: any RowSource) throws(DatabaseError) -> [Hits] {
        var found: [Hits] = []
        for range in try stretches(of: source) {
            try context.cancellation.check()
            guard let filter else {
                found.append(Hits(range: range, rows: (0..<Int32(range.count)).map { $0 }))
                continue
            }
            let batch = try source.batch(columns: filterColumns, rows: range)
            let rows = Selection.trueRows(try interpreter.vector(filter, batch))
            if !rows.isEmpty { found.append(Hits(range: range, rows: rows)) }
        }
        return found
    }

    /// The rows that may be meant, a batch at a time.
    private func stretches(of source: any RowSource) throws(DatabaseError) -> [Range<Int>] {
        let candidates = try blocks.map { filter throws(DatabaseError) in
            try source.candidates(filter)
        }
        return (candidates ?? [0..<source.rowCount]).flatMap { range in
            stride(from: range.lowerBound, to: range.upperBound, by: Limits.batchRows).map {
                $0..<min($0 + Limits.batchRows, range.upperBound)
            }
        }
    }

    private static func places(of columns: [Int]) -> [Int: Int] {
        Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
    }

    // MARK: - DELETE

    private var nothing: Batch {
        let types = modification.table.columns.map(\.type)
        return Batch(rowCount: 0, columns: types.map { ColumnBuilder(type: $0).makeVector() })
    }

    private func rest(of source: any RowSource, without hits: [Hits], _ count: Int)
        throws(DatabaseError) -> Batch
    {
        if count == source.rowCount { return nothing }
        var isGone = [Bool](repeating: false, count: source.rowCount)
        for part in hits {
            for row in part.rows { isGone[part.range.lowerBound + Int(row)] = true }
        }
        let kept = isGone.indices.filter { !isGone[$0] }.map { Int32($0) }
        let whole = try source.batch(
            columns: Array(modification.table.columns.indices), rows: 0..<source.rowCount)
        let bytes = whole.byteCount
        try budget.charge(bytes)
        defer { budget.giveBack(bytes) }
        return Selection.take(whole, kept)
    }

    // MARK: - UPDATE

    private func update(
        _ source: any RowSource, _ hits: [Hits], _ count: Int,
        _ assignments: [BoundModification.Assignment]
    ) throws(DatabaseError) -> Batch {
        var charged = 0
        defer { budget.giveBack(charged) }
        let parts = try compute(source, hits, assignments, &charged)
        let whole = try source.batch(
            columns: Array(modification.table.columns.indices), rows: 0..<source.rowCount)
        var columns = whole.columns
        for (assignment, parts) in zip(assignments, parts) {
            let type = modification.table.columns[assignment.column].type
            if count == source.rowCount {
                columns[assignment.column] = Selection.concatenate(parts, type: type, count: count)
                continue
            }
            let old = columns[assignment.column]
            // Old and new behind each other, and then each row from where it is now.
            let bytes = 2 * (old.values.count + (old.heap?.count ?? 0))
            charged += bytes
            try budget.charge(bytes)
            let both = Selection.concatenate(
                [old] + parts, type: type, count: source.rowCount + count)
            columns[assignment.column] = Selection.take(both, places(source.rowCount, hits))
            try context.cancellation.check()
        }
        return Batch(rowCount: source.rowCount, columns: columns)
    }

    private func places(_ rowCount: Int, _ hits: [Hits]) -> [Int32] {
        var places = (0..<Int32(rowCount)).map { $0 }
        var next = Int32(rowCount)
        for part in hits {
            for row in part.rows {
                places[part.range.lowerBound + Int(row)] = next
                next += 1
            }
        }
        return places
    }

    /// Computes the new values of the rows meant: per assignment a vector per stretch.
    private func compute(
        _ source: any RowSource, _ hits: [Hits], _ assignments: [BoundModification.Assignment],
        _ charged: inout Int
    ) throws(DatabaseError) -> [[ColumnVector]] {
        let read = Set(assignments.flatMap { $0.value.columnIndexes }).sorted()
        let places = Self.places(of: read)
        let values = assignments.map { $0.value.mappingColumns { places[$0] ?? 0 } }
        var parts = [[ColumnVector]](repeating: [], count: assignments.count)
        var heapBytes = [Int](repeating: 0, count: assignments.count)
        for part in hits {
            try context.cancellation.check()
            let batch = Selection.take(
                try source.batch(columns: read, rows: part.range), part.rows)
            for (index, value) in values.enumerated() {
                let vector = try interpreter.vector(value, batch)
                try checkNulls(vector, of: assignments[index].column)
                heapBytes[index] += vector.heap?.count ?? 0
                if heapBytes[index] > Limits.columnHeapBytes { throw .columnTooLarge() }
                let bytes = 2 * (vector.values.count + (vector.heap?.count ?? 0))
                charged += bytes
                try budget.charge(bytes)
                parts[index].append(vector)
            }
        }
        return parts
    }

    private func checkNulls(_ vector: ColumnVector, of index: Int) throws(DatabaseError) {
        let column = modification.table.columns[index]
        if column.isNullable && index != modification.table.timestampIndex { return }
        if vector.validity == nil { return }
        if (0..<vector.count).contains(where: { vector.isNull($0) }) {
            throw .nullInColumn(column.name, of: modification.table.name)
        }
    }
}
