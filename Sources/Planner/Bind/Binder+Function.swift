import Diagnostics
import SQL
import Values

extension Binder {
    mutating func bindConditional(
        _ conditional: Conditional, expecting type: ValueType?, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        if let operand = conditional.operand,
            Self.casesAlongOperands(operand) >= Limits.operandCases
        {
            throw .caseTooDeep(at: position)
        }
        var conditions: [BoundExpression] = []
        for branch in conditional.branches {
            if let operand = conditional.operand {
                let (left, right) = try bindPair(operand, branch.condition)
                conditions.append(
                    try compare(.equal, "=", left, right, at: branch.condition.position))
            } else {
                conditions.append(try bindCondition(branch.condition, "CASE/WHEN"))
            }
        }
        let written =
            conditional.branches.map(\.result) + (conditional.otherwise.map { [$0] } ?? [])
        let results = try bindSameType(written, "CASE", expecting: type)
        var branches: [BoundExpression] = []
        for (index, condition) in conditions.enumerated() {
            branches += [condition, results[index]]
        }
        let otherwise = conditional.otherwise == nil ? nil : results.last
        return BoundExpression(
            .conditional(branches, otherwise: otherwise), results[0].type, position: position)
    }

    /// How deep CASE with an operand is nested below: the operand is computed for each branch.
    private static func casesAlongOperands(_ expression: Expression) -> Int {
        var depth = 0
        for child in expression.kind.children { depth = max(depth, casesAlongOperands(child)) }
        if case .conditional(let inner) = expression.kind, inner.operand != nil { depth += 1 }
        return depth
    }

    /// Binds expressions that end in one column.
    mutating func bindSameType(
        _ list: [Expression], _ what: String, expecting type: ValueType?
    ) throws(DatabaseError) -> [BoundExpression] {
        var unified: ValueType?
        var bound = [BoundExpression?](repeating: nil, count: list.count)
        for (index, item) in list.enumerated() where !isUntyped(item) {
            let found = try bind(item)
            let known = unified ?? found.type
            guard let both = Coercion.unify(known, found.type) else {
                throw .typesDoNotMatch(what, known, found.type, at: item.position)
            }
            unified = both
            bound[index] = found
        }
        let wanted = unified ?? type ?? .varchar
        let target: ValueType = wanted == .symbol ? .varchar : wanted
        var results: [BoundExpression] = []
        for (index, item) in list.enumerated() {
            if bound[index] == nil { bound[index] = try bind(item, expecting: target) }
            if let one = bound[index] { results.append(try Coercion.convert(one, to: target)) }
        }
        return results
    }

    mutating func bindCall(_ call: FunctionCall, expecting type: ValueType?, at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        if call.window != nil { throw .notSupported("a window function", at: position) }
        let name = call.name.folded
        if let function = BoundAggregate.Function(rawValue: name) {
            return try bindAggregate(function, call, at: position)
        }
        if call.list.isEmpty, let (value, valueType) = relations.sessionValue(name) {
            return BoundExpression(.constant(value), valueType, position: position)
        }
        if let call = try sessionCall(call, at: position) { return call }
        switch name {
        case "coalesce":
            guard !call.list.isEmpty else { break }
            let arguments = try bindSameType(call.list, "COALESCE", expecting: type)
            return operation(.coalesce, arguments, arguments[0].type, position)
        case "greatest", "least":
            guard !call.list.isEmpty, let function = ScalarFunction(rawValue: name) else { break }
            let arguments = try bindSameType(call.list, name.uppercased(), expecting: type)
            return operation(.function(function), arguments, arguments[0].type, position)
        case "nullif":
            guard call.list.count == 2 else { break }
            let (left, right) = try bindPair(call.list[0], call.list[1])
            let same = try compare(.equal, "=", left, right, at: position)
            guard case .operation(_, let sides) = same.kind else { break }
            let result = left.type == .symbol ? .varchar : sides[0].type
            return operation(.function(.nullif), sides, result, position)
        default: break
        }
        var arguments: [BoundExpression] = []
        for argument in call.list { arguments.append(try bind(argument)) }
        return try scalar(name, arguments, at: position)
    }

