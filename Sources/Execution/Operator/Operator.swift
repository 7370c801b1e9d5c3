import Catalog
import Diagnostics
import Planner
import Values

/// A node of a running query: gives batches until there are none.
protocol Operator: AnyObject {
    func next() throws(DatabaseError) -> Batch?
}

/// Counts what a query gathers in memory.
final class MemoryBudget {
    private var rest: Int
    private let limit: Int

    init(_ limit: Int) {
        self.limit = limit
        rest = limit
    }

    func charge(_ bytes: Int) throws(DatabaseError) {
        rest -= bytes
        if rest < 0 { throw .memoryLimit(limit) }
    }

    func giveBack(_ bytes: Int) { rest += bytes }
}

extension Batch {
    /// Roughly the bytes the batch keeps alive, without dictionaries.
    var byteCount: Int {
        columns.reduce(16) { $0 + $1.values.count + ($1.heap?.count ?? 0) }
    }
}

/// Makes operators of plans.
struct OperatorFactory {
    let context: ExecutionContext
    let interpreter: Interpreter
    let budget: MemoryBudget

    init(_ context: ExecutionContext) {
        self.context = context
        budget = MemoryBudget(context.memoryBytes)
        interpreter = Interpreter(
            parameters: context.parameters, Allowance(budget, context.cancellation))
    }

    func make(_ plan: Plan) throws(DatabaseError) -> any Operator {
        switch plan {
        case .oneRow: return BatchOperator(Batch(rowCount: 1, columns: []))
        case .scan(let table, let columns, let filter):
            return try ScanOperator(self, table, columns, filter)
        case .timeOrder(let scan):
            guard let timestamp = scan.table.timestampIndex else {
                preconditionFailure("only tables with a designated timestamp have an order of time")
            }
            return try TimeOrderedScan(self, scan, timestamp: timestamp)
        case .system(let relation, let arguments):
            var values: [Value] = []
            for argument in arguments { values.append(try interpreter.constant(argument)) }
            return try SystemOperator(relation, values)
        case .filter(let input, let condition):
            return FilterOperator(try make(input), condition, interpreter)
        case .project(let input, let outputs):
            return ProjectOperator(try make(input), outputs, interpreter)
        case .aggregate(let input, let keys, let aggregates):
            return AggregateOperator(self, try make(input), keys, aggregates)
        case .distinct(let input): return DistinctOperator(try make(input), budget)
        case .sort(let input, let keys, let first):
            let rows = try first.flatMap { limit throws(DatabaseError) in try self.first(limit) }
            return SortOperator(self, try make(input), keys, first: rows)
        case .limit(let input, let limit):
            return LimitOperator(
                try make(input), count: try count(limit.count, "LIMIT"),
                offset: try count(limit.offset, "OFFSET") ?? 0)
        case .join(let join):
            return JoinOperator(self, join, left: try make(join.left), right: try make(join.right))
        }
    }

    private func count(_ expression: BoundExpression?, _ clause: String) throws(DatabaseError)
        -> Int?
    {
        guard let expression, case .integer(let number) = try interpreter.constant(expression)
        else { return nil }
        if number < 0 { throw .negativeCount(clause) }
        return Int(number)
    }

    private func first(_ limit: BoundLimit) throws(DatabaseError) -> Int? {
        guard let count = try count(limit.count, "LIMIT") else { return nil }
        let (sum, overflow) = count.addingReportingOverflow(
            try self.count(limit.offset, "OFFSET") ?? 0)
        return overflow ? nil : sum
    }
}

/// One batch that is there already.
final class BatchOperator: Operator {
    private var batch: Batch?

    init(_ batch: Batch) { self.batch = batch }

    func next() -> Batch? {
        defer { batch = nil }
        return batch
    }
}

/// The rows of a system relation, a piece at a time: between them whoever asks can be cancelled.
final class SystemOperator: Operator {
    private let relation: any SystemRelation
    private let arguments: [Value]
    private var batch: Batch?
    private var pieces = 0

    init(_ relation: any SystemRelation, _ arguments: [Value]) throws(DatabaseError) {
        self.relation = relation
        self.arguments = arguments
        batch = try relation.makeBatch(arguments: arguments, piece: 0)
    }

    func next() throws(DatabaseError) -> Batch? {
        guard let batch else { return nil }
        pieces += 1
        self.batch = try relation.makeBatch(arguments: arguments, piece: pieces)
        return batch
    }
}

final class FilterOperator: Operator {
    private let input: any Operator
    private let condition: BoundExpression
    private let interpreter: Interpreter

    init(_ input: any Operator, _ condition: BoundExpression, _ interpreter: Interpreter) {
        self.input = input
        self.condition = condition
        self.interpreter = interpreter
    }

    func next() throws(DatabaseError) -> Batch? {
        guard let batch = try input.next() else { return nil }
        let rows = Selection.trueRows(try interpreter.vector(condition, batch))
        return Selection.take(batch, rows)
    }
}

final class ProjectOperator: Operator {
    private let input: any Operator
    private let outputs: [BoundExpression]
    private let interpreter: Interpreter

    init(_ input: any Operator, _ outputs: [BoundExpression], _ interpreter: Interpreter) {
        self.input = input
        self.outputs = outputs
        self.interpreter = interpreter
    }

    func next() throws(DatabaseError) -> Batch? {
        guard let batch = try input.next() else { return nil }
        // An empty batch has no rows to fail on, and constants are computed for none.
        if batch.rowCount == 0 { return Batch(rowCount: 0, columns: []) }
        var columns: [ColumnVector] = []
        columns.reserveCapacity(outputs.count)
        // All columns of the batch are there at once.
        try interpreter.allowance.scope { () throws(DatabaseError) in
            for output in outputs { columns.append(try interpreter.vector(output, batch)) }
        }
        return Batch(rowCount: batch.rowCount, columns: columns)
    }
}

final class LimitOperator: Operator {
    private var input: (any Operator)?
    private var rest: Int
    private var skip: Int

    init(_ input: any Operator, count: Int?, offset: Int) {
        self.input = input
        rest = count ?? .max
        skip = offset
    }

    func next() throws(DatabaseError) -> Batch? {
        guard rest > 0, let input else {
            input = nil
            return nil
        }
        guard let batch = try input.next() else { return nil }
        let from = min(skip, batch.rowCount)
        skip -= from
        let to = from + min(rest, batch.rowCount - from)
        rest -= to - from
        if from == 0 && to == batch.rowCount { return batch }
        return Selection.take(batch, (from..<to).map { Int32($0) })
    }
}

/// Gives each different row once.
final class DistinctOperator: Operator {
    private let input: any Operator
    private let budget: MemoryBudget
    private var groups = GroupTable()

    init(_ input: any Operator, _ budget: MemoryBudget) {
        self.input = input
        self.budget = budget
    }

    func next() throws(DatabaseError) -> Batch? {
        guard let batch = try input.next() else { return nil }
        var known = groups.count
        let before = groups.byteCount
        var rows: [Int32] = []
        for (row, group) in groups.add(batch.columns, count: batch.rowCount).enumerated()
        where Int(group) == known {
            rows.append(Int32(row))
            known += 1
        }
        try budget.charge(groups.byteCount - before)
        return Selection.take(batch, rows)
    }
}
