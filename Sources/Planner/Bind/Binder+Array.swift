import Catalog
import Diagnostics
import SQL
import Values

/// Arrays and what stands at their places.
extension Binder {
    /// `ARRAY[…]`: elements of one type, or arrays of one length.
    mutating func bindArray(
        _ elements: [Expression], expecting type: ValueType?, at position: Int
    ) throws(DatabaseError) -> BoundExpression {
        let expected = type?.arrayElement
        if elements.isEmpty {
            guard let type, let expected else { throw .emptyArray(at: position) }
            let empty = Value.array(ArrayValue(expected, []))
            return BoundExpression(.constant(empty), type, position: position)
        }
        let bound = try bindSameType(elements, "ARRAY", expecting: expected?.type)
        let inner = bound[0].type
        let result: ValueType
        if case .array(let element, let dimensions) = inner {
            guard
                let outer = ValueType.named(
                    element.type.name, arguments: [], dimensions: Int(dimensions) + 1)
            else { throw .notSupported("an array of so many dimensions", at: position) }
            result = outer
        } else {
            guard let element = ArrayElement(inner) else {
                throw .notSupported("an array of \(inner.postgresName)", at: position)
            }
            result = .array(of: element)
        }
        return operation(.array, bound, result, position)
    }

    /// `a[1]`: an element, or the array one dimension down.
    mutating func bindElement(_ array: Expression, _ index: Expression, at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        let bound = try bind(array)
        guard let element = bound.type.arrayElement else {
            throw .notAnArray(bound.type, at: position)
        }
        let place = try bind(index, expecting: .long)
        guard place.type.isInteger else {
            throw .typesDoNotMatch("subscript", .long, place.type, at: index.position)
        }
        let dimensions = bound.type.dimensions
        let result: ValueType =
            dimensions > 1
            ? .array(element, dimensions: UInt8(dimensions - 1)) : element.type
        return operation(
            .element, [bound, try Coercion.convert(place, to: .long)], result, position)
    }

    /// `a = ANY (array)`, `a < ALL (array)`.
    mutating func bindQuantified(_ quantified: Quantified, at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        if case .subquery = quantified.right.kind {
            throw .notSupported("\(quantified.quantifier.rawValue) of a query", at: position)
        }
        let comparisons: [BinaryOperator: Operation] = [
            .equal: .equal, .notEqual: .notEqual, .less: .less, .lessOrEqual: .lessOrEqual,
            .greater: .greater, .greaterOrEqual: .greaterOrEqual,
        ]
        guard let comparison = comparisons[quantified.comparison] else {
            throw .notSupported(
                "\(quantified.comparison.rawValue) \(quantified.quantifier.rawValue)", at: position)
        }
        var left: BoundExpression
        var array: BoundExpression
        if isUntyped(quantified.right) {
            left = try bind(quantified.left)
            array = try bind(
                quantified.right,
                expecting: ArrayElement(left.type).map { ValueType.array(of: $0) })
        } else {
            array = try bind(quantified.right)
            left = try bind(quantified.left, expecting: array.type.arrayElement?.type)
        }
        guard let element = array.type.arrayElement else {
            throw .notAnArray(array.type, at: quantified.right.position)
        }
        let spelling = quantified.comparison.rawValue
        guard let both = Coercion.unify(left.type, element.type) else {
            throw .undefinedOperator(spelling, left.type, array.type, at: position)
        }
        // Elements that arrays cannot hold are compared in a type they can: a decimal as a double.
        let type = both.isDecimal ? .double : both
        guard let wanted = ArrayElement(type) else {
            throw .undefinedOperator(spelling, left.type, array.type, at: position)
        }
        left = try Coercion.convert(left, to: wanted.type)
        array = try Coercion.convert(
            array, to: .array(wanted, dimensions: UInt8(max(1, array.type.dimensions))))
        let isAll = quantified.quantifier == .all
        return operation(.quantified(comparison, isAll: isAll), [left, array], .boolean, position)
    }

    /// `'trades'::regclass`: the object id of what a text names.
    func bindRegistered(_ kind: RegisteredKind, _ text: String, at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        func constant(_ id: UInt64) -> BoundExpression {
            BoundExpression(
                .constant(.integer(Int64(UInt32(truncatingIfNeeded: id)))), .registered(kind),
                position: position)
        }
        if let id = UInt32(text) { return constant(UInt64(id)) }
        let parts = TableName.parts(of: text)
        let name = parts.last ?? ""
        switch kind {
        case .relation:
            let schema = parts.count > 1 ? parts[0] : nil
            guard let table = relations.table(schema: schema, name: name) else {
                throw .undefinedTable(text, at: position)
            }
            return constant(table.id)
        case .type:
            guard let type = ValueType.named(name) else {
                throw .undefinedType(text, at: position)
            }
            return constant(UInt64(type.oid))
        case .function, .schema, .role:
            throw .notSupported("\(kind.rawValue) of a name", at: position)
        }
    }
}

extension ValueType {
    /// The type of a parameter where a value of this type is wanted: no narrower than what a
    /// client may mean.
    var asParameter: ValueType {
        switch self {
        case .symbol, .catalogName, .record: return .varchar
        // The number keeps its own digits, or 1.009 would be 1.01 to compare with.
        case .decimal: return .openDecimal
        case .registered: return .objectID
        case .boolean, .byte, .short, .char, .int, .long, .float, .double, .date, .timestamp,
            .timestampNanos, .varchar, .binary, .uuid, .ipv4, .long256, .geohash, .array, .interval,
            .objectID, .catalogChar, .shortVector, .json, .void:
            return self
        }
    }
}