    /// A function of the session, such as `nextval('s')`: its arguments are constants.
    private func sessionCall(_ call: FunctionCall, at position: Int) throws(DatabaseError)
        -> BoundExpression?
    {
        var arguments: [Value] = []
        for argument in call.list {
            var constant = argument
            // 's'::regclass, as pg_dump writes it.
            if case .cast(let operand, let type) = constant.kind, type.name == "regclass" {
                constant = operand
            }
            guard let value = Self.constant(constant) else { return nil }
            arguments.append(value)
        }
        do throws(DatabaseError) {
            guard let found = try relations.call(call.name.folded, arguments) else { return nil }
            return BoundExpression(.operation(.call(found), []), found.type, position: position)
        } catch {
            throw error.at(position)
        }
    }

    private static func constant(_ expression: Expression) -> Value? {
        switch expression.kind {
        case .literal(.null): .null
        case .literal(.boolean(let flag)): .boolean(flag)
        case .literal(.string(let text)): .string(text)
        case .literal(.integer(let digits)): Int64(digits).map(Value.integer)
        case .unary(.minus, let operand):
            if case .literal(.integer(let digits)) = operand.kind {
                Int64("-" + digits).map(Value.integer)
            } else {
                nil
            }
        default: nil
        }
    }

    private func scalar(_ name: String, _ arguments: [BoundExpression], at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        if let exact = try decimalFunction(name, arguments, at: position) { return exact }
        let types = arguments.map(\.type)
        guard let (function, wanted, result) = Self.signature(name, types) else {
            throw .undefinedFunction(name, types, at: position)
        }
        var converted: [BoundExpression] = []
        for (argument, type) in zip(arguments, wanted) {
            let canBe =
                argument.constantValue == .null || argument.type == type
                || (argument.type.isNumeric && type.isNumeric)
                || (argument.type.isTime && type.isTime) || argument.type.isText && type.isText
                || (name == "concat")
            guard canBe else { throw .undefinedFunction(name, types, at: position) }
            converted.append(
                argument.type.isText && type.isText
                    ? argument : try Coercion.convert(argument, to: type))
        }
        return operation(.function(function), converted, result, position)
    }

    /// Rounding of decimals stays exact; nil for other functions and types.
    private func decimalFunction(_ name: String, _ arguments: [BoundExpression], at position: Int)
        throws(DatabaseError) -> BoundExpression?
    {
        guard let shape = arguments.first?.type.decimalShape else { return nil }
        let whole = min(38, shape.wholeDigits + 1)
        switch (name, arguments.count) {
        case ("abs", 1):
            return operation(.function(.abs), arguments, arguments[0].type, position)
        case ("floor", 1), ("ceil", 1), ("ceiling", 1), ("round", 1):
            let found = ScalarFunction(rawValue: name == "ceiling" ? "ceil" : name)
            return found.map {
                operation(.function($0), arguments, .decimal(DecimalShape(whole, 0)), position)
            }
        case ("round", 2):
            guard arguments[1].type.isInteger else { return nil }
            var scale = Int(shape.scale)
            if case .integer(let digits)? = arguments[1].constantValue {
                scale = Int(max(0, min(Int64(38 - whole), digits)))
            }
            let result = DecimalShape(max(1, min(38, whole + scale)), scale)
            return operation(.function(.round), arguments, .decimal(result), position)
        default: return nil
        }
    }

