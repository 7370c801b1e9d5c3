import Bytes
import Diagnostics
import Planner
import Values

/// Computes bound expressions over batches. One per query: it knows the parameters and remembers
/// what it found out about dictionaries.
final class Interpreter {
    private let parameters: [Value]
    private var tables = DictionaryTables()
    let allowance: Allowance

    init(parameters: [Value], _ allowance: Allowance) {
        self.parameters = parameters
        self.allowance = allowance
    }

    /// Computes one value per row.
    func vector(_ expression: BoundExpression, _ batch: Batch) throws(DatabaseError)
        -> ColumnVector
    {
        try allowance.scope { () throws(DatabaseError) -> ColumnVector in
            let result = try spread(try evaluate(expression, batch), batch.rowCount)
            // An expression's column may be a symbol where a string was promised.
            return result.type == expression.type ? result : try cast(result, to: expression.type)
        }
    }

    /// One value per row, whatever it was; charged when one long value becomes many.
    func spread(_ operand: Operand, _ count: Int) throws(DatabaseError) -> ColumnVector {
        if case .scalar(let value, _) = operand, count > 1 {
            try take(heap: value.heapByteCount * count)
        }
        return operand.spread(count)
    }

    /// Charges for the strings and arrays of some rows, each of which may be wanted many times.
    func takeHeap(of vector: ColumnVector, _ rows: [Int32]) throws(DatabaseError) {
        guard vector.heap != nil else { return }
        var bytes = 0
        for row in rows where row >= 0 {
            let begin = vector.load(Int(row), UInt32.self)
            bytes += Int(vector.load(Int(row) + 1, UInt32.self)) - Int(begin)
        }
        try take(heap: bytes)
    }

    private func take(heap bytes: Int) throws(DatabaseError) {
        guard bytes <= Limits.batchHeapBytes else { throw .batchTooLarge() }
        try allowance.take(bytes)
    }

    /// Charges for the strings of symbols, which are one in the dictionary and many in a column.
    func takeText(of vector: ColumnVector) throws(DatabaseError) {
        guard vector.type == .symbol, let dictionary = vector.dictionary else { return }
        let strings = dictionary.strings
        var bytes = 0
        for row in 0..<vector.count where !vector.isNull(row) {
            let code = Int(vector.load(row, UInt32.self))
            if code < strings.count { bytes += strings[code].utf8.count }
        }
        try take(heap: bytes)
    }

    /// Computes an expression without columns.
    func constant(_ expression: BoundExpression) throws(DatabaseError) -> Value {
        if case .constant(let value) = expression.kind { return value }
        return try vector(expression, Batch(rowCount: 1, columns: [])).value(at: 0)
    }

    func evaluate(_ expression: BoundExpression, _ batch: Batch) throws(DatabaseError) -> Operand {
        switch expression.kind {
        case .constant(let value): return .scalar(value, expression.type)
        case .column(let index): return .vector(batch.columns[index])
        case .parameter(let index):
            guard index < parameters.count else { throw .missingParameter(index + 1) }
            return .scalar(parameters[index], expression.type)
        case .operation(let operation, let arguments):
            do throws(DatabaseError) {
                return try evaluate(operation, arguments, expression, batch)
            } catch {
                throw error.at(expression.position)
            }
        case .conditional(let branches, let otherwise):
            return try conditional(branches, otherwise, expression.type, batch)
        }
    }

    private func evaluate(
        _ operation: Operation, _ arguments: [BoundExpression], _ expression: BoundExpression,
        _ batch: Batch
    ) throws(DatabaseError) -> Operand {
        switch operation {
        case .and, .or: return try logical(operation, arguments, batch)
        case .coalesce: return try coalesce(arguments, expression.type, batch)
        case .inList: return try inList(arguments, batch)
        case .call(let call):
            var builder = ColumnBuilder(type: call.type)
            for _ in 0..<batch.rowCount { builder.append(try call.compute()) }
            return .vector(builder.makeVector())
        default: break
        }
        var operands: [Operand] = []
        operands.reserveCapacity(arguments.count)
        for argument in arguments { operands.append(try evaluate(argument, batch)) }
        let allScalar = operands.allSatisfy { if case .scalar = $0 { true } else { false } }
        let count = allScalar ? 1 : batch.rowCount
        let result = try apply(operation, operands, expression.type, count)
        guard allScalar, case .vector(let vector) = result else { return result }
        return .scalar(vector.value(at: 0), vector.type)
    }

