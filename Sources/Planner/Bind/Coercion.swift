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
        return from.isNumeric && type.isTime
    }

    /// Whether a column takes it without CAST.
    static func isAssignable(_ from: ValueType, _ type: ValueType) -> Bool {
        if from == type || type.isText || from.isText { return true }
        if from.isNumeric && type.isNumeric { return true }
        if from.isTime && type.isTime { return true }
        return (from.isInteger && type.isTime) || (from.isTime && type == .long)
    }

    /// The type in which two values are compared or put in one column; nil when there is none.
    static func unify(_ left: ValueType, _ right: ValueType) -> ValueType? {
        if left == right { return left }
        if left.isInteger && right.isInteger {
            return left.rawValue > right.rawValue ? left : right
        }
        if left.isNumeric && right.isNumeric {
            let isWide = left == .double || right == .double || left.isInteger || right.isInteger
            return isWide ? .double : .float
        }
        if left.isText && right.isText { return .varchar }
        if left.isTime && right.isTime { return .timestamp }
        if left.isTime && (right.isInteger || right.isText) { return left }
        if right.isTime && (left.isInteger || left.isText) { return right }
        if left == .uuid && right.isText || right == .uuid && left.isText { return .uuid }
        return nil
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
}