    /// What a function of these arguments is, the types it wants, and what it gives.
    private static func signature(_ name: String, _ types: [ValueType]) -> (
        ScalarFunction, [ValueType], ValueType
    )? {
        let number = types.first.map { $0.isInteger ? ($0 == .long ? $0 : .int) : .double }
        switch (name, types.count) {
        case ("abs", 1):
            guard let number else { return nil }
            return (.abs, [number], number)
        case ("round", 1), ("floor", 1), ("ceil", 1), ("ceiling", 1), ("sqrt", 1), ("exp", 1),
            ("ln", 1):
            let found = ScalarFunction(rawValue: name == "ceiling" ? "ceil" : name)
            return found.map { ($0, [.double], .double) }
        case ("round", 2): return (.round, [.double, .int], .double)
        case ("power", 2), ("pow", 2): return (.power, [.double, .double], .double)
        case ("length", 1), ("char_length", 1), ("character_length", 1):
            return (.length, [.varchar], .int)
        case ("lower", 1), ("upper", 1), ("trim", 1), ("btrim", 1), ("ltrim", 1), ("rtrim", 1):
            let found = ScalarFunction(rawValue: name == "btrim" ? "trim" : name)
            return found.map { ($0, [.varchar], .varchar) }
        case ("substring", 2), ("substr", 2): return (.substring, [.varchar, .int], .varchar)
        case ("substring", 3), ("substr", 3):
            return (.substring, [.varchar, .int, .int], .varchar)
        case ("left", 2), ("right", 2):
            return ScalarFunction(rawValue: name).map { ($0, [.varchar, .int], .varchar) }
        case ("replace", 3): return (.replace, [.varchar, .varchar, .varchar], .varchar)
        case ("starts_with", 2): return (.starts_with, [.varchar, .varchar], .boolean)
        case ("strpos", 2), ("position", 2): return (.strpos, [.varchar, .varchar], .int)
        case ("array_length", 2):
            guard types[0].arrayElement != nil else { return nil }
            return (.array_length, [types[0], .int], .int)
        case ("cardinality", 1):
            guard types[0].arrayElement != nil else { return nil }
            return (.cardinality, [types[0]], .int)
        case ("concat", 1...): return (.concat, types.map { _ in .varchar }, .varchar)
        case ("date_trunc", 2): return (.date_trunc, [.varchar, .timestamp], .timestamp)
        case ("year", 1), ("month", 1), ("day", 1), ("hour", 1), ("minute", 1), ("second", 1),
            ("micros", 1):
            return ScalarFunction(rawValue: name).map { ($0, [.timestamp], .int) }
        default: return nil
        }
    }

    private mutating func bindAggregate(
        _ function: BoundAggregate.Function, _ call: FunctionCall, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        if let clause = clauseWithoutAggregates {
            throw .aggregateNotAllowed(clause, at: position)
        }
        if isInsideAggregate { throw .nestedAggregate(at: position) }
        guard grouping != nil else { throw .aggregateNotAllowed("this place", at: position) }
        isInsideAggregate = true
        defer { isInsideAggregate = false }
        var argument: BoundExpression?
        var isDistinct = false
        switch call.arguments {
        case .star: break
        case .all(let list):
            guard list.count <= 1 else {
                throw .undefinedFunction(function.rawValue, [], at: position)
            }
            if let first = list.first { argument = try bind(first) }
        case .distinct(let list):
            guard list.count == 1 else {
                throw .undefinedFunction(function.rawValue, [], at: position)
            }
            argument = try bind(list[0])
            isDistinct = true
        }
        let aggregate = try settle(function, argument, isDistinct, at: position)
        let index = grouping?.index(of: aggregate) ?? 0
        return BoundExpression(.column(index), aggregate.type, position: position)
    }

    private func settle(
        _ function: BoundAggregate.Function, _ argument: BoundExpression?, _ isDistinct: Bool,
        at position: Int
    ) throws(DatabaseError) -> BoundAggregate {
        if function == .count {
            return BoundAggregate(
                function: .count, argument: argument, isDistinct: isDistinct, type: .long)
        }
        guard let argument else { throw .undefinedFunction(function.rawValue, [], at: position) }
        let type = argument.type
        let result: ValueType?
        switch function {
        case .count: result = .long
        case .sum:
            let exact = type.decimalShape.map { ValueType.decimal(DecimalShape(38, Int($0.scale))) }
            result = type.isInteger ? .long : type.isFloating ? .double : exact
        case .avg:
            let exact = type.decimalShape.map { shape in
                let scale = max(Int(shape.scale), min(16, 38 - shape.wholeDigits))
                return ValueType.decimal(DecimalShape(38, scale))
            }
            result = exact ?? (type.isNumeric ? .double : nil)
        case .min, .max:
            result = type.isOrdered ? (type == .symbol ? .varchar : type) : nil
        }
        guard let result else {
            throw .undefinedFunction(function.rawValue, [type], at: position)
        }
        let isOrderless = isDistinct && function != .min && function != .max
        return BoundAggregate(
            function: function, argument: argument, isDistinct: isOrderless, type: result)
    }
}
