import Diagnostics
import SQL
import Values

extension Binder {
    mutating func bindUnary(
        _ symbol: UnaryOperator, _ operand: Expression, expecting type: ValueType?, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        switch symbol {
        case .not:
            return operation(.not, [try bindCondition(operand, "NOT")], .boolean, position)
        case .plus: return try bind(operand, expecting: type)
        case .minus: return try bindNegated(operand, expecting: type, at: position)
        case .bitNot:
            let bound = try bind(operand, expecting: .long)
            guard bound.type.isInteger else {
                throw .undefinedOperator("~", nil, bound.type, at: position)
            }
            return operation(.bitNot, [bound], bound.type, position)
        }
    }

    private mutating func bindNegated(
        _ operand: Expression, expecting type: ValueType?, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        if case .literal(.integer(let digits)) = operand.kind, let number = Int64("-" + digits) {
            let isSmall = number >= Int64(Int32.min)
            return BoundExpression(
                .constant(.integer(number)), isSmall ? .int : .long, position: position)
        }
        let bound = try bind(operand, expecting: type)
        guard bound.type.isNumeric || bound.type == .interval else {
            throw .undefinedOperator("-", nil, bound.type, at: position)
        }
        if case .decimal(let number)? = bound.constantValue {
            let turned = DecimalValue(units: -number.units, scale: number.scale)
            return BoundExpression(.constant(.decimal(turned)), bound.type, position: position)
        }
        if case .double(let number)? = bound.constantValue {
            return BoundExpression(.constant(.double(-number)), bound.type, position: position)
        }
        return operation(.negate, [bound], bound.type, position)
    }

    mutating func bindBinary(
        _ symbol: BinaryOperator, _ left: Expression, _ right: Expression, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        switch symbol {
        case .and, .or:
            let place = symbol.rawValue
            let arguments = [try bindCondition(left, place), try bindCondition(right, place)]
            return operation(symbol == .and ? .and : .or, arguments, .boolean, position)
        case .equal: return try bindComparison(.equal, symbol, left, right, at: position)
        case .notEqual: return try bindComparison(.notEqual, symbol, left, right, at: position)
        case .less: return try bindComparison(.less, symbol, left, right, at: position)
        case .lessOrEqual:
            return try bindComparison(.lessOrEqual, symbol, left, right, at: position)
        case .greater: return try bindComparison(.greater, symbol, left, right, at: position)
        case .greaterOrEqual:
            return try bindComparison(.greaterOrEqual, symbol, left, right, at: position)
        case .isDistinctFrom:
            return try bindComparison(.isDistinctFrom, symbol, left, right, at: position)
        case .isNotDistinctFrom:
            return try bindComparison(.isNotDistinctFrom, symbol, left, right, at: position)
        case .matches, .matchesIgnoringCase, .doesNotMatch, .doesNotMatchIgnoringCase:
            throw .notSupported("matching a regular expression", at: position)
        case .concatenate:
            let arguments = [
                try text(bind(left, expecting: .varchar)),
                try text(bind(right, expecting: .varchar)),
            ]
            return operation(.concatenate, arguments, .varchar, position)
        case .add: return try bindArithmetic(.add, symbol, left, right, at: position)
        case .subtract: return try bindArithmetic(.subtract, symbol, left, right, at: position)
        case .multiply: return try bindArithmetic(.multiply, symbol, left, right, at: position)
        case .divide: return try bindArithmetic(.divide, symbol, left, right, at: position)
        case .remainder: return try bindArithmetic(.remainder, symbol, left, right, at: position)
        case .bitAnd: return try bindBits(.bitAnd, symbol, left, right, at: position)
        case .bitOr: return try bindBits(.bitOr, symbol, left, right, at: position)
        case .bitXor: return try bindBits(.bitXor, symbol, left, right, at: position)
        case .shiftLeft: return try bindBits(.shiftLeft, symbol, left, right, at: position)
        case .shiftRight: return try bindBits(.shiftRight, symbol, left, right, at: position)
        case .power:
            let arguments = [
                try number(bind(left, expecting: .double), "^"),
                try number(bind(right, expecting: .double), "^"),
            ]
            return operation(.function(.power), arguments, .double, position)
        }
    }

