import Diagnostics
import Planner
import Values

/// Reads its whole input and gives one row for each group: keys first, then aggregates.
final class AggregateOperator: Operator {
    private let input: any Operator
    private let keys: [BoundExpression]
    private let aggregates: [BoundAggregate]
    private let states: [any AggregateState]
    private let interpreter: Interpreter
    private let budget: MemoryBudget
    private let cancellation: CancellationFlag
    private var groups = GroupTable()
    /// For aggregates of different values only: the pairs of group and value seen.
    private var seen: [Int: GroupTable] = [:]
    private var keyRows: [Batch] = []
    /// What is still to be given, the next batch last; nil before the input was read.
    private var output: [Batch]?

    init(
        _ factory: OperatorFactory, _ input: any Operator, _ keys: [BoundExpression],
        _ aggregates: [BoundAggregate]
    ) {
        self.input = input
        self.keys = keys
        self.aggregates = aggregates
        states = aggregates.map { AggregateStates.make($0) }
        interpreter = factory.interpreter
        budget = factory.budget
        cancellation = factory.context.cancellation
    }

    func next() throws(DatabaseError) -> Batch? {
        if output == nil {
            while let batch = try input.next() {
                try cancellation.check()
                if batch.rowCount > 0 { try add(batch) }
            }
            output = try finish()
        }
        return output?.popLast()
    }

    /// The results of all groups, the first batch last. All of them before the first is given: a sum that
    /// does not fit is told instead of rows, not behind some.
    private func finish() throws(DatabaseError) -> [Batch] {
        if keys.isEmpty { return [try finish([], 0..<1)] }
        var batches: [Batch] = []
        var done = 0
        var parts: [Batch] = []
        var count = 0
        for (place, part) in keyRows.enumerated() {
            parts.append(part)
            count += part.rowCount
            guard count >= Limits.batchRows || place == keyRows.count - 1 else { continue }
            let joined = Selection.concatenate(parts, types: keys.map(\.type))
            batches.append(try finish(joined.columns, done..<done + count))
            done += count
            parts = []
            count = 0
        }
        keyRows = []
        return batches.reversed()
    }

    private func finish(_ keys: [ColumnVector], _ groups: Range<Int>) throws(DatabaseError)
        -> Batch
    {
        var columns = keys
        for state in states {
            try cancellation.check()
            columns.append(try state.finish(groups))
        }
        return Batch(rowCount: groups.count, columns: columns)
    }

    private func add(_ batch: Batch) throws(DatabaseError) {
        let numbers = try keys.isEmpty ? nil : group(batch)
        let count = keys.isEmpty ? 1 : groups.count
        for (index, aggregate) in aggregates.enumerated() {
            var vector: ColumnVector?
            if let argument = aggregate.argument {
                vector = try interpreter.vector(argument, batch)
            }
            var rows = batch.rowCount
            var rowGroups = numbers
            if aggregate.isDistinct, let all = vector {
                let fresh = try firstSeen(index, all, numbers)
                vector = Selection.take(all, fresh)
                rowGroups = numbers.map { numbers in fresh.map { numbers[Int($0)] } }
                rows = fresh.count
            }
            try states[index].add(vector, rows: rows, groups: rowGroups, groupCount: count)
        }
    }

    private func group(_ batch: Batch) throws(DatabaseError) -> [Int32] {
        var columns: [ColumnVector] = []
        for key in keys { columns.append(try interpreter.vector(key, batch)) }
        var known = groups.count
        let before = groups.byteCount
        let numbers = groups.add(columns, count: batch.rowCount)
        try budget.charge(groups.byteCount - before)
        if groups.count > known {
            var rows: [Int32] = []
            for (row, number) in numbers.enumerated() where Int(number) == known {
                rows.append(Int32(row))
                known += 1
            }
            let part = Selection.take(Batch(rowCount: batch.rowCount, columns: columns), rows)
            try budget.charge(part.byteCount)
            keyRows.append(part)
        }
        return numbers
    }

    /// The rows whose value was not seen before in their group.
    private func firstSeen(_ index: Int, _ vector: ColumnVector, _ numbers: [Int32]?)
        throws(DatabaseError) -> [Int32]
    {
        var columns = [vector]
        if let numbers {
            columns.insert(
                ColumnVector.make(.int, count: numbers.count, width: 4) { out in
                    for (row, number) in numbers.enumerated() { out.put(number, row) }
                }, at: 0)
        }
        var table = seen[index] ?? GroupTable()
        seen[index] = nil
        var known = table.count
        let before = table.byteCount
        var rows: [Int32] = []
        for (row, number) in table.add(columns, count: vector.count).enumerated()
        where Int(number) == known {
            known += 1
            rows.append(Int32(row))
        }
        try budget.charge(table.byteCount - before)
        seen[index] = table
        return rows
    }
}
