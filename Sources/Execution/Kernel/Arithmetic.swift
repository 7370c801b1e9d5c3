import Diagnostics
import Planner
import Values

/// Why an arithmetic kernel gave up; found per batch, told per statement.
enum ArithmeticFailure {
    case none, overflow, divisionByZero
}

enum Arithmetic {
    /// Computes `left op right` over integers of one width.
    static func integers<T: FixedWidthInteger & BitwiseCopyable>(
        _ operation: Operation, _ left: Side<T>, _ right: Side<T>, _ type: ValueType, count: Int
    ) throws(DatabaseError) -> ColumnVector {
        let validity = Validity.both(left.validity, right.validity, count: count)
        var hasOverflow = false
        var hasZero = false
        let width = MemoryLayout<T>.size
        let result = ColumnVector.make(type, count: count, width: width, validity: validity) {
            out in
            switch operation {
            case .add:
                zipElements(left, right, count: count, into: &out) { first, second in
                    let (value, overflow) = first.addingReportingOverflow(second)
                    hasOverflow = hasOverflow || overflow
                    return value
                }
            case .subtract:
                zipElements(left, right, count: count, into: &out) { first, second in
                    let (value, overflow) = first.subtractingReportingOverflow(second)
                    hasOverflow = hasOverflow || overflow
                    return value
                }
            case .multiply:
                zipElements(left, right, count: count, into: &out) { first, second in
                    let (value, overflow) = first.multipliedReportingOverflow(by: second)
                    hasOverflow = hasOverflow || overflow
                    return value
                }
            default:
                (hasOverflow, hasZero) = divide(operation, left, right, count: count, &out)
            }
        }
        // Rows without a value may hold anything: whether the failure is real is seen row by row.
        if (hasOverflow || hasZero) && validity == nil {
            throw hasZero ? .divisionByZero() : .outOfRange(type)
        }
        if hasOverflow || hasZero { try recheck(operation, left, right, result) }
        return result
    }

    @inline(__always)
    private static func divide<T: FixedWidthInteger & BitwiseCopyable>(
        _ operation: Operation, _ left: Side<T>, _ right: Side<T>, count: Int,
        _ out: inout MutableRawSpan
    ) -> (overflow: Bool, zero: Bool) {
        var hasOverflow = false
        var hasZero = false
        let isRemainder = operation == .remainder
        switch operation {
        case .divide, .remainder:
            zipElements(left, right, count: count, into: &out) { first, second -> T in
                if second == 0 {
                    hasZero = true
                    return 0
                }
                if isRemainder { return second == -1 ? 0 : first % second }
                let (value, overflow) = first.dividedReportingOverflow(by: second)
                hasOverflow = hasOverflow || overflow
                return value
            }
        case .bitAnd: zipElements(left, right, count: count, into: &out) { $0 & $1 }
        case .bitOr: zipElements(left, right, count: count, into: &out) { $0 | $1 }
        case .bitXor: zipElements(left, right, count: count, into: &out) { $0 ^ $1 }
        case .shiftLeft: zipElements(left, right, count: count, into: &out) { $0 &<< $1 }
        case .shiftRight: zipElements(left, right, count: count, into: &out) { $0 &>> $1 }
        default: preconditionFailure("the interpreter sends no other operation here")
        }
        return (hasOverflow, hasZero)
    }

    private static func recheck<T: FixedWidthInteger & BitwiseCopyable>(
        _ operation: Operation, _ left: Side<T>, _ right: Side<T>, _ result: ColumnVector
    ) throws(DatabaseError) {
        for row in 0..<result.count where !result.isNull(row) {
            let first = element(left, row)
            let second = element(right, row)
            let hasOverflow: Bool
            switch operation {
            case .add: hasOverflow = first.addingReportingOverflow(second).overflow
            case .subtract: hasOverflow = first.subtractingReportingOverflow(second).overflow
            case .multiply: hasOverflow = first.multipliedReportingOverflow(by: second).overflow
            default:
                if second == 0 { throw .divisionByZero() }
                hasOverflow =
                    first.dividedReportingOverflow(by: second).overflow
                    && operation == .divide
            }
            if hasOverflow { throw .outOfRange(result.type) }
        }
    }

    private static func element<T: FixedWidthInteger & BitwiseCopyable>(
        _ side: Side<T>, _ row: Int
    ) -> T {
        switch side {
        case .scalar(let value): value
        case .vector(let vector): vector.load(row, T.self)
        }
    }

    /// Computes `left op right` over floating point; `type` is FLOAT or DOUBLE with width of T.
    static func floats<T: BinaryFloatingPoint & BitwiseCopyable>(
        _ operation: Operation, _ left: Side<T>, _ right: Side<T>, _ type: ValueType, count: Int
    ) throws(DatabaseError) -> ColumnVector {
        let validity = Validity.both(left.validity, right.validity, count: count)
        var hasZero = false
        var hasInfinite = false
        let result = ColumnVector.make(
            type, count: count, width: MemoryLayout<T>.size, validity: validity
        ) { out in
            switch operation {
            case .add:
                zipElements(left, right, count: count, into: &out) { first, second in
                    let value = first + second
                    hasInfinite = hasInfinite || value.magnitude == .infinity
                    return value
                }
            case .subtract:
                zipElements(left, right, count: count, into: &out) { first, second in
                    let value = first - second
                    hasInfinite = hasInfinite || value.magnitude == .infinity
                    return value
                }
            case .multiply:
                zipElements(left, right, count: count, into: &out) { first, second in
                    let value = first * second
                    hasInfinite = hasInfinite || value.magnitude == .infinity
                    return value
                }
            case .divide:
                zipElements(left, right, count: count, into: &out) { first, second in
                    hasZero = hasZero || second == 0
                    let value = first / second
                    hasInfinite = hasInfinite || value.magnitude == .infinity
                    return value
                }
            default:
                zipElements(left, right, count: count, into: &out) { first, second in
                    hasZero = hasZero || second == 0
                    return first.truncatingRemainder(dividingBy: second)
                }
            }
        }
        if hasZero {
            for row in 0..<count where !result.isNull(row) {
                if case .scalar(let value) = right, value == 0 { throw .divisionByZero() }
                if case .vector(let vector) = right {
                    if case .double(0) = vector.value(at: row) { throw .divisionByZero() }
                }
            }
        }
        if hasInfinite {
            // An infinity that went in may come out; one made of finite numbers is an overflow.
            for row in 0..<count where !result.isNull(row) {
                guard case .double(let made) = result.value(at: row), made.isInfinite,
                    isFinite(left, row), isFinite(right, row)
                else { continue }
                throw .outOfRange(type)
            }
        }
        return result
    }

    private static func isFinite<T: BinaryFloatingPoint & BitwiseCopyable>(
        _ side: Side<T>, _ row: Int
    ) -> Bool {
        switch side {
        case .scalar(let value): return value.isFinite
        case .vector(let vector):
            guard case .double(let value) = vector.value(at: row) else { return false }
            return value.isFinite
        }
    }
}