    private func apply(
        _ operation: Operation, _ operands: [Operand], _ type: ValueType, _ count: Int
    ) throws(DatabaseError) -> Operand {
        switch operation {
        case .add, .subtract, .multiply, .divide, .remainder, .bitAnd, .bitOr, .bitXor,
            .shiftLeft, .shiftRight:
            return try arithmetic(operation, operands[0], operands[1], type, count)
        case .negate:
            if case .decimal(let shape) = type {
                let zero = Value.decimal(DecimalValue(units: 0, scale: shape.scale))
                return try arithmetic(.subtract, .scalar(zero, type), operands[0], type, count)
            }
            if type == .interval { return .vector(try rowByRow(operation, operands, type, count)) }
            let zero: Value = type.isFloating ? .double(-0.0) : .integer(0)
            return try arithmetic(.subtract, .scalar(zero, type), operands[0], type, count)
        case .bitNot:
            return try arithmetic(.bitXor, operands[0], .scalar(.integer(-1), type), type, count)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return try compare(operation, operands[0], operands[1], count)
        case .isDistinctFrom, .isNotDistinctFrom:
            return try distinct(operation, operands[0], operands[1], count)
        case .not:
            if operands[0].isNullScalar { return .scalar(.null, .boolean) }
            let vector = try spread(operands[0], count)
            return .vector(mapElements(vector, to: .boolean) { (x: UInt8) in x ^ 1 })
        case .isNull, .isNotNull, .isTrue, .isNotTrue, .isFalse, .isNotFalse:
            return .vector(truth(operation, try spread(operands[0], count)))
        case .cast:
            if case .scalar(let value, let from) = operands[0] {
                return .scalar(try value.cast(from: from, to: type), type)
            }
            return .vector(try cast(try spread(operands[0], count), to: type))
        case .fit(let modifier, let isCast):
            return .vector(try fit(try spread(operands[0], count), modifier, isCast: isCast))
        case .like(let ignoringCase):
            return try like(operands, ignoringCase: ignoringCase, count)
        case .function(.nullif): return try nullIf(operands, type, count)
        case .concatenate, .array, .element, .quantified, .function:
            return .vector(try rowByRow(operation, operands, type, count))
        case .between:
            return try between(operands, count)
        case .and, .or, .coalesce, .inList, .call:
            preconditionFailure("these choose what they evaluate and never come here")
        }
    }

    // MARK: - Numbers

    private func arithmetic(
        _ operation: Operation, _ left: Operand, _ right: Operand, _ type: ValueType, _ count: Int
    ) throws(DatabaseError) -> Operand {
        if left.isNullScalar || right.isNullScalar { return .scalar(.null, type) }
        switch type {
        case .byte:
            return .vector(
                try Arithmetic.integers(
                    operation, left.integerSide(Int8.self), right.integerSide(Int8.self), type,
                    count: count))
        case .short:
            return .vector(
                try Arithmetic.integers(
                    operation, left.integerSide(Int16.self), right.integerSide(Int16.self), type,
                    count: count))
        case .int:
            return .vector(
                try Arithmetic.integers(
                    operation, left.integerSide(Int32.self), right.integerSide(Int32.self), type,
                    count: count))
        case .float:
            return .vector(
                try Arithmetic.floats(
                    operation, left.floatSide(Float.self), right.floatSide(Float.self), type,
                    count: count))
        case .double:
            return .vector(
                try Arithmetic.floats(
                    operation, left.floatSide(Double.self), right.floatSide(Double.self), type,
                    count: count))
        case .decimal(let shape):
            return .vector(
                try DecimalArithmetic.compute(
                    operation, try spread(left, count), try spread(right, count), shape))
        case .long:
            return .vector(
                try Arithmetic.integers(
                    operation, left.integerSide(Int64.self), right.integerSide(Int64.self), type,
                    count: count))
        case .boolean, .char, .date, .timestamp, .timestampNanos, .symbol, .varchar, .binary,
            .uuid, .ipv4, .long256, .geohash, .array, .interval, .catalogName, .objectID,
            .registered, .catalogChar, .shortVector, .record, .json, .void:
            return .vector(try rowByRow(operation, [left, right], type, count))
        }
    }

    // MARK: - Comparisons

