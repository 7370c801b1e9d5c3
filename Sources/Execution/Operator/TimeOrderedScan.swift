import Catalog
import Diagnostics
import Planner
import Storage
import Values

/// Reads a table in the order of its designated timestamp and keeps the rows for which the filter
/// is true. Whoever wants only the first rows stops asking.
final class TimeOrderedScan: Operator {
    private let filter: BoundExpression?
    private let interpreter: Interpreter
    private let cancellation: CancellationFlag
    private var merge: TimeMerge

    init(_ factory: OperatorFactory, _ scan: TimeOrder, timestamp: Int) throws(DatabaseError) {
        filter = scan.filter
        interpreter = factory.interpreter
        cancellation = factory.context.cancellation
        let blocks = BlockFilter(scan.filter, of: scan.table, columns: scan.columns, interpreter)
        let found = try PrunedRows.prune(
            try factory.context.tables.sources(of: scan.table, for: blocks), by: blocks)
        merge = TimeMerge(
            found, columns: scan.columns, timestamp: timestamp, isDescending: scan.isDescending,
            cancellation: cancellation)
    }

    func next() throws(DatabaseError) -> Batch? {
        try cancellation.check()
        guard let batch = try merge.next() else { return nil }
        guard let filter else { return batch }
        return Selection.take(batch, Selection.trueRows(try interpreter.vector(filter, batch)))
    }
}
