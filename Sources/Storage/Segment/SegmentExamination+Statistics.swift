import Catalog
import Diagnostics
import Values

extension SegmentExamination {
    /// Computes the statistics of a column's rows again and compares them with those written.
    static func checkStatistics(
        _ vector: ColumnVector, of column: ColumnDefinition, id: UInt32?, _ reader: SegmentReader
    ) throws(DatabaseError) {
        let written = try reader.statistics(for: column, id: id)
        let symbols = column.type == .symbol ? SortedSymbols(vector) : nil
        for (index, entry) in written.enumerated() {
            let begin = index * Limits.statisticsRows
            let end = min(begin + Limits.statisticsRows, vector.count)
            guard SegmentStatistics(vector, symbols, begin..<end).agrees(with: entry) else {
                throw .damagedBlock(
                    reader.path, block: "\(column.name).statistics",
                    "statistics of other rows than \(begin) to \(end - 1)")
            }
        }
    }
}

extension SegmentStatistics {
    /// Whether both say the same. Sums of doubles may differ in their last bits: the order in which
    /// they are added is nobody's promise.
    fileprivate func agrees(with other: SegmentStatistics) -> Bool {
        guard rows == other.rows, nulls == other.nulls, nans == other.nans,
            integerSum == other.integerSum
        else { return false }
        let pairs = [
            (minimum, other.minimum), (maximum, other.maximum), (first, other.first),
            (last, other.last),
        ]
        guard pairs.allSatisfy({ $0.0.isSame(as: $0.1) }) else { return false }
        let sums = (doubleSum + compensation, other.doubleSum + other.compensation)
        if !sums.0.isFinite || !sums.1.isFinite { return true }
        return abs(sums.0 - sums.1) <= 1e-9 * max(1, abs(sums.0), abs(sums.1))
    }
}

extension Value {
    /// Equal, and NaN to itself.
    fileprivate func isSame(as other: Value) -> Bool {
        if case .double(let left) = self, case .double(let right) = other, left.isNaN {
            return right.isNaN
        }
        return self == other
    }
}