    func compare(_ operation: Operation, _ left: Operand, _ right: Operand, _ count: Int)
        throws(DatabaseError) -> Operand
    {
        if left.isNullScalar || right.isNullScalar { return .scalar(.null, .boolean) }
        switch left.type.layout {
        case .boolean:
            return .vector(
                Comparison.ordered(
                    operation, left.integerSide(UInt8.self), right.integerSide(UInt8.self),
                    count: count))
        case .int8:
            return .vector(
                Comparison.ordered(
                    operation, left.integerSide(Int8.self), right.integerSide(Int8.self),
                    count: count))
        case .int16:
            return .vector(
                Comparison.ordered(
                    operation, left.integerSide(Int16.self), right.integerSide(Int16.self),
                    count: count))
        case .int32:
            return .vector(
                Comparison.ordered(
                    operation, left.integerSide(Int32.self), right.integerSide(Int32.self),
                    count: count))
        case .uint32:
            return .vector(
                Comparison.ordered(
                    operation, left.integerSide(UInt32.self), right.integerSide(UInt32.self),
                    count: count))
        case .int64:
            return .vector(
                Comparison.ordered(
                    operation, left.integerSide(Int64.self), right.integerSide(Int64.self),
                    count: count))
        case .int128:
            return .vector(
                Comparison.ordered(
                    operation, left.integerSide(Int128.self), right.integerSide(Int128.self),
                    count: count))
        case .float:
            return .vector(
                Comparison.floats(
                    operation, left.floatSide(Float.self), right.floatSide(Float.self),
                    count: count))
        case .double:
            return .vector(
                Comparison.floats(
                    operation, left.floatSide(Double.self), right.floatSide(Double.self),
                    count: count))
        case .symbol, .uint16, .text, .bytes:
            return try compareTexts(operation, left, right, count)
        case .uuid, .long256, .interval, .array:
            return try compareValues(operation, spread(left, count), spread(right, count))
        }
    }

    private func compareTexts(
        _ operation: Operation, _ left: Operand, _ right: Operand, _ count: Int
    ) throws(DatabaseError) -> Operand {
        if case .vector(let vector) = left, vector.type == .symbol,
            case .scalar(.string(let text), _) = right
        {
            let bytes = Array(text.utf8)
            return .vector(
                try tables.look(vector, .comparison(operation, text)) {
                    string throws(DatabaseError) in
                    Comparison.holds(operation, threeWay(string, bytes))
                })
        }
        if case .vector(let vector) = right, vector.type == .symbol, case .scalar = left {
            return try compareTexts(operation.mirrored, .vector(vector), left, count)
        }
        for case .vector(let vector) in [left, right] { try takeText(of: vector) }
        return .vector(
            Comparison.texts(operation, left.textSide(), right.textSide(), count: count))
    }

    private func threeWay(_ text: String, _ other: [UInt8]) -> Int {
        text.utf8.elementsEqual(other) ? 0 : text.utf8.lexicographicallyPrecedes(other) ? -1 : 1
    }

    private func compareValues(_ operation: Operation, _ left: ColumnVector, _ right: ColumnVector)
        -> Operand
    {
        var flags = ColumnBuilder(type: .boolean)
        for row in 0..<left.count {
            if left.isNull(row) || right.isNull(row) {
                flags.append(.null)
                continue
            }
            let order = left.value(at: row).order(right.value(at: row))
            flags.append(.boolean(Comparison.holds(operation, order)))
        }
        return .vector(flags.makeVector())
    }

    private func distinct(
        _ operation: Operation, _ left: Operand, _ right: Operand, _ count: Int
    ) throws(DatabaseError) -> Operand {
        let first = try spread(left, count)
        let second = try spread(right, count)
        let equal = try compare(.equal, .vector(first), .vector(second), count).spread(count)
        let wanted = operation == .isNotDistinctFrom
        var flags = ColumnBuilder(type: .boolean)
        for row in 0..<count {
            let isSame =
                first.isNull(row) || second.isNull(row)
                ? first.isNull(row) && second.isNull(row) : equal.value(at: row) == .boolean(true)
            flags.append(.boolean(isSame == wanted))
        }
        return .vector(flags.makeVector())
    }

