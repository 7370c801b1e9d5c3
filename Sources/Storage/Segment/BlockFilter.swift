package import Values

/// What rows must be like to be wanted, as far as statistics can tell: which segments and which
/// blocks of 16,384 rows hold none.
///
/// It errs to one side only: what it leaves out has no row that is wanted.
package struct BlockFilter: Sendable {
    package enum Comparison: Sendable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    }

    /// A condition on columns, by their index in the table's definition. Three-valued like SQL's: a
    /// comparison is true for no NULL.
    package indirect enum Condition: Sendable {
        /// A column of the stored type, compared as another with a value of that one. The cast
        /// from one to the other keeps the order. The value is not NULL.
        case compare(Int, stored: ValueType, as: ValueType, Comparison, Value)
        case isNull(Int)
        case isNotNull(Int)
        case all([Condition])
        case any([Condition])
        /// True for no row.
        case never
    }

    package let condition: Condition
    /// The moments between which the designated timestamp of every wanted row is; nil when no row
    /// is wanted.
    let moments: ClosedRange<Int64>?
    let timestamp: Int?

    /// - Parameter timestamp: the designated timestamp's index, where there is one.
    package init(_ condition: Condition, timestamp: Int?) {
        self.condition = condition
        self.timestamp = timestamp
        moments =
            timestamp.map { condition.moments(of: $0) } ?? (Int64.min...Int64.max)
    }

    /// Whether rows with timestamps between two moments may be wanted.
    package func meets(_ minimum: Int64?, _ maximum: Int64?) -> Bool {
        guard let moments else { return false }
        guard let minimum, let maximum else { return true }
        return minimum <= moments.upperBound && maximum >= moments.lowerBound
    }

    /// The columns whose statistics it asks for.
    var columns: [Int] { Set(condition.columns).sorted() }
}

extension BlockFilter.Condition {
    fileprivate var columns: [Int] {
        switch self {
        case .compare(let column, _, _, _, _), .isNull(let column), .isNotNull(let column):
            [column]
        case .all(let parts), .any(let parts): parts.flatMap(\.columns)
        case .never: []
        }
    }

    /// Whether it may be true for a row of which only statistics are known.
    func mayHold(_ statistics: (Int) -> SegmentStatistics?) -> Bool {
        switch self {
        case .never: false
        case .all(let parts): parts.allSatisfy { $0.mayHold(statistics) }
        case .any(let parts): parts.contains { $0.mayHold(statistics) }
        case .isNull(let column): statistics(column).map { $0.nulls > 0 } ?? true
        case .isNotNull(let column): statistics(column).map { $0.nulls < $0.rows } ?? true
        case .compare(let column, let stored, let type, let comparison, let value):
            statistics(column).map { known in
                Bounds(known, stored: stored, as: type)?.mayHold(comparison, value)
                    ?? (known.nulls < known.rows)
            } ?? true
        }
    }

    /// What a condition leaves of the moments of a timestamp column.
    fileprivate func moments(of timestamp: Int) -> ClosedRange<Int64>? {
        let always = Int64.min...Int64.max
        switch self {
        case .never: return nil
        case .isNull, .isNotNull: return always
        case .all(let parts):
            var range = always
            for part in parts {
                guard let other = part.moments(of: timestamp), other.overlaps(range) else {
                    return nil
                }
                range = range.clamped(to: other)
            }
            return range
        case .any(let parts):
            let ranges = parts.compactMap { $0.moments(of: timestamp) }
            guard let first = ranges.map(\.lowerBound).min(),
                let last = ranges.map(\.upperBound).max()
            else { return nil }
            return first...last
        case .compare(timestamp, .timestamp, .timestamp, let comparison, .timestamp(let moment)),
            .compare(
                timestamp, .timestampNanos, .timestampNanos, let comparison,
                .timestampNanos(let moment)):
            switch comparison {
            case .equal: return moment...moment
            case .notEqual: return always
            case .lessOrEqual: return .min...moment
            case .greaterOrEqual: return moment...(.max)
            case .less: return moment == .min ? nil : .min...(moment - 1)
            case .greater: return moment == .max ? nil : (moment + 1)...(.max)
            }
        case .compare: return always
        }
    }
}

