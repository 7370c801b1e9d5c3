import Diagnostics
import Values

/// Gives the rows of sources in the order of the designated timestamp, ascending or descending;
/// equal timestamps in the order of the table. Nothing is sorted but what lies unsorted in memory.
///
/// A source is opened when its first row may be next, so that the first rows of a large table cost
/// no more than the sources they lie in. Where one source is alone in time its rows are passed on
/// as they lie; where several overlap, their rows are put between each other.
struct TimeMerge {
    /// A row of an opened source: its place in the source's order of time.
    private struct Pick {
        let cursor: Int
        let place: Int
    }

    private let columns: [Int]
    private let timestamp: Int
    private let isDescending: Bool
    private let cancellation: CancellationFlag
    /// What is not opened yet, the next one last.
    private var waiting: [Waiting] = []
    private var cursors: [TimeCursor] = []
    private var mergedRows = Limits.firstMergedRows

    private struct Waiting {
        let source: any RowSource
        let rank: Int
        /// The first timestamp in the order of the merge; nil when it is not known.
        let first: Int64?
    }

    /// - Parameter sources: in the order of the table.
    /// - Parameter timestamp: the designated timestamp's index in the table's definition.
    init(
        _ sources: [any RowSource], columns: [Int], timestamp: Int, isDescending: Bool,
        cancellation: CancellationFlag = CancellationFlag()
    ) {
        self.cancellation = cancellation
        self.columns = columns
        self.timestamp = timestamp
        self.isDescending = isDescending
        waiting = sources.enumerated().filter { $0.element.rowCount > 0 }.map { rank, source in
            Waiting(
                source: source, rank: rank,
                first: isDescending ? source.maxTimestamp : source.minTimestamp)
        }
        waiting.sort { left, right in
            guard let first = left.first else { return false }
            guard let second = right.first else { return true }
            return isDescending ? first < second : first > second
        }
    }

    /// The next rows; nil when there are no more.
    mutating func next() throws(DatabaseError) -> Batch? {
        try openDue()
        guard !cursors.isEmpty else { return nil }
        let bound = waiting.last?.first
        if cursors.count == 1, !isDescending, cursors[0].order == nil {
            let rows = cursors[0].take(before: bound, upTo: Limits.batchRows)
            let batch = try cursors[0].source.batch(columns: columns, rows: rows)
            cursors.removeAll(where: \.isEmpty)
            return batch
        }
        let picks = isDescending ? pickDescending(bound) : pickAscending(bound)
        mergedRows = min(mergedRows * 4, Limits.mergedRows)
        defer { cursors.removeAll(where: \.isEmpty) }
        return try gather(picks)
    }

    /// Opens every source that may have the next row.
    private mutating func openDue() throws(DatabaseError) {
        while let candidate = waiting.last {
            if let first = candidate.first, let next = nextTime {
                // An equal timestamp is due: the source may stand before in the table.
                guard isDescending ? first >= next : first <= next else { return }
            }
            waiting.removeLast()
            let cursor = try TimeCursor(
                candidate.source, candidate.rank, timestamp: timestamp, cancellation)
            let place = cursors.firstIndex { $0.rank > cursor.rank } ?? cursors.count
            cursors.insert(cursor, at: place)
        }
    }

    private var nextTime: Int64? {
        isDescending ? cursors.map(\.last).max() : cursors.map(\.first).min()
    }

    // MARK: - Picking

    private mutating func pickAscending(_ bound: Int64?) -> [Pick] {
        var picks: [Pick] = []
        while picks.count < mergedRows {
            var best = -1
            var rival = -1
            for index in cursors.indices where !cursors[index].isEmpty {
                if best < 0 || cursors[index].first < cursors[best].first {
                    rival = best
                    best = index
                } else if rival < 0 || cursors[index].first < cursors[rival].first {
                    rival = index
                }
            }
            guard best >= 0, bound.map({ cursors[best].first < $0 }) ?? true else { break }
            var limit = bound
            if rival >= 0 {
                // Before the rival's first row; up to it where this one stands before in the table.
                let moment = cursors[rival].first
                let end = best < rival ? moment.addingReportingOverflow(1) : (moment, false)
                if !end.1 { limit = min(limit ?? end.0, end.0) }
            }
            let rows = cursors[best].take(before: limit, upTo: mergedRows - picks.count)
            for place in rows { picks.append(Pick(cursor: best, place: place)) }
        }
        return picks
    }

