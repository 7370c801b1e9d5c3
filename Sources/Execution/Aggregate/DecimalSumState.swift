import Diagnostics
import Values

/// Exact sums of decimals; what does not fit 38 digits is 22003.
final class DecimalSumState: AggregateState {
    private let argument: DecimalShape
    private let type: ValueType
    private let isAverage: Bool
    private var sums: [Int128] = []
    private var counts: [Int64] = []
    private var hasOverflow = false

    init(argument: DecimalShape, type: ValueType, isAverage: Bool) {
        self.argument = argument
        self.type = type
        self.isAverage = isAverage
    }

    func add(_ vector: ColumnVector?, rows: Int, groups: [Int32]?, groupCount: Int)
        throws(DatabaseError)
    {
        sums.grow(to: groupCount, with: 0)
        counts.grow(to: groupCount, with: 0)
        guard let vector else { return }
        forEachElement(vector, Int128.self) { row, units in
            let group = groups.map { Int($0[row]) } ?? 0
            let (sum, overflow) = sums[group].addingReportingOverflow(units)
            sums[group] = sum
            counts[group] += 1
            hasOverflow = hasOverflow || overflow
        }
        if hasOverflow { throw .outOfRange(type) }
    }

    func finish(_ groups: Range<Int>) throws(DatabaseError) -> ColumnVector {
        sums.grow(to: groups.upperBound, with: 0)
        counts.grow(to: groups.upperBound, with: 0)
        let shape = type.decimalShape ?? argument
        var builder = ColumnBuilder(type: type)
        for group in groups {
            guard counts[group] > 0 else {
                builder.append(.null)
                continue
            }
            let shift = Int(shape.scale) - Int(argument.scale)
            let units =
                isAverage
                ? DecimalValue.quotient(sums[group], Int128(counts[group]), shift: shift)
                : sums[group]
            guard let units, shape.holds(units) else { throw .outOfRange(type) }
            builder.append(.decimal(DecimalValue(units: units, scale: shape.scale)))
        }
        return builder.makeVector()
    }
}