/// The ends of the values of some rows, in the type in which they are compared.
private struct Bounds {
    /// NULL when there is no value but NaN.
    let low: Value
    /// NULL for unknown.
    let high: Value
    let hasNaN: Bool
    let isFloat: Bool

    /// Nil when nothing is known of values that are there.
    init?(_ known: SegmentStatistics, stored: ValueType, as type: ValueType) {
        hasNaN = known.nans > 0
        isFloat = type == .float
        if known.hasValues && known.minimum == .null { return nil }
        if stored == type || type.isText {
            (low, high) = (known.minimum, known.maximum)
            return
        }
        // What cannot be cast will be complained of by whoever reads the rows.
        guard let first = try? known.minimum.cast(from: stored, to: type),
            let last = try? known.maximum.cast(from: stored, to: type)
        else { return nil }
        (low, high) = (first, last)
    }

    /// Whether the comparison may be true for some value. NaN equals itself and is above all else.
    func mayHold(_ comparison: BlockFilter.Comparison, _ asked: Value) -> Bool {
        let value = comparable(asked)
        if low != .null, !low.isSameKind(as: value) { return true }
        let isNaN = value.isNotANumber
        let hasNumbers = low != .null
        let isBelowHigh = hasNumbers && (high == .null || value.order(high) <= 0)
        switch comparison {
        case .equal:
            return isNaN ? hasNaN : isBelowHigh && low.order(value) <= 0
        case .notEqual:
            if isNaN { return hasNumbers }
            let isOnlyValue = low.order(value) == 0 && high != .null && high.order(value) == 0
            return hasNaN || hasNumbers && !isOnlyValue
        case .less: return hasNumbers && low.order(value) < 0
        case .lessOrEqual: return isNaN && hasNaN || hasNumbers && low.order(value) <= 0
        case .greater:
            if isNaN { return false }
            return hasNaN || hasNumbers && (high == .null || value.order(high) < 0)
        case .greaterOrEqual: return hasNaN || isBelowHigh
        }
    }

    /// A value as bounds are: strings are their bytes, a FLOAT has no more digits than a column's.
    private func comparable(_ value: Value) -> Value {
        switch value {
        case .string(let text): .binary(Array(text.utf8))
        case .double(let number) where isFloat: .double(Double(Float(number)))
        case .null, .boolean, .integer, .double, .date, .timestamp, .timestampNanos, .binary,
            .uuid, .decimal, .long256, .array, .interval:
            value
        }
    }
}

extension Value {
    fileprivate var isNotANumber: Bool {
        if case .double(let number) = self { return number.isNaN }
        return false
    }

    /// Whether the order of two values means anything.
    fileprivate func isSameKind(as other: Value) -> Bool {
        switch (self, other) {
        case (.boolean, .boolean), (.integer, .integer), (.double, .double), (.date, .date),
            (.timestamp, .timestamp), (.timestampNanos, .timestampNanos), (.binary, .binary),
            (.uuid, .uuid), (.decimal, .decimal), (.long256, .long256):
            true
        default: false
        }
    }
}

extension SegmentStatistics {
    /// What is known of all rows of entries together.
    static func union(_ entries: [SegmentStatistics]) -> SegmentStatistics {
        var all = SegmentStatistics()
        var isHighKnown = true
        for entry in entries {
            all.rows += entry.rows
            all.nulls += entry.nulls
            all.nans += entry.nans
            guard entry.hasValues else { continue }
            if all.minimum == .null || entry.minimum.isBefore(all.minimum) {
                all.minimum = entry.minimum
            }
            if all.maximum == .null || all.maximum.isBefore(entry.maximum) {
                all.maximum = entry.maximum
            }
            if entry.maximum == .null { isHighKnown = false }
        }
        if !isHighKnown { all.maximum = .null }
        return all
    }
}