    private func like(_ operands: [Operand], ignoringCase: Bool, _ count: Int)
        throws(DatabaseError) -> Operand
    {
        if operands.contains(where: { $0.isNullScalar }) { return .scalar(.null, .boolean) }
        var escape: String? = "\\"
        if operands.count > 2 {
            if case .string(let text) = operands[2].spread(1).value(at: 0) { escape = text }
        }
        if case .scalar(.string(let pattern), _) = operands[1] {
            let matcher = try LikePattern(
                pattern, escape: escape, ignoringCase: ignoringCase, allowance)
            let vector = try spread(operands[0], count)
            if vector.type == .symbol {
                let question = DictionaryTables.Question.like(pattern, escape, ignoringCase)
                return .vector(
                    try tables.look(vector, question) { text throws(DatabaseError) in
                        try matcher.matches(text, allowance)
                    })
            }
            return .vector(try flags(vector, matcher))
        }
        let texts = try spread(operands[0], count)
        let patterns = try spread(operands[1], count)
        var result = ColumnBuilder(type: .boolean)
        for row in 0..<count {
            guard case .string(let text) = texts.value(at: row),
                case .string(let pattern) = patterns.value(at: row)
            else {
                result.append(.null)
                continue
            }
            let matcher = try LikePattern(
                pattern, escape: escape, ignoringCase: ignoringCase, allowance)
            result.append(.boolean(try matcher.matches(text, allowance)))
            try allowance.spend(pattern.utf8.count + 1)
        }
        return .vector(result.makeVector())
    }

    private func flags(_ vector: ColumnVector, _ matcher: LikePattern) throws(DatabaseError)
        -> ColumnVector
    {
        var flags = ColumnBuilder(type: .boolean)
        for row in 0..<vector.count {
            if case .string(let text) = vector.value(at: row) {
                flags.append(.boolean(try matcher.matches(text, allowance)))
            } else {
                flags.append(.null)
            }
        }
        return flags.makeVector()
    }

    private func truth(_ operation: Operation, _ vector: ColumnVector) -> ColumnVector {
        ColumnVector.make(.boolean, count: vector.count, width: 1) { out in
            for row in 0..<vector.count {
                let isNull = vector.isNull(row)
                let isTrue: Bool
                switch operation {
                case .isNull: isTrue = isNull
                case .isNotNull: isTrue = !isNull
                case .isTrue: isTrue = !isNull && vector.load(row, UInt8.self) != 0
                case .isNotTrue: isTrue = isNull || vector.load(row, UInt8.self) == 0
                case .isFalse: isTrue = !isNull && vector.load(row, UInt8.self) == 0
                default: isTrue = isNull || vector.load(row, UInt8.self) != 0
                }
                out.put(UInt8(isTrue ? 1 : 0), row)
            }
        }
    }

    // MARK: - Everything else

    func cast(_ vector: ColumnVector, to type: ValueType) throws(DatabaseError) -> ColumnVector {
        if vector.type == type { return vector }
        if type == .varchar { try takeText(of: vector) }
        if let quick = Casting.quick(vector, to: type) { return quick }
        var builder = ColumnBuilder(type: type)
        for row in 0..<vector.count {
            try append(try vector.value(at: row).cast(from: vector.type, to: type), to: &builder)
        }
        return builder.makeVector()
    }

    /// Gives values the length or the precision of a column; most fit, and stay where they are.
    func fit(_ vector: ColumnVector, _ modifier: TypeModifier, isCast: Bool)
        throws(DatabaseError) -> ColumnVector
    {
        if modifier.timePrecision?.digits == TimePrecision.most { return vector }
        var changed: [Int: Value] = [:]
        for row in 0..<vector.count {
            let value = vector.value(at: row)
            try allowance.spend(value.heapByteCount + 1)
            let fitted = try modifier.fit(value, isCast: isCast)
            if fitted != value { changed[row] = fitted }
        }
        if changed.isEmpty { return vector }
        var builder = ColumnBuilder(type: vector.type)
        for row in 0..<vector.count { builder.append(changed[row] ?? vector.value(at: row)) }
        return builder.makeVector()
    }

    private func rowByRow(
        _ operation: Operation, _ operands: [Operand], _ type: ValueType, _ count: Int
    ) throws(DatabaseError) -> ColumnVector {
        var builder = ColumnBuilder(type: type)
        for row in 0..<count {
            let values = operands.map { operand in
                switch operand {
                case .vector(let vector): vector.value(at: row)
                case .scalar(let value, _): value
                }
            }
            var bytes = 1
            for value in values { bytes += value.heapByteCount }
            try allowance.spend(bytes)
            try append(
                try RowFunction.apply(operation, values, type, allowance), to: &builder)
        }
        return builder.makeVector()
    }

    /// Appends what was made for a row.
    private func append(_ value: Value, to builder: inout ColumnBuilder) throws(DatabaseError) {
        let bytes = value.heapByteCount
        try allowance.spend(bytes + 1)
        if bytes > 0 {
            try allowance.take(bytes)
            guard builder.byteCount + bytes <= Limits.batchHeapBytes else {
                throw .batchTooLarge()
            }
        }
        builder.append(value)
    }
}

extension Operation {
    /// The comparison with its sides exchanged.
    var mirrored: Operation {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: self
        }
    }
}
