import Diagnostics
import Planner
import Values

/// Operations that evaluate an argument only for the rows that need it: `x <> 0 AND 1 / x > 2`
/// must not divide by the zeros.
extension Interpreter {
    func logical(_ operation: Operation, _ arguments: [BoundExpression], _ batch: Batch)
        throws(DatabaseError) -> Operand
    {
        let count = batch.rowCount
        let left = try vector(arguments[0], batch)
        let decided: UInt8 = operation == .and ? 0 : 1
        let right: ColumnVector
        if arguments[1].canFail {
            let open = (0..<count).filter {
                left.isNull($0) || left.load($0, UInt8.self) != decided
            }
            right = try evaluate(arguments[1], batch, rows: open.map { Int32($0) })
        } else {
            right = try vector(arguments[1], batch)
        }
        return .vector(Self.combine(operation, left, right))
    }

    /// Computes an expression for some rows; the others are NULL.
    private func evaluate(_ expression: BoundExpression, _ batch: Batch, rows: [Int32])
        throws(DatabaseError) -> ColumnVector
    {
        if rows.count == batch.rowCount { return try vector(expression, batch) }
        let part = try vector(expression, Selection.take(batch, rows))
        var places = [Int32](repeating: -1, count: batch.rowCount)
        for (index, row) in rows.enumerated() { places[Int(row)] = Int32(index) }
        return Selection.take(part, places)
    }

    private static func combine(_ operation: Operation, _ left: ColumnVector, _ right: ColumnVector)
        -> ColumnVector
    {
        let count = left.count
        if left.validity == nil, right.validity == nil {
            return ColumnVector.make(.boolean, count: count, width: 1) { out in
                let first = Side<UInt8>.vector(left)
                let second = Side<UInt8>.vector(right)
                if operation == .and {
                    zipElements(first, second, count: count, into: &out) { $0 & $1 }
                } else {
                    zipElements(first, second, count: count, into: &out) { $0 | $1 }
                }
            }
        }
        var valid = [UInt8](repeating: 1, count: count)
        var values = [UInt8](repeating: 0, count: count)
        let decided: UInt8 = operation == .and ? 0 : 1
        for row in 0..<count {
            let first = left.isNull(row) ? nil : left.load(row, UInt8.self)
            let second = right.isNull(row) ? nil : right.load(row, UInt8.self)
            if first == decided || second == decided {
                values[row] = decided
            } else if first == nil || second == nil {
                valid[row] = 0
            } else {
                values[row] = 1 - decided
            }
        }
        return ColumnVector.make(.boolean, count: count, width: 1, validity: Validity.pack(valid)) {
            out in
            for row in 0..<count { out.put(values[row], row) }
        }
    }

    func conditional(
        _ branches: [BoundExpression], _ otherwise: BoundExpression?, _ type: ValueType,
        _ batch: Batch
    ) throws(DatabaseError) -> Operand {
        let count = batch.rowCount
        var places = [Int32](repeating: -1, count: count)
        var open = (0..<count).map { Int32($0) }
        var parts: [ColumnVector] = []
        var total = 0
        for index in stride(from: 0, to: branches.count, by: 2) where !open.isEmpty {
            let rest = Selection.take(batch, open)
            let chosen = Selection.trueRows(try vector(branches[index], rest))
            guard !chosen.isEmpty else { continue }
            let part = try vector(branches[index + 1], Selection.take(rest, chosen))
            for (offset, row) in chosen.enumerated() {
                places[Int(open[Int(row)])] = Int32(total + offset)
            }
            total += part.count
            parts.append(part)
            var isChosen = [Bool](repeating: false, count: open.count)
            for row in chosen { isChosen[Int(row)] = true }
            open = open.indices.filter { !isChosen[$0] }.map { open[$0] }
        }
        if let otherwise, !open.isEmpty {
            let part = try vector(otherwise, Selection.take(batch, open))
            for (offset, row) in open.enumerated() { places[Int(row)] = Int32(total + offset) }
            total += part.count
            parts.append(part)
        }
        if parts.isEmpty { return .scalar(.null, type) }
        let joined = Selection.concatenate(parts, type: type, count: total)
        return .vector(Selection.take(joined, places))
    }

    func coalesce(_ arguments: [BoundExpression], _ type: ValueType, _ batch: Batch)
        throws(DatabaseError) -> Operand
    {
        var places = [Int32](repeating: -1, count: batch.rowCount)
        var open = (0..<batch.rowCount).map { Int32($0) }
        var parts: [ColumnVector] = []
        var total = 0
        for argument in arguments where !open.isEmpty {
            let part = try vector(argument, Selection.take(batch, open))
            var rest: [Int32] = []
            for (offset, row) in open.enumerated() {
                if part.isNull(offset) {
                    rest.append(row)
                } else {
                    places[Int(row)] = Int32(total + offset)
                }
            }
            total += part.count
            parts.append(part)
            open = rest
        }
        if parts.isEmpty { return .scalar(.null, type) }
        let joined = Selection.concatenate(parts, type: type, count: total)
        return .vector(Selection.take(joined, places))
    }

    func between(_ operands: [Operand], _ count: Int) throws(DatabaseError) -> Operand {
        let lower = try compare(.greaterOrEqual, operands[0], operands[1], count).spread(count)
        let upper = try compare(.lessOrEqual, operands[0], operands[2], count).spread(count)
        return .vector(Self.combine(.and, lower, upper))
    }

    func nullIf(_ operands: [Operand], _ type: ValueType, _ count: Int)
        throws(DatabaseError) -> Operand
    {
        let same = try compare(.equal, operands[0], operands[1], count).spread(count)
        let first = try spread(operands[0], count)
        try takeText(of: first)
        let values = Casting.text(first)
        let places = (0..<count).map { row in
            !same.isNull(row) && same.load(row, UInt8.self) != 0 ? Int32(-1) : Int32(row)
        }
        return .vector(Selection.take(values, places))
    }

    func inList(_ arguments: [BoundExpression], _ batch: Batch) throws(DatabaseError) -> Operand {
        let count = batch.rowCount
        let operand = Operand.vector(try spread(try evaluate(arguments[0], batch), count))
        var result: ColumnVector?
        for argument in arguments.dropFirst() {
            let item = try evaluate(argument, batch)
            let same = try compare(.equal, operand, item, count).spread(count)
            result = result.map { Self.combine(.or, $0, same) } ?? same
        }
        guard let result else { return .scalar(.boolean(false), .boolean) }
        return .vector(result)
    }
}
