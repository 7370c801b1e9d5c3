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
    private var current: Side?

    /// A batch of the left side, as far as it was joined.
    private struct Side {
        let batch: Batch
        /// For each row the group of right rows with its keys, -1 for none; nil where all may match.
        let groups: [Int32]?
        var next = 0
    }

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
        while true {
            try cancellation.check()
            if var side = current, side.next < side.batch.rowCount {
                current = nil
                let result = try joinNext(&side, table)
                current = side
                return result
            }
            guard let batch = try left.next() else { return nil }
            current = Side(batch: batch, groups: try leftGroups(batch))
        }
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
        if !join.rightKeys.isEmpty && table.rowCount > 0 { try index(batches) }
        built = table
        return table
    }

    /// Puts the right side's rows into groups of equal keys.
    private func index(_ batches: [Batch]) throws(DatabaseError) {
        var first = 0
        for batch in batches {
            try cancellation.check()
            let keys = try keyColumns(join.rightKeys, batch)
            let numbers = groups.add(keys, count: batch.rowCount)
            while groupRows.count < groups.count { groupRows.append([]) }
            for (row, number) in numbers.enumerated() {
                // NULL is equal to nothing.
                if keys.contains(where: { $0.isNull(row) }) { continue }
                groupRows[Int(number)].append(Int32(first + row))
            }
            first += batch.rowCount
        }
        try budget.charge(groups.byteCount + first * 8)
    }

    private func keyColumns(_ keys: [BoundExpression], _ batch: Batch) throws(DatabaseError)
        -> [ColumnVector]
    {
        var columns: [ColumnVector] = []
        // Two sides may be symbol and string; as strings they are equal.
        try interpreter.allowance.scope { () throws(DatabaseError) in
            for key in keys {
                let column = try interpreter.vector(key, batch)
                try interpreter.takeText(of: column)
                columns.append(Casting.text(column))
            }
        }
        return columns
    }

    private func leftGroups(_ batch: Batch) throws(DatabaseError) -> [Int32]? {
        if join.leftKeys.isEmpty { return nil }
        if batch.rowCount == 0 { return [] }
        let keys = try keyColumns(join.leftKeys, batch)
        var numbers = groups.look(keys, count: batch.rowCount)
        for row in numbers.indices where keys.contains(where: { $0.isNull(row) }) {
            numbers[row] = -1
        }
        return numbers
    }

    /// Joins as many of the left rows as have so many pairs together, and one at least.
    private func joinNext(_ side: inout Side, _ table: Batch) throws(DatabaseError) -> Batch {
        var leftRows: [Int32] = []
        var rightRows: [Int32] = []
        let first = side.next
        while side.next < side.batch.rowCount, leftRows.count < Limits.joinPairs {
            let row = side.next
            side.next += 1
            if let numbers = side.groups {
                if numbers[row] >= 0 { rightRows += groupRows[Int(numbers[row])] }
            } else {
                for other in 0..<table.rowCount { rightRows.append(Int32(other)) }
            }
            while leftRows.count < rightRows.count { leftRows.append(Int32(row)) }
        }
        let bytes = leftRows.count * 8
        try budget.charge(bytes)
        defer { budget.giveBack(bytes) }
        return try combine(side.batch, first..<side.next, table, (leftRows, rightRows))
    }

    private func combine(
        _ batch: Batch, _ rows: Range<Int>, _ table: Batch,
        _ matches: (left: [Int32], right: [Int32])
    ) throws(DatabaseError) -> Batch {
        var (leftRows, rightRows) = matches
        var result = try joined(batch, table, leftRows, rightRows)
        if let condition = join.condition, result.rowCount > 0 {
            let kept = Selection.trueRows(try interpreter.vector(condition, result))
            leftRows = kept.map { leftRows[Int($0)] }
            rightRows = kept.map { rightRows[Int($0)] }
            result = Selection.take(result, kept)
        }
        guard join.kind == .left else { return result }
        var isMatched = [Bool](repeating: false, count: rows.count)
        for row in leftRows { isMatched[Int(row) - rows.lowerBound] = true }
        guard isMatched.contains(false) else { return result }
        for row in rows where !isMatched[row - rows.lowerBound] {
            leftRows.append(Int32(row))
            rightRows.append(-1)
        }
        return try joined(batch, table, leftRows, rightRows)
    }

    /// - Throws: 53200 when strings of one row are to stand in more rows than there is memory for.
    private func joined(_ batch: Batch, _ table: Batch, _ left: [Int32], _ right: [Int32])
        throws(DatabaseError) -> Batch
    {
        try interpreter.allowance.scope { () throws(DatabaseError) in
            for column in batch.columns { try interpreter.takeHeap(of: column, left) }
            for column in table.columns { try interpreter.takeHeap(of: column, right) }
        }
        return Batch(
            rowCount: left.count,
            columns: batch.columns.map { Selection.take($0, left) }
                + table.columns.map { Selection.take($0, right) })
    }
}