    private func number(_ bound: BoundExpression, _ spelling: String)
        throws(DatabaseError) -> BoundExpression
    {
        guard bound.type.isNumeric else {
            throw .undefinedOperator(spelling, nil, bound.type, at: bound.position)
        }
        return try Coercion.convert(bound, to: .double)
    }

    func text(_ bound: BoundExpression) throws(DatabaseError) -> BoundExpression {
        bound.type.isText ? bound : try Coercion.convert(bound, to: .varchar)
    }

    /// Binds two expressions; the one without a type of its own takes the other's.
    mutating func bindPair(_ left: Expression, _ right: Expression)
        throws(DatabaseError) -> (BoundExpression, BoundExpression)
    {
        if isUntyped(left) && !isUntyped(right) {
            let boundRight = try bind(right)
            return (try bind(left, expecting: boundRight.type), boundRight)
        }
        let boundLeft = try bind(left)
        return (boundLeft, try bind(right, expecting: boundLeft.type))
    }

    private mutating func bindComparison(
        _ kind: Operation, _ symbol: BinaryOperator, _ left: Expression, _ right: Expression,
        at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        let (boundLeft, boundRight) = try bindPair(left, right)
        return try compare(kind, symbol.rawValue, boundLeft, boundRight, at: position)
    }

    func compare(
        _ kind: Operation, _ spelling: String, _ left: BoundExpression, _ right: BoundExpression,
        at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        guard let type = Coercion.unify(left.type, right.type) else {
            throw .undefinedOperator(spelling, left.type, right.type, at: position)
        }
        // Strings are compared as they come: a symbol needs no copy.
        if type.isText { return operation(kind, [left, right], .boolean, position) }
        let arguments = [
            try Coercion.convert(left, to: type), try Coercion.convert(right, to: type),
        ]
        return operation(kind, arguments, .boolean, position)
    }

    private mutating func bindArithmetic(
        _ kind: Operation, _ symbol: BinaryOperator, _ left: Expression, _ right: Expression,
        at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        var (first, second) = try bindPair(left, right)
        if first.type.isTime || second.type.isTime || first.type == .interval {
            return try bindTimeArithmetic(kind, symbol, first, second, at: position)
        }
        // '5' + '6': two strings mean nothing; a string beside a number was read as one.
        guard first.type.isNumeric, second.type.isNumeric,
            let unified = Coercion.unify(first.type, second.type)
        else { throw .undefinedOperator(symbol.rawValue, first.type, second.type, at: position) }
        if unified.isDecimal {
            return try bindDecimalArithmetic(kind, first, second, at: position)
        }
        let type: ValueType = unified == .byte ? .int : unified
        first = try Coercion.convert(first, to: type)
        second = try Coercion.convert(second, to: type)
        return operation(kind, [first, second], type, position)
    }

    /// A time and a number of its units, or the distance of two times in microseconds.
    private func bindTimeArithmetic(
        _ kind: Operation, _ symbol: BinaryOperator, _ left: BoundExpression,
        _ right: BoundExpression, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        if left.type == .interval || right.type == .interval {
            return try bindIntervalArithmetic(kind, symbol, left, right, at: position)
        }
        if kind == .subtract, left.type.isTime, right.type.isTime {
            let arguments = [
                try Coercion.convert(Coercion.convert(left, to: .timestamp), to: .long),
                try Coercion.convert(Coercion.convert(right, to: .timestamp), to: .long),
            ]
            return operation(kind, arguments, .long, position)
        }
        let isTimeFirst = left.type.isTime && right.type.isInteger
        let isTimeSecond = kind == .add && right.type.isTime && left.type.isInteger
        guard kind == .add || kind == .subtract, isTimeFirst || isTimeSecond else {
            throw .undefinedOperator(symbol.rawValue, left.type, right.type, at: position)
        }
        let time = isTimeFirst ? left : right
        let arguments = [
            try Coercion.convert(left, to: .long), try Coercion.convert(right, to: .long),
        ]
        return operation(
            .cast, [operation(kind, arguments, .long, position)], time.type, position)
    }

