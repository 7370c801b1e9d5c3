import Catalog
import Diagnostics
import Planner
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
        var found = try factory.context.tables.sources(of: table)
        if let timestamp = table.timestampIndex, let filter,
            let position = columns.firstIndex(of: timestamp)
        {
            var range = TimeRange()
            range.narrow(by: filter, column: position, interpreter)
            found = found.filter { range.meets($0.minTimestamp, $0.maxTimestamp) }
        }
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
        let batch = try source.batch(columns: columns, rows: row..<end)
        row = end
        guard let filter else { return batch }
        let rows = Selection.trueRows(try interpreter.vector(filter, batch))
        return Selection.take(batch, rows)
    }
}

/// The moments that a filter leaves possible.
struct TimeRange {
    private(set) var first = Int64.min
    private(set) var last = Int64.max

    func meets(_ minimum: Int64?, _ maximum: Int64?) -> Bool {
        guard let minimum, let maximum else { return true }
        return minimum <= last && maximum >= first
    }

    /// Uses the parts of a conjunction that compare the designated timestamp with a constant.
    mutating func narrow(by filter: BoundExpression, column: Int, _ interpreter: Interpreter) {
        guard case .operation(let operation, let arguments) = filter.kind else { return }
        if operation == .between, case .column(column) = arguments[0].kind {
            if let lower = Self.moment(arguments[1], interpreter) { narrow(.greaterOrEqual, lower) }
            if let upper = Self.moment(arguments[2], interpreter) { narrow(.lessOrEqual, upper) }
            return
        }
        guard arguments.count == 2 else { return }
        if operation == .and {
            for argument in arguments { narrow(by: argument, column: column, interpreter) }
            return
        }
        if case .column(column) = arguments[0].kind,
            let bound = Self.moment(arguments[1], interpreter)
        {
            narrow(operation, bound)
        } else if case .column(column) = arguments[1].kind,
            let bound = Self.moment(arguments[0], interpreter)
        {
            narrow(operation.mirrored, bound)
        }
    }

    private static func moment(_ expression: BoundExpression, _ interpreter: Interpreter) -> Int64?
    {
        switch expression.kind {
        case .constant, .parameter:
            // What cannot be computed narrows nothing; the filter itself will say why.
            guard case .timestamp(let moment)? = try? interpreter.constant(expression) else {
                return nil
            }
            return moment
        case .column, .operation, .conditional: return nil
        }
    }

    private mutating func narrow(_ operation: Operation, _ moment: Int64) {
        switch operation {
        case .equal:
            first = max(first, moment)
            last = min(last, moment)
        case .greater, .greaterOrEqual: first = max(first, moment)
        case .less, .lessOrEqual: last = min(last, moment)
        default: break
        }
    }
}
