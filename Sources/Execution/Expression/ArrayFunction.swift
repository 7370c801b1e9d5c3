import Diagnostics
import Planner
import Values

/// Functions of arrays, on single values.
enum ArrayFunction {
    /// Makes an array of elements, or of arrays of the same lengths.
    static func make(_ values: [Value], _ type: ValueType) throws(DatabaseError) -> Value {
        guard case .array(let element, let dimensions) = type else { return .null }
        guard ArrayValue.canHold(values.count) else { throw .arrayTooLong() }
        if dimensions == 1 { return .array(ArrayValue(element, values)) }
        var lengths: [Int]?
        var elements: [Value] = []
        for value in values {
            guard case .array(let inner) = value, inner.lengths == lengths ?? inner.lengths,
                inner.lengths.count == Int(dimensions) - 1
            else {
                throw .badArgument(
                    "multidimensional arrays must have array expressions with matching dimensions")
            }
            lengths = inner.lengths
            elements += inner.elements
            guard ArrayValue.canHold(elements.count) else { throw .arrayTooLong() }
        }
        return .array(ArrayValue(element, lengths: [values.count] + (lengths ?? []), elements))
    }

    /// What stands at a place; NULL outside.
    static func element(_ values: [Value]) -> Value {
        guard case .array(let array) = values[0], case .integer(let place) = values[1] else {
            return .null
        }
        if array.lengths.count == 1 { return array.element(at: [place]) }
        return array.slice(at: place).map(Value.array) ?? .null
    }

    /// Three-valued: an unknown comparison decides nothing, and leaves the answer unknown when no
    /// other decides it.
    static func compare(_ values: [Value], _ comparison: Operation, isAll: Bool) -> Value {
        guard case .array(let array) = values[1] else { return .null }
        var isUnknown = false
        for element in array.elements {
            if element == .null || values[0] == .null {
                isUnknown = true
            } else if Comparison.holds(comparison, values[0].order(element)) != isAll {
                return .boolean(!isAll)
            }
        }
        return isUnknown ? .null : .boolean(isAll)
    }

    static func length(_ function: ScalarFunction, _ array: ArrayValue, _ values: [Value])
        -> Value
    {
        if function == .cardinality { return .integer(Int64(array.elements.count)) }
        guard values.count > 1, case .integer(let dimension) = values[1], dimension >= 1,
            dimension <= Int64(array.lengths.count)
        else { return .null }
        return .integer(Int64(array.lengths[Int(dimension) - 1]))
    }
}

/// Moments and spans of time, on single values.
enum IntervalFunction {
    /// A moment or a span, and a span more or less; the negative of a span.
    static func apply(_ operation: Operation, _ values: [Value], _ type: ValueType)
        throws(DatabaseError) -> Value
    {
        if values.contains(.null) { return .null }
        guard case .interval(let last) = values[values.count - 1],
            let span = operation == .add ? last : last.negated
        else { throw .outOfRange(type) }
        switch values[0] {
        case _ where values.count == 1: return .interval(span)
        case .timestamp(let micros):
            guard let moved = span.added(to: micros) else { throw .outOfRange(type) }
            return .timestamp(moved)
        case .timestampNanos(let nanos):
            let micros = nanos.dividedDown(by: 1000)
            let rest = nanos - micros * 1000
            guard let moved = span.added(to: micros) else { throw .outOfRange(type) }
            let (whole, overflow) = moved.multipliedReportingOverflow(by: 1000)
            let (sum, carry) = whole.addingReportingOverflow(rest)
            if overflow || carry { throw .outOfRange(type) }
            return .timestampNanos(sum)
        case .interval(let first):
            let months = first.months.addingReportingOverflow(span.months)
            let days = first.days.addingReportingOverflow(span.days)
            let micros = first.microseconds.addingReportingOverflow(span.microseconds)
            if months.overflow || days.overflow || micros.overflow { throw .outOfRange(type) }
            return .interval(
                IntervalValue(
                    months: months.partialValue, days: days.partialValue,
                    microseconds: micros.partialValue))
        default: return .null
        }
    }
}