    /// A moment or a span, and a span more or less.
    private func bindIntervalArithmetic(
        _ kind: Operation, _ symbol: BinaryOperator, _ left: BoundExpression,
        _ right: BoundExpression, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        var sides = [left, right]
        if kind == .add, left.type == .interval, right.type.isTime { sides.reverse() }
        let isSum = kind == .add || kind == .subtract
        guard isSum, sides[1].type == .interval,
            sides[0].type.isTime || sides[0].type == .interval
        else { throw .undefinedOperator(symbol.rawValue, left.type, right.type, at: position) }
        if sides[0].type == .date { sides[0] = try Coercion.convert(sides[0], to: .timestamp) }
        return operation(kind, sides, sides[0].type, position)
    }

    /// Exact arithmetic. Digits behind the point are PostgreSQL's: those of the longer side for
    /// sums, of both for products, at least 16 for quotients.
    private func bindDecimalArithmetic(
        _ kind: Operation, _ left: BoundExpression, _ right: BoundExpression, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        let first = left.type.exactShape ?? .open
        let second = right.type.exactShape ?? .open
        let both = Coercion.union(first, second)
        switch kind {
        case .add, .subtract, .remainder:
            let carry = kind == .remainder ? 0 : 1
            let shape = DecimalShape(min(38, Int(both.precision) + carry), Int(both.scale))
            let sides = [
                try Coercion.convert(left, to: .decimal(shape)),
                try Coercion.convert(right, to: .decimal(shape)),
            ]
            return operation(kind, sides, .decimal(shape), position)
        default:
            let sides = [
                try Coercion.convert(left, to: .decimal(first)),
                try Coercion.convert(right, to: .decimal(second)),
            ]
            let scale = Int(first.scale) + Int(second.scale)
            let shape =
                kind == .multiply
                ? DecimalShape(
                    min(38, Int(first.precision) + Int(second.precision)), min(38, scale))
                : DecimalShape(38, max(16, Int(both.scale)))
            return operation(kind, sides, .decimal(shape), position)
        }
    }

    private mutating func bindBits(
        _ kind: Operation, _ symbol: BinaryOperator, _ left: Expression, _ right: Expression,
        at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        let (first, second) = try bindPair(left, right)
        guard first.type.isInteger, second.type.isInteger,
            let type = Coercion.unify(first.type, second.type)
        else { throw .undefinedOperator(symbol.rawValue, first.type, second.type, at: position) }
        let arguments = [
            try Coercion.convert(first, to: type), try Coercion.convert(second, to: type),
        ]
        return operation(kind, arguments, type, position)
    }

    mutating func bindIn(
        _ operand: Expression, _ list: [Expression], _ negated: Bool, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        let arguments = try bindComparable([operand] + list, "=", at: position)
        let result = operation(.inList, arguments, .boolean, position)
        return negated ? operation(.not, [result], .boolean, position) : result
    }

    mutating func bindBetween(
        _ operand: Expression, _ lower: Expression, _ upper: Expression, _ negated: Bool,
        at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        let arguments = try bindComparable([operand, lower, upper], "<=", at: position)
        let result = operation(.between, arguments, .boolean, position)
        return negated ? operation(.not, [result], .boolean, position) : result
    }

