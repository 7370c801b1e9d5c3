import Diagnostics
import Planner
import Values

/// What one aggregate knows of each group.
protocol AggregateState: AnyObject {
    /// Adds rows: `groups` names the group of each, nil when there is only group 0.
    func add(_ vector: ColumnVector?, rows: Int, groups: [Int32]?, groupCount: Int)
        throws(DatabaseError)
    /// Makes the results of groups.
    func finish(_ groups: Range<Int>) throws(DatabaseError) -> ColumnVector
}

enum AggregateStates {
    static func make(_ aggregate: BoundAggregate) -> any AggregateState {
        switch aggregate.function {
        case .count: return CountState()
        case .sum, .avg:
            if let shape = aggregate.argument?.type.decimalShape {
                return DecimalSumState(
                    argument: shape, type: aggregate.type, isAverage: aggregate.function == .avg)
            }
            return aggregate.argument?.type.isInteger ?? false
                ? IntegerSumState(isAverage: aggregate.function == .avg)
                : FloatSumState(isAverage: aggregate.function == .avg, type: aggregate.type)
        case .min, .max:
            let wantsGreatest = aggregate.function == .max
            switch aggregate.argument?.type {
            case .byte?, .short?, .int?, .long?, .date?, .timestamp?, .timestampNanos?:
                return IntegerExtremeState(wantsGreatest: wantsGreatest, type: aggregate.type)
            case .float?, .double?:
                return FloatExtremeState(wantsGreatest: wantsGreatest, type: aggregate.type)
            default: return ValueExtremeState(wantsGreatest: wantsGreatest, type: aggregate.type)
            }
        }
    }
}

extension Array {
    mutating func grow(to size: Int, with element: Element) {
        if count < size { append(contentsOf: repeatElement(element, count: size - count)) }
    }
}

final class CountState: AggregateState {
    private var counts: [Int64] = []

    func add(_ vector: ColumnVector?, rows: Int, groups: [Int32]?, groupCount: Int) {
        counts.grow(to: groupCount, with: 0)
        guard let groups else {
            counts[0] += Int64(rows - (vector.map(Self.nullCount) ?? 0))
            return
        }
        if let vector, vector.validity != nil {
            for row in 0..<rows where !vector.isNull(row) { counts[Int(groups[row])] += 1 }
        } else {
            for row in 0..<rows { counts[Int(groups[row])] += 1 }
        }
    }

    private static func nullCount(_ vector: ColumnVector) -> Int {
        guard vector.validity != nil else { return 0 }
        var count = 0
        for row in 0..<vector.count where vector.isNull(row) { count += 1 }
        return count
    }

    func finish(_ groups: Range<Int>) -> ColumnVector {
        counts.grow(to: groups.upperBound, with: 0)
        let results = counts
        return ColumnVector.make(.long, count: groups.count, width: 8) { out in
            for group in groups { out.put(results[group], group &- groups.lowerBound) }
        }
    }
}

/// Exact sums of integers, in 128 bits; what does not fit the result is 22003.
final class IntegerSumState: AggregateState {
    private let isAverage: Bool
    private var sums: [Int128] = []
    private var counts: [Int64] = []

    init(isAverage: Bool) { self.isAverage = isAverage }

    func add(_ vector: ColumnVector?, rows: Int, groups: [Int32]?, groupCount: Int) {
        sums.grow(to: groupCount, with: 0)
        counts.grow(to: groupCount, with: 0)
        guard let vector else { return }
        let wide = vector.type == .long ? vector : Casting.quick(vector, to: .long) ?? vector
        if let groups {
            forEachElement(wide, Int64.self) { row, number in
                let group = Int(groups[row])
                sums[group] += Int128(number)
                counts[group] += 1
            }
            return
        }
        // Low and high halves apart: neither can overflow within a batch, and the loop is plain.
        var low: UInt64 = 0
        var high: Int64 = 0
        var count: Int64 = 0
        forEachElement(wide, Int64.self) { _, number in
            low &+= UInt64(bitPattern: number) & 0xffff_ffff
            high &+= number &>> 32
            count &+= 1
        }
        sums[0] += Int128(high) << 32 + Int128(low)
        counts[0] += count
    }

    func finish(_ groups: Range<Int>) throws(DatabaseError) -> ColumnVector {
        sums.grow(to: groups.upperBound, with: 0)
        counts.grow(to: groups.upperBound, with: 0)
        var builder = ColumnBuilder(type: isAverage ? .double : .long)
        for group in groups {
            if counts[group] == 0 {
                builder.append(.null)
            } else if isAverage {
                builder.append(.double(Double(sums[group]) / Double(counts[group])))
            } else {
                guard let sum = Int64(exactly: sums[group]) else { throw .outOfRange(.long) }
                builder.append(.integer(sum))
            }
        }
        return builder.makeVector()
    }
}

/// Sums of floating point, compensated: the error does not grow with the number of rows.
final class FloatSumState: AggregateState {
    private let isAverage: Bool
    private let type: ValueType
    private var sums: [Double] = []
    private var errors: [Double] = []
    private var counts: [Int64] = []

    init(isAverage: Bool, type: ValueType) {
        self.isAverage = isAverage
        self.type = type
    }

    func add(_ vector: ColumnVector?, rows: Int, groups: [Int32]?, groupCount: Int) {
        sums.grow(to: groupCount, with: 0)
        errors.grow(to: groupCount, with: 0)
        counts.grow(to: groupCount, with: 0)
        guard let vector else { return }
        let wide = vector.type == .double ? vector : Casting.quick(vector, to: .double) ?? vector
        if let groups {
            forEachElement(wide, Double.self) { row, number in
                let group = Int(groups[row])
                Self.add(number, &sums[group], &errors[group])
                counts[group] += 1
            }
            return
        }
        var sum = sums[0]
        var error = errors[0]
        var count: Int64 = 0
        forEachElement(wide, Double.self) { _, number in
            Self.add(number, &sum, &error)
            count &+= 1
        }
        sums[0] = sum
        errors[0] = error
        counts[0] += count
    }

