package import Diagnostics
package import SQL
package import Values

/// Finds what names mean and what types expressions have.
///
/// One binder serves one statement: it gathers the types of the parameters on its way.
package struct Binder {
    let relations: any Relations
    /// What is known of each parameter: given by the client, or found from its use.
    package internal(set) var parameterTypes: [ValueType?]
    var scope = Scope()
    var grouping: Grouping?
    /// Set while the arguments of an aggregate are bound.
    var isInsideAggregate = false
    /// Where aggregates are refused, such as `WHERE`; nil where the query may aggregate.
    var clauseWithoutAggregates: String?

    package init(relations: any Relations, parameterTypes: [ValueType?] = []) {
        self.relations = relations
        self.parameterTypes = parameterTypes
    }

    /// The types of all parameters, text where nothing tells.
    package var settledParameterTypes: [ValueType] { parameterTypes.map { $0 ?? .varchar } }

    mutating func bind(_ expression: Expression, expecting type: ValueType? = nil)
        throws(DatabaseError) -> BoundExpression
    {
        if let key = groupKey(for: expression) { return key }
        let position = expression.position
        switch expression.kind {
        case .literal(let literal):
            return try bindLiteral(literal, expecting: type, at: position)
        case .column(let reference): return try bindColumn(reference, at: position)
        case .parameter(let number): return bindParameter(number, expecting: type, at: position)
        case .unary(let symbol, let operand):
            return try bindUnary(symbol, operand, expecting: type, at: position)
        case .binary(let symbol, let left, let right):
            return try bindBinary(symbol, left, right, at: position)
        case .isNull(let operand, let negated):
            let bound = try bind(operand)
            return operation(negated ? .isNotNull : .isNull, [bound], .boolean, position)
        case .isTruth(let operand, let truth, let negated):
            return try bindTruth(operand, truth, negated, at: position)
        case .inList(let operand, let list, let negated):
            return try bindIn(operand, list, negated, at: position)
        case .inInterval(let operand, let interval, let negated):
            return try bindInterval(operand, interval, negated, at: position)
        case .between(let operand, let lower, let upper, let negated):
            return try bindBetween(operand, lower, upper, negated, at: position)
        case .like(let like): return try bindLike(like, at: position)
        case .cast(let operand, let name):
            return try bindCast(operand, name, at: position)
        case .call(let call): return try bindCall(call, expecting: type, at: position)
        case .conditional(let conditional):
            return try bindConditional(conditional, expecting: type, at: position)
        case .inQuery, .subquery, .exists:
            throw .notSupported("a subquery in an expression", at: position)
        case .quantified(let quantified): return try bindQuantified(quantified, at: position)
        case .array(let elements):
            return try bindArray(elements, expecting: type, at: position)
        case .element(let array, let index):
            return try bindElement(array, index, at: position)
        }
    }

    func operation(
        _ operation: Operation, _ arguments: [BoundExpression], _ type: ValueType, _ position: Int
    ) -> BoundExpression {
        BoundExpression(.operation(operation, arguments), type, position: position)
    }

    /// Whether an expression takes its type from its surroundings.
    func isUntyped(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .literal(.null), .literal(.string): return true
        case .array(let elements): return elements.isEmpty
        case .parameter(let number):
            return number > parameterTypes.count || parameterTypes[number - 1] == nil
        default: return false
        }
    }

    private func bindLiteral(_ literal: Literal, expecting type: ValueType?, at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        switch literal {
        case .null: return BoundExpression(.constant(.null), type ?? .varchar, position: position)
        case .boolean(let flag):
            return BoundExpression(.constant(.boolean(flag)), .boolean, position: position)
        case .string(let text):
            let wanted = type ?? .varchar
            do throws(DatabaseError) {
                // All digits count until it is known where they go: 1.5 is not 2 to compare with.
                let own = wanted.isDecimal ? WrittenNumber(text)?.shape : nil
                let type = own.map { .decimal($0) } ?? wanted
                let value = try Value.parse(text, as: type)
                return BoundExpression(.constant(value), type, position: position)
            } catch {
                throw error.at(position)
            }
        case .exact(let digits):
            guard let shape = WrittenNumber(digits)?.shape else {
                throw DatabaseError.outOfRange(.openDecimal).at(position)
            }
            return try bindLiteral(.string(digits), expecting: .decimal(shape), at: position)
        case .geohash(let text):
            guard let (hash, bits) = GeohashText.literal(text) else {
                throw DatabaseError.badText(text, as: .geohash(bits: 60)).at(position)
            }
            return BoundExpression(
                .constant(.integer(hash)), .geohash(bits: bits), position: position)
        case .integer(let digits):
            guard let number = Int64(digits) else {
                if WrittenNumber(digits)?.shape != nil {
                    return try bindLiteral(.exact(digits), expecting: type, at: position)
                }
                return try bindLiteral(.decimal(digits), expecting: type, at: position)
            }
            let isSmall = number <= Int64(Int32.max)
            return BoundExpression(
                .constant(.integer(number)), isSmall ? .int : .long, position: position)
        case .decimal(let digits):
            do throws(DatabaseError) {
                let value = try Value.parse(digits, as: .double)
                return BoundExpression(.constant(value), .double, position: position)
            } catch {
                throw error.at(position)
            }
        }
    }

    private mutating func bindColumn(_ reference: ColumnReference, at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        let index = try scope.resolve(reference)
        let bound = BoundExpression(
            .column(index), scope.columns[index].plan.type, position: position)
        guard var grouping, !isInsideAggregate else { return bound }
        if let key = grouping.keys.firstIndex(of: bound) {
            return BoundExpression(.column(key), bound.type, position: position)
        }
        guard grouping.isImplicit else { throw .notGrouped(reference.name.text, at: position) }
        grouping.keys.append(bound)
        self.grouping = grouping
        return BoundExpression(.column(grouping.keys.count - 1), bound.type, position: position)
    }

    /// In an aggregating query an expression that is a key is that key.
    private func groupKey(for expression: Expression) -> BoundExpression? {
        guard let grouping, !isInsideAggregate,
            let index = grouping.writtenKeys.firstIndex(of: expression)
        else { return nil }
        return BoundExpression(
            .column(index), grouping.keys[index].type, position: expression.position)
    }

    private mutating func bindParameter(
        _ number: Int, expecting type: ValueType?, at position: Int
    ) -> BoundExpression {
        while parameterTypes.count < number { parameterTypes.append(nil) }
        let known = parameterTypes[number - 1]
        let settled = known ?? type?.asParameter
        parameterTypes[number - 1] = settled
        return BoundExpression(.parameter(number - 1), settled ?? .varchar, position: position)
    }

    private mutating func bindTruth(
        _ operand: Expression, _ truth: Bool?, _ negated: Bool, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        let bound = try bindCondition(operand, "IS")
        let kind: Operation =
            switch (truth, negated) {
            case (nil, false): .isNull
            case (nil, true): .isNotNull
            case (true?, false): .isTrue
            case (true?, true): .isNotTrue
            case (false?, false): .isFalse
            case (false?, true): .isNotFalse
            }
        return operation(kind, [bound], .boolean, position)
    }

    /// Binds what must be true or false.
    mutating func bindCondition(_ expression: Expression, _ place: String)
        throws(DatabaseError) -> BoundExpression
    {
        let bound = try bind(expression, expecting: .boolean)
        guard bound.type == .boolean else {
            throw .notBoolean(place, bound.type, at: expression.position)
        }
        return bound
    }

    private mutating func bindCast(_ operand: Expression, _ name: TypeName, at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        let type = try Self.type(named: name)
        if case .registered(let kind) = type, case .literal(.string(let text)) = operand.kind {
            return try bindRegistered(kind, text, at: position)
        }
        // A cast to CHAR takes the first character, an assignment refuses more than one.
        let wanted: ValueType = type == .char ? .varchar : type
        var bound = try bind(operand, expecting: isUntyped(operand) ? wanted : nil)
        guard Coercion.isAllowed(bound.type, type) else {
            throw .noSuchCast(bound.type, type).at(position)
        }
        if type == .char, bound.type == .varchar || bound.type == .symbol {
            bound = try Coercion.fit(
                Coercion.convert(bound, to: .varchar), .length(.one), isCast: true)
        }
        let modifier = try Self.modifier(of: name)
        return try Coercion.fit(
            Coercion.convert(bound, to: type), modifier, isCast: true)
    }

    /// Finds a type by the name written in a statement.
    package static func type(named name: TypeName) throws(DatabaseError) -> ValueType {
        let found = ValueType.named(
            name.name, arguments: name.arguments, dimensions: name.arrayDimensions)
        if let found {
            try checkModifiers(of: name, found)
            return found
        }
        if name.arrayDimensions > 0 { try checkElement(of: name) }
        guard ["numeric", "decimal", "geohash"].contains(name.name) || name.arrayDimensions > 0
        else { throw .undefinedType(name.name, at: name.position) }
        throw .badTypeParameters(name.name, at: name.position)
    }

    /// Refuses an array of what there are none of, or of a type there is none of.
    private static func checkElement(of name: TypeName) throws(DatabaseError) {
        let element = TypeName(
            schema: name.schema, name: name.name, arguments: name.arguments,
            position: name.position)
        let type = try Self.type(named: element)
        guard ArrayElement(type) == nil else { return }
        throw .notSupported("an array of \(name.name)", at: name.position)
    }

    /// What stands in parentheses behind a type either means something or is refused.
    private static func checkModifiers(of name: TypeName, _ type: ValueType)
        throws(DatabaseError)
    {
        guard let first = name.arguments.first else { return }
        if type.isDecimal || type.geohashBits != nil { return }
        switch name.name {
        case "float" where name.arguments.count == 1:
            guard (1...53).contains(first) else { throw .badFloatPrecision(at: name.position) }
        case _ where lengthTypes[name.name] != nil || precisionTypes.contains(name.name):
            _ = try modifier(of: name)
        default: throw .noModifier(name.name, at: name.position)
        }
    }

    /// The names of types that take a length, and whether blanks at the end count.
    private static let lengthTypes: [String: Bool] = [
        "varchar": false, "character varying": false, "char": true, "character": true,
        "bpchar": true,
    ]

    private static let precisionTypes: Set<String> = [
        "timestamp", "timestamptz", "timestamp without time zone", "timestamp with time zone",
    ]

    /// The length or precision behind the name of a type; nil for none.
    static func modifier(of name: TypeName) throws(DatabaseError) -> TypeModifier? {
        if precisionTypes.contains(name.name) { return try precision(of: name) }
        return try length(of: name).map { .length($0) }
    }

    private static func precision(of name: TypeName) throws(DatabaseError) -> TypeModifier? {
        guard let digits = name.arguments.first else { return nil }
        guard name.arguments.count == 1 else { throw .badModifier(at: name.position) }
        if name.arrayDimensions > 0 {
            throw .notSupported("a precision of the times in an array", at: name.position)
        }
        // The session has warned of what is above.
        return .precision(TimePrecision(digits: min(digits, TimePrecision.most)))
    }

    /// The length behind the name of a type; nil for none, and for CHAR(1), a type of its own.
    private static func length(of name: TypeName) throws(DatabaseError) -> TextLength? {
        guard let isBlankTrimmed = lengthTypes[name.name], let first = name.arguments.first
        else { return nil }
        guard name.arguments.count == 1, (1...TextLength.most).contains(first) else {
            throw .badLength(name.name, at: name.position)
        }
        if name.arrayDimensions > 0 {
            throw .notSupported("a length of the strings in an array", at: name.position)
        }
        if isBlankTrimmed, first == 1 { return nil }
        return TextLength(characters: first, isBlankTrimmed: isBlankTrimmed)
    }

    /// Finds the type of a column.
    package static func columnType(named name: TypeName) throws(DatabaseError) -> ValueType {
        let type = try type(named: name)
        guard type.isStorable else {
            throw .notSupported("a column of type \(type.postgresName)", at: name.position)
        }
        return type
    }
}

extension Binder {
    /// Binds an argument of a statement: an expression without columns, cast to a type.
    package mutating func bindArgument(_ expression: Expression, as type: ValueType)
        throws(DatabaseError) -> BoundExpression
    {
        clauseWithoutAggregates = "EXECUTE parameters"
        defer { clauseWithoutAggregates = nil }
        let bound = try bind(expression, expecting: isUntyped(expression) ? type : nil)
        guard Coercion.isAssignable(bound.type, type) else {
            throw .noSuchCast(bound.type, type).at(expression.position)
        }
        // A number without a shape of its own keeps the digits it has.
        if type == .openDecimal, bound.type.isDecimal { return bound }
        return try Coercion.convert(bound, to: type)
    }
}