    /// Binds expressions that are compared with the first of them, each exactly once: what is
    /// bound twice at every level of a nested text would cost two to the power of its depth.
    private mutating func bindComparable(
        _ list: [Expression], _ spelling: String, at position: Int
    ) throws(DatabaseError) -> [BoundExpression] {
        var bound = [BoundExpression?](repeating: nil, count: list.count)
        var type: ValueType?
        for (index, item) in list.enumerated() where !isUntyped(item) {
            let found = try bind(item)
            let known = type ?? found.type
            guard let unified = Coercion.unify(known, found.type) else {
                throw .undefinedOperator(spelling, known, found.type, at: item.position)
            }
            type = unified
            bound[index] = found
        }
        let wanted = type ?? .varchar
        var arguments: [BoundExpression] = []
        for (index, item) in list.enumerated() {
            var one = bound[index]
            if one == nil { one = try bind(item, expecting: wanted) }
            guard let one else { continue }
            arguments.append(
                wanted.isText && one.type.isText ? one : try Coercion.convert(one, to: wanted))
        }
        return arguments
    }

    mutating func bindLike(_ like: Like, at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        var arguments = [
            try bind(like.operand, expecting: .varchar),
            try bind(like.pattern, expecting: .varchar),
        ]
        if let escape = like.escape { arguments.append(try bind(escape, expecting: .varchar)) }
        for argument in arguments where !argument.type.isText {
            throw .undefinedOperator("~~", arguments[0].type, arguments[1].type, at: position)
        }
        let result = operation(
            .like(ignoringCase: like.letterCase == .ignored), arguments, .boolean, position)
        return like.negated ? operation(.not, [result], .boolean, position) : result
    }

    /// `ts IN '2026-01'`: from the beginning of the period written to its end.
    mutating func bindInterval(
        _ operand: Expression, _ interval: Expression, _ negated: Bool, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        let left = try bind(operand)
        guard left.type.isTime else {
            throw .undefinedOperator("IN", left.type, .varchar, at: position)
        }
        guard case .literal(.string(let text)) = interval.kind else {
            throw .notSupported("a computed interval", at: interval.position)
        }
        guard let (from, to) = Period.parse(text) else {
            throw DatabaseError.badText(text, as: .timestamp).at(interval.position)
        }
        var time = try Coercion.convert(left, to: .timestamp)
        var lower = BoundExpression(.constant(.timestamp(from)), .timestamp, position: position)
        var upper = BoundExpression(.constant(.timestamp(to)), .timestamp, position: position)
        // A period that nanoseconds can hold is compared in them: the column stays as it is.
        if left.type == .timestampNanos,
            let first = try? Coercion.convert(lower, to: .timestampNanos),
            let last = try? Coercion.convert(upper, to: .timestampNanos)
        {
            (time, lower, upper) = (left, first, last)
        }
        let result = operation(
            .and,
            [
                operation(.greaterOrEqual, [time, lower], .boolean, position),
                operation(.less, [time, upper], .boolean, position),
            ], .boolean, position)
        return negated ? operation(.not, [result], .boolean, position) : result
    }
}

/// A written point of time as the period it names: `2026-01` is a month.
enum Period {
    /// Returns the beginning and the first moment after the end.
    static func parse(_ text: String) -> (Int64, Int64)? {
        let written = text.hasSuffix("Z") ? String(text.dropLast()) : text
        guard let from = TimestampText.parse(written) else { return nil }
        var time = CivilTime(microseconds: from)
        switch written.utf8.count {
        case 4: time.year += 1
        case 7:
            time.month += 1
            if time.month > 12 {
                time.month = 1
                time.year += 1
            }
        case 10: return (from, from &+ CivilTime.microsecondsPerDay)
        case 13: return (from, from &+ 3_600_000_000)
        case 16: return (from, from &+ 60_000_000)
        case 19: return (from, from &+ 1_000_000)
        case 23: return (from, from &+ 1000)
        default: return (from, from &+ 1)
        }
        return time.microseconds.map { (from, $0) }
    }
}