    /// Groups of equal timestamps, the latest first, each in the order of the table.
    private mutating func pickDescending(_ bound: Int64?) -> [Pick] {
        var picks: [Pick] = []
        while picks.count < mergedRows {
            var latest: Int64?
            for cursor in cursors where !cursor.isEmpty {
                latest = max(latest ?? cursor.last, cursor.last)
            }
            guard let latest, bound.map({ latest > $0 }) ?? true else { break }
            for index in cursors.indices where !cursors[index].isEmpty {
                guard cursors[index].last == latest else { continue }
                for place in cursors[index].takeGroup() {
                    picks.append(Pick(cursor: index, place: place))
                }
            }
        }
        return picks
    }

    // MARK: - Gathering

    private mutating func gather(_ picks: [Pick]) throws(DatabaseError) -> Batch? {
        guard !picks.isEmpty else { return nil }
        var ranges = [Range<Int>?](repeating: nil, count: cursors.count)
        for pick in picks {
            let range = ranges[pick.cursor] ?? pick.place..<pick.place + 1
            ranges[pick.cursor] =
                min(range.lowerBound, pick.place)..<max(range.upperBound, pick.place + 1)
        }
        var batches: [Batch] = []
        var offsets = [Int](repeating: 0, count: cursors.count)
        var end = 0
        for (index, range) in ranges.enumerated() {
            guard let range else { continue }
            batches.append(try cursors[index].batch(columns, range))
            offsets[index] = end - range.lowerBound
            end += range.count
        }
        let types = batches[0].columns.map(\.type)
        let joined = Selection.concatenate(batches, types: types)
        return Selection.take(
            joined, picks.map { Int32(truncatingIfNeeded: offsets[$0.cursor] + $0.place) })
    }
}

/// A source that is being merged, and which of its rows are still to come.
private struct TimeCursor {
    let source: any RowSource
    /// Its place in the table's order.
    let rank: Int
    private let times: ColumnVector
    /// Its rows in the order of time, when they do not lie so.
    let order: [Int32]?
    private var begin = 0
    private var end: Int
    /// All rows in the order of time, made once where `order` is needed.
    private var sorted: Batch?

    init(
        _ source: any RowSource, _ rank: Int, timestamp: Int, _ cancellation: CancellationFlag
    ) throws(DatabaseError) {
        self.source = source
        self.rank = rank
        let batch = try source.batch(columns: [timestamp], rows: 0..<source.rowCount)
        end = source.rowCount
        guard !source.isSorted else {
            times = batch.columns[0]
            order = nil
            return
        }
        let values = (0..<batch.rowCount).map { batch.columns[0].load($0, Int64.self) }
        let isAscending = zip(values, values.dropFirst()).allSatisfy { $0 <= $1 }
        if isAscending {
            times = batch.columns[0]
            order = nil
        } else {
            try cancellation.check()
            var order = values.indices.map { Int32(truncatingIfNeeded: $0) }
            try cancellation.sort(&order) {
                (values[Int($0)], $0) < (values[Int($1)], $1)
            }
            times = Selection.take(batch, order).columns[0]
            self.order = order
        }
    }

    var isEmpty: Bool { begin == end }
    var first: Int64 { times.load(begin, Int64.self) }
    var last: Int64 { times.load(end - 1, Int64.self) }

    /// The next rows before a moment.
    mutating func take(before moment: Int64?, upTo count: Int) -> Range<Int> {
        let reach = min(end, begin + count)
        var low = begin
        var high = reach
        if let moment, times.load(reach - 1, Int64.self) >= moment {
            // Far more often than not the end is near: steps that double, then halves.
            var step = 1
            while low + step < reach, times.load(low + step, Int64.self) < moment {
                low += step
                step *= 2
            }
            high = min(reach, low + step)
            while low < high {
                let middle = (low + high) / 2
                if times.load(middle, Int64.self) < moment {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
        } else {
            low = reach
        }
        defer { begin = low }
        return begin..<low
    }

    /// The last rows that share a timestamp.
    mutating func takeGroup() -> Range<Int> {
        let time = last
        var start = end - 1
        while start > begin, times.load(start - 1, Int64.self) == time { start -= 1 }
        defer { end = start }
        return start..<end
    }

    mutating func batch(_ columns: [Int], _ rows: Range<Int>) throws(DatabaseError) -> Batch {
        guard let order else { return try source.batch(columns: columns, rows: rows) }
        if sorted == nil {
            let whole = try source.batch(columns: columns, rows: 0..<source.rowCount)
            sorted = Selection.take(whole, order)
        }
        return Selection.take(
            sorted ?? Batch(rowCount: 0, columns: []), rows.map { Int32(truncatingIfNeeded: $0) })
    }
}
