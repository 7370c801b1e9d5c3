import Catalog
import Diagnostics
import Planner
import Storage
import Values

/// Reads a table, source by source, and keeps the rows for which the filter is true.
final class ScanOperator: Operator {
    private let columns: [Int]
    private let filter: BoundExpression?
    private let interpreter: Interpreter
    private var sources: ArraySlice<any RowSource>
    private var row = 0

    init(
        _ factory: OperatorFactory, _ table: TableDefinition, _ columns: [Int],
        _ filter: BoundExpression?
    ) throws(DatabaseError) {
        self.columns = columns
        self.filter = filter
        interpreter = factory.interpreter
        let blocks = BlockFilter(filter, of: table, columns: columns, interpreter)
        let found = try PrunedRows.prune(
            try factory.context.tables.sources(of: table, for: blocks), by: blocks)
        // Runs come in the order of time, as far as they do not overlap.
        sources =
            found.enumerated().sorted { left, right in
                let first = left.element.minTimestamp ?? .max
                let second = right.element.minTimestamp ?? .max
                return first == second ? left.offset < right.offset : first < second
            }.map(\.element)[...]
    }

    func next() throws(DatabaseError) -> Batch? {
        while let source = sources.first, row >= source.rowCount {
            sources.removeFirst()
            row = 0
        }
        guard let source = sources.first else { return nil }
        if columns.isEmpty && filter == nil {
            defer { row = source.rowCount }
            return Batch(rowCount: min(source.rowCount, Limits.countedRows), columns: [])
        }
        let end = min(source.rowCount, row + Limits.batchRows)
        let rows = (source as? PrunedRows)?.stretch(of: row..<end) ?? row..<end
        let batch = try source.batch(columns: columns, rows: rows)
        row = rows.upperBound
        guard let filter else { return batch }
        return Selection.take(batch, Selection.trueRows(try interpreter.vector(filter, batch)))
    }
}
