import Diagnostics
import Values

/// Which types turn into which, and when.
enum Coercion {
    /// Whether CAST may try it.
    static func isAllowed(_ from: ValueType, _ type: ValueType) -> Bool {
        if from == type || type.isText || from.isText { return true }
        if from.isNumeric && (type.isNumeric || type == .boolean) { return true }
        if from == .boolean && type.isNumeric { return true }
        if from.isTime && (type.isTime || type.isNumeric) { return true }
        if from.isNumeric && type.isTime { return true }
        if from.isInteger || type.isInteger || from.isObjectID {
            let other = from.isInteger ? type : type.isInteger ? from : type
            return other == .ipv4 && !from.isObjectID || other.isObjectID
                || type == .long256 && from.isInteger
        }
        if let known = from.geohashBits, let wanted = type.geohashBits { return known >= wanted }
        return areArrays(from, type, isAllowed)
    }

    /// Whether a column takes it without CAST.
    static func isAssignable(_ from: ValueType, _ type: ValueType) -> Bool {
        if from == type || type.isText || from.isText { return true }
        if from.isNumeric && type.isNumeric { return true }
        if from.isTime && type.isTime { return true }
        if (from.isInteger && type.isTime) || (from.isTime && type == .long) { return true }
        if (from.isInteger && type.isObjectID) || (from.isObjectID && type.isObjectID) {
            return true
        }
        if let known = from.geohashBits, let wanted = type.geohashBits { return known >= wanted }
        return areArrays(from, type, isAssignable)
    }

    /// Whether both are arrays of as many dimensions, whose elements turn into each other.
    private static func areArrays(
        _ from: ValueType, _ type: ValueType, _ test: (ValueType, ValueType) -> Bool
    ) -> Bool {
        guard let element = from.arrayElement, let wanted = type.arrayElement else { return false }
        return from.dimensions == type.dimensions && test(element.type, wanted.type)
    }

    /// The type in which two values are compared or put in one column; nil when there is none.
    static func unify(_ left: ValueType, _ right: ValueType) -> ValueType? {
        if left == right { return left }
        if left.isNumeric && right.isNumeric { return unifyNumbers(left, right) }
        if left.isText && right.isText { return .varchar }
        if left.isTime && right.isTime {
            return left == .timestampNanos || right == .timestampNanos
                ? .timestampNanos : .timestamp
        }
        if left.isTime && (right.isInteger || right.isText) { return left }
        if right.isTime && (left.isInteger || left.isText) { return right }
        if left.isObjectID && right.isObjectID { return .objectID }
        if left.isObjectID && right.isInteger || right.isObjectID && left.isInteger {
            return .long
        }
        if left.isText && right.readsText { return right }
        if right.isText && left.readsText { return left }
        if areArrays(left, right, { unify($0, $1) != nil }), let first = left.arrayElement,
            let second = right.arrayElement, let both = unify(first.type, second.type),
            let element = ArrayElement(both)
        {
            return .array(element, dimensions: UInt8(left.dimensions))
        }
        return nil
    }

    private static func unifyNumbers(_ left: ValueType, _ right: ValueType) -> ValueType {
        if let first = left.exactShape, let second = right.exactShape {
            if left.isInteger && right.isInteger {
                return first.precision > second.precision ? left : right
            }
            return .decimal(union(first, second))
        }
        let isNarrow = left == .float && right == .float
        return isNarrow ? .float : .double
    }

    /// A shape for the numbers of both; when 38 digits are too few, digits before the point go.
    static func union(_ left: DecimalShape, _ right: DecimalShape) -> DecimalShape {
        let scale = max(left.scale, right.scale)
        let whole = max(left.wholeDigits, right.wholeDigits)
        return DecimalShape(min(38, max(1, whole + Int(scale))), Int(scale))
    }

    /// Puts a cast above an expression where its type is another; constants are cast at once.
    static func convert(_ expression: BoundExpression, to type: ValueType)
        throws(DatabaseError) -> BoundExpression
    {
        if expression.type == type { return expression }
        // A symbol is a string wherever it is read.
        if let value = expression.constantValue {
            do throws(DatabaseError) {
                let cast = try value.cast(from: expression.type, to: type)
                return BoundExpression(.constant(cast), type, position: expression.position)
            } catch {
                throw error.at(expression.position)
            }
        }
        return BoundExpression(
            .operation(.cast, [expression]), type, position: expression.position)
    }

    /// Puts a modifier above a value. A constant that fits is made to at once; one that does not fit
    /// is refused where it is computed, for it may never be.
    static func fit(_ expression: BoundExpression, _ modifier: TypeModifier?, isCast: Bool)
        throws(DatabaseError) -> BoundExpression
    {
        guard let modifier else { return expression }
        if let value = expression.constantValue,
            let fitted = try? modifier.fit(value, isCast: isCast)
        {
            return BoundExpression(
                .constant(fitted), expression.type, position: expression.position)
        }
        return BoundExpression(
            .operation(.fit(modifier, isCast: isCast), [expression]), expression.type,
            position: expression.position)
    }
}

extension ValueType {
    /// The digits of an integer or a decimal; nil for other types.
    var exactShape: DecimalShape? {
        switch self {
        case .byte: DecimalShape(3, 0)
        case .short: DecimalShape(5, 0)
        case .int: DecimalShape(10, 0)
        case .long: DecimalShape(19, 0)
        default: decimalShape
        }
    }

    /// OID and what names the same.
    var isObjectID: Bool {
        if case .registered = self { return true }
        return self == .objectID
    }

    /// Whether a string beside it is read as one of it.
    var readsText: Bool {
        self == .uuid || self == .ipv4 || self == .long256 || self == .interval
            || geohashBits != nil || arrayElement != nil || isObjectID
    }

    var dimensions: Int {
        if case .array(_, let count) = self { return Int(count) }
        return arrayElement == nil ? 0 : 1
    }

    /// Whether its values have an order that min and max can use.
    var isOrdered: Bool {
        isNumeric || isTime || isText || self == .uuid || self == .ipv4 || self == .long256
            || self == .interval || geohashBits != nil || arrayElement != nil || isObjectID
    }
}