    /// Neumaier's step.
    @inline(__always)
    private static func add(_ number: Double, _ sum: inout Double, _ error: inout Double) {
        let next = sum + number
        error += sum.magnitude >= number.magnitude ? (sum - next) + number : (number - next) + sum
        sum = next
    }

    func finish(_ groups: Range<Int>) -> ColumnVector {
        sums.grow(to: groups.upperBound, with: 0)
        errors.grow(to: groups.upperBound, with: 0)
        counts.grow(to: groups.upperBound, with: 0)
        var builder = ColumnBuilder(type: type)
        for group in groups {
            guard counts[group] > 0 else {
                builder.append(.null)
                continue
            }
            // Infinities make the error NaN; the sum alone is then the answer.
            let sum = errors[group].isFinite ? sums[group] + errors[group] : sums[group]
            builder.append(.double(isAverage ? sum / Double(counts[group]) : sum))
        }
        return builder.makeVector()
    }
}

final class IntegerExtremeState: AggregateState {
    private let wantsGreatest: Bool
    private let type: ValueType
    private var best: [Int64] = []
    private var isSet: [Bool] = []

    init(wantsGreatest: Bool, type: ValueType) {
        self.wantsGreatest = wantsGreatest
        self.type = type
    }

    func add(_ vector: ColumnVector?, rows: Int, groups: [Int32]?, groupCount: Int) {
        best.grow(to: groupCount, with: wantsGreatest ? .min : .max)
        isSet.grow(to: groupCount, with: false)
        guard let vector else { return }
        let wide = vector.type.width == 8 ? vector : Casting.quick(vector, to: .long) ?? vector
        if let groups {
            forEachElement(wide, Int64.self) { row, number in
                let group = Int(groups[row])
                isSet[group] = true
                let isBetter = wantsGreatest ? number > best[group] : number < best[group]
                if isBetter { best[group] = number }
            }
            return
        }
        var found = best[0]
        var count = 0
        if wantsGreatest {
            forEachElement(wide, Int64.self) { _, number in
                found = max(found, number)
                count &+= 1
            }
        } else {
            forEachElement(wide, Int64.self) { _, number in
                found = min(found, number)
                count &+= 1
            }
        }
        best[0] = found
        if count > 0 { isSet[0] = true }
    }

    func finish(_ groups: Range<Int>) -> ColumnVector {
        isSet.grow(to: groups.upperBound, with: false)
        best.grow(to: groups.upperBound, with: 0)
        var builder = ColumnBuilder(type: type)
        for group in groups {
            builder.append(isSet[group] ? value(best[group]) : .null)
        }
        return builder.makeVector()
    }
}

extension IntegerExtremeState {
    private func value(_ number: Int64) -> Value {
        switch type {
        case .timestamp: .timestamp(number)
        case .timestampNanos: .timestampNanos(number)
        case .date: .date(number)
        default: .integer(number)
        }
    }
}

/// NaN is above all numbers.
final class FloatExtremeState: AggregateState {
    private let wantsGreatest: Bool
    private let type: ValueType
    private var best: [Double] = []
    private var isSet: [Bool] = []

    init(wantsGreatest: Bool, type: ValueType) {
        self.wantsGreatest = wantsGreatest
        self.type = type
    }

    func add(_ vector: ColumnVector?, rows: Int, groups: [Int32]?, groupCount: Int) {
        best.grow(to: groupCount, with: 0)
        isSet.grow(to: groupCount, with: false)
        guard let vector else { return }
        let wide = vector.type == .double ? vector : Casting.quick(vector, to: .double) ?? vector
        forEachElement(wide, Double.self) { row, number in
            let group = groups.map { Int($0[row]) } ?? 0
            let old = best[group]
            let isAbove = number > old || (number.isNaN && !old.isNaN)
            let isBelow = number < old || (old.isNaN && !number.isNaN)
            if !isSet[group] || (wantsGreatest ? isAbove : isBelow) {
                best[group] = number
                isSet[group] = true
            }
        }
    }

    func finish(_ groups: Range<Int>) -> ColumnVector {
        isSet.grow(to: groups.upperBound, with: false)
        best.grow(to: groups.upperBound, with: 0)
        var builder = ColumnBuilder(type: type)
        for group in groups {
            builder.append(isSet[group] ? .double(best[group]) : .null)
        }
        return builder.makeVector()
    }
}

/// Strings and whatever else is compared value by value.
final class ValueExtremeState: AggregateState {
    private let wantsGreatest: Bool
    private let type: ValueType
    private var best: [Value] = []

    init(wantsGreatest: Bool, type: ValueType) {
        self.wantsGreatest = wantsGreatest
        self.type = type
    }

    func add(_ vector: ColumnVector?, rows: Int, groups: [Int32]?, groupCount: Int) {
        best.grow(to: groupCount, with: .null)
        guard let vector else { return }
        for row in 0..<rows where !vector.isNull(row) {
            let group = groups.map { Int($0[row]) } ?? 0
            let value = vector.value(at: row)
            let old = best[group]
            let isBetter =
                wantsGreatest
                ? RowFunction.precedes(old, value) : RowFunction.precedes(value, old)
            if old == .null || isBetter { best[group] = value }
        }
    }

    func finish(_ groups: Range<Int>) -> ColumnVector {
        best.grow(to: groups.upperBound, with: .null)
        var builder = ColumnBuilder(type: type)
        for group in groups { builder.append(best[group]) }
        return builder.makeVector()
    }
}
