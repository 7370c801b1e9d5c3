import Bytes
import Diagnostics
import Planner
import Values

/// Arithmetic of decimals, exact up to the digits of the result's type and rounded half away from
/// zero beyond them.
enum DecimalArithmetic {
    /// Computes `left op right`. Sums and remainders have sides of the result's shape; products and
    /// quotients have sides of any.
    static func compute(
        _ operation: Operation, _ left: ColumnVector, _ right: ColumnVector, _ shape: DecimalShape
    ) throws(DatabaseError) -> ColumnVector {
        let count = left.count
        let validity = Validity.both(left.validity, right.validity, count: count)
        let leftScale = Int(left.type.decimalShape?.scale ?? 0)
        let rightScale = Int(right.type.decimalShape?.scale ?? 0)
        let scale = Int(shape.scale)
        var failure = ArithmeticFailure.none
        let result = ColumnVector.make(
            .decimal(shape), count: count, width: 16, validity: validity
        ) { out in
            let bits = validity?.bytes
            for row in 0..<count {
                if let bits, !Validity.isSet(bits, row) { continue }
                let first = left.load(row, Int128.self)
                let second = right.load(row, Int128.self)
                var units: Int128?
                switch operation {
                case .add: units = exact(first.addingReportingOverflow(second))
                case .subtract: units = exact(first.subtractingReportingOverflow(second))
                case .multiply:
                    units = DecimalValue.product(
                        first, second, dividingByTenTo: leftScale + rightScale - scale)
                default:
                    if second == 0 {
                        failure = .divisionByZero
                        return
                    }
                    units =
                        operation == .remainder
                        ? first % second
                        : DecimalValue.quotient(
                            first, second, shift: scale - leftScale + rightScale)
                }
                guard let units, shape.holds(units) else {
                    failure = .overflow
                    return
                }
                out.put(units, row)
            }
        }
        switch failure {
        case .none: return result
        case .overflow: throw .outOfRange(.decimal(shape))
        case .divisionByZero: throw .divisionByZero()
        }
    }

    private static func exact(_ result: (partialValue: Int128, overflow: Bool)) -> Int128? {
        result.overflow ? nil : result.partialValue
    }
}
