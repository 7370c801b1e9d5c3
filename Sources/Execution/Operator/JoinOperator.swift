import Diagnostics
import Planner
import Values

/// Joins each batch of the left side with the whole right side, which is read first and, when
/// there are equal keys, put into a table by them.
final class JoinOperator: Operator {
    private let join: BoundJoin
    private let left: any Operator
    private let right: any Operator
    private let interpreter: Interpreter
    private let budget: MemoryBudget
    private let cancellation: CancellationFlag
    private var built: Batch?
    private var groups = GroupTable()
    private var groupRows: [[Int32]] = []
    private var pending: [Batch] = []

    init(
        _ factory: OperatorFactory, _ join: BoundJoin, left: any Operator, right: any Operator
    ) {
        self.join = join
        self.left = left
        self.right = right
        interpreter = factory.interpreter
        budget = factory.budget
        cancellation = factory.context.cancellation
    }

    func next() throws(DatabaseError) -> Batch? {
        let table = try build()
        guard let batch = try left.next() else { return nil }
        if batch.rowCount == 0 { return batch }
        let matches = try candidates(batch, table)
        return try combine(batch, table, matches)
    }

    private func build() throws(DatabaseError) -> Batch {
        if let built { return built }
        var batches: [Batch] = []
        while let batch = try right.next() {
            try cancellation.check()
            guard batch.rowCount > 0 else { continue }
            try budget.charge(batch.byteCount)
            batches.append(batch)
        }
        let table = Selection.concatenate(batches, types: join.rightTypes)
        if !join.rightKeys.isEmpty && table.rowCount > 0 {
            let keys = try keyColumns(join.rightKeys, table)
            let numbers = groups.add(keys, count: table.rowCount)
            groupRows = Array(repeating: [], count: groups.count)
            for (row, number) in numbers.enumerated() {
                // NULL is equal to nothing.
                if keys.contains(where: { $0.isNull(row) }) { continue }
                groupRows[Int(number)].append(Int32(row))
            }
            try budget.charge(groups.byteCount + table.rowCount * 8)
        }
        built = table
        return table
    }

    private func keyColumns(_ keys: [BoundExpression], _ batch: Batch) throws(DatabaseError)
        -> [ColumnVector]
    {
        var columns: [ColumnVector] = []
        // Two sides may be symbol and string; as strings they are equal.
        for key in keys { columns.append(Casting.text(try interpreter.vector(key, batch))) }
        return columns
    }

    /// Pairs of left and right rows that may match.
    private func candidates(_ batch: Batch, _ table: Batch) throws(DatabaseError)
        -> (left: [Int32], right: [Int32])
    {
        var leftRows: [Int32] = []
        var rightRows: [Int32] = []
        if join.leftKeys.isEmpty {
            try budget.charge(batch.rowCount * table.rowCount * 8)
            defer { budget.giveBack(batch.rowCount * table.rowCount * 8) }
            for row in 0..<batch.rowCount {
                try cancellation.check()
                for other in 0..<table.rowCount {
                    leftRows.append(Int32(row))
                    rightRows.append(Int32(other))
                }
            }
            return (leftRows, rightRows)
        }
        let keys = try keyColumns(join.leftKeys, batch)
        let numbers = groups.look(keys, count: batch.rowCount)
        for row in 0..<batch.rowCount where numbers[row] >= 0 {
            if keys.contains(where: { $0.isNull(row) }) { continue }
            for other in groupRows[Int(numbers[row])] {
                leftRows.append(Int32(row))
                rightRows.append(other)
            }
        }
        return (leftRows, rightRows)
    }

    private func combine(
        _ batch: Batch, _ table: Batch, _ matches: (left: [Int32], right: [Int32])
    ) throws(DatabaseError) -> Batch {
        var (leftRows, rightRows) = matches
        var result = joined(batch, table, leftRows, rightRows)
        if let condition = join.condition, result.rowCount > 0 {
            let kept = Selection.trueRows(try interpreter.vector(condition, result))
            leftRows = kept.map { leftRows[Int($0)] }
            rightRows = kept.map { rightRows[Int($0)] }
            result = Selection.take(result, kept)
        }
        guard join.kind == .left else { return result }
        var isMatched = [Bool](repeating: false, count: batch.rowCount)
        for row in leftRows { isMatched[Int(row)] = true }
        guard isMatched.contains(false) else { return result }
        for row in 0..<batch.rowCount where !isMatched[row] {
            leftRows.append(Int32(row))
            rightRows.append(-1)
        }
        return joined(batch, table, leftRows, rightRows)
    }

    private func joined(_ batch: Batch, _ table: Batch, _ left: [Int32], _ right: [Int32]) -> Batch
    {
        Batch(
            rowCount: left.count,
            columns: batch.columns.map { Selection.take($0, left) }
                + table.columns.map { Selection.take($0, right) })
    }
}
