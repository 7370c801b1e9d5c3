import Catalog
import Diagnostics
import Planner
import Values

/// Reads a table in the order of its designated timestamp and keeps the rows for which the filter
/// is true. Whoever wants only the first rows stops asking.
final class TimeOrderedScan: Operator {
    private let filter: BoundExpression?
    private let interpreter: Interpreter
    private let cancellation: CancellationFlag
    private var merge: TimeMerge

    init(
        _ factory: OperatorFactory, _ scan: TimeOrder, sources: [any RowSource], timestamp: Int
    ) {
        filter = scan.filter
        interpreter = factory.interpreter
        cancellation = factory.context.cancellation
        var found = sources
        if let filter, let position = scan.columns.firstIndex(of: timestamp) {
            var range = TimeRange()
            range.narrow(by: filter, column: position, interpreter)
            found = found.filter { range.meets($0.minTimestamp, $0.maxTimestamp) }
        }
        merge = TimeMerge(
            found, columns: scan.columns, timestamp: timestamp, isDescending: scan.isDescending)
    }

    func next() throws(DatabaseError) -> Batch? {
        try cancellation.check()
        guard let batch = try merge.next() else { return nil }
        guard let filter else { return batch }
        return Selection.take(batch, Selection.trueRows(try interpreter.vector(filter, batch)))
    }
}
