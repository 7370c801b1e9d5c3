package import Catalog
package import Diagnostics
package import Values

/// Finds the rows of a table with DEDUP UPSERT KEYS that a later row of the same key hides.
///
/// The order of the inputs is the table's: of two rows with one key the one in the later input wins,
/// within an input the later row. The designated timestamp is part of every key, so that only
/// inputs that overlap in time are looked into, and of those only the moments they share.
package struct UpsertResolution {
    /// Rows that lie together.
    package struct Input {
        let rowCount: Int
        let minTimestamp: Int64?
        let maxTimestamp: Int64?
        /// Whether rows are known to ascend by the designated timestamp.
        let isSorted: Bool
        /// Whether no two rows are known to have one key: true of a segment.
        let isUnique: Bool
        let read: (_ columns: [Int], _ rows: Range<Int>) throws(DatabaseError) -> Batch

        /// - Parameter read: gives some columns of some rows.
        package init(
            rowCount: Int, minTimestamp: Int64?, maxTimestamp: Int64?, isSorted: Bool,
            isUnique: Bool,
            read: @escaping (_ columns: [Int], _ rows: Range<Int>) throws(DatabaseError) -> Batch
        ) {
            self.rowCount = rowCount
            self.minTimestamp = minTimestamp
            self.maxTimestamp = maxTimestamp
            self.isSorted = isSorted
            self.isUnique = isUnique
            self.read = read
        }
    }

    private let timestamp: Int
    /// The columns of the key beside the timestamp.
    private let keys: [Int]

    /// Nil for a table without keys.
    package init?(_ definition: TableDefinition) {
        guard !definition.dedupKeys.isEmpty, let index = definition.timestampIndex else {
            return nil
        }
        timestamp = index
        keys = definition.dedupKeys.compactMap { definition.columnIndex(id: $0) }
            .filter { $0 != index }
    }

    /// Throws when nobody wants the rows any more.
    package typealias Check = () throws(DatabaseError) -> Void

    /// The hidden rows of each input, ascending.
    ///
    /// - Parameter check: asked now and then.
    /// - Throws: XX001 naming file and block when what is on disk is damaged; what `check` throws.
    package func hiddenRows(of inputs: [Input], check: Check = {}) throws(DatabaseError)
        -> [[Int32]]
    {
        var hidden = [[Int32]](repeating: [], count: inputs.count)
        for cluster in try clusters(inputs) {
            guard cluster.count > 1 || !cluster[0].input.isUnique else { continue }
            try resolve(cluster, &hidden, check)
        }
        for index in hidden.indices { hidden[index].sort() }
        return hidden
    }

    /// Batches in the order of a table, without the rows that are hidden.
    func visibleRows(of batches: [Batch]) throws(DatabaseError) -> [Batch] {
        let inputs = batches.map { batch in
            Input(
                rowCount: batch.rowCount, minTimestamp: nil, maxTimestamp: nil, isSorted: false,
                isUnique: false
            ) { columns, rows in
                Batch(rowCount: batch.rowCount, columns: columns.map { batch.columns[$0] })
                    .taking(rows)
            }
        }
        return zip(batches, try hiddenRows(of: inputs)).map { batch, hidden in
            hidden.isEmpty ? batch : batch.without(hidden)
        }
    }

    // MARK: - Which inputs share a part of time

    private struct Member {
        let index: Int
        let input: Input
        let first: Int64
        let last: Int64
    }

    private func clusters(_ inputs: [Input]) throws(DatabaseError) -> [[Member]] {
        var members: [Member] = []
        for (index, input) in inputs.enumerated() where input.rowCount > 0 {
            let (first, last) = try bounds(input)
            members.append(Member(index: index, input: input, first: first, last: last))
        }
        members.sort { ($0.first, $0.index) < ($1.first, $1.index) }
        var clusters: [[Member]] = []
        var reach = Int64.min
        for member in members {
            if clusters.isEmpty || member.first > reach {
                clusters.append([member])
                reach = member.last
            } else {
                clusters[clusters.count - 1].append(member)
                reach = max(reach, member.last)
            }
        }
        return clusters
    }

    private func bounds(_ input: Input) throws(DatabaseError) -> (Int64, Int64) {
        if let low = input.minTimestamp, let high = input.maxTimestamp { return (low, high) }
        let times = try input.read([timestamp], 0..<input.rowCount).columns[0]
        var bounds = (Int64.max, Int64.min)
        for row in 0..<times.count {
            let time = times.load(row, Int64.self)
            bounds = (min(bounds.0, time), max(bounds.1, time))
        }
        return bounds
    }

    // MARK: - Which rows are hidden

    /// An input and the next of its rows in the order of time.
    private struct Cursor {
        let member: Member
        let times: ColumnVector
        let order: [Int32]?
        var place = 0
        /// The keys of the rows around the last one asked for.
        var keys: (rows: Range<Int>, columns: [ColumnVector])?

        var isAtEnd: Bool { place == times.count }
        var time: Int64 { time(at: place) }

        func row(at place: Int) -> Int { order.map { Int($0[place]) } ?? place }
        func time(at place: Int) -> Int64 { times.load(row(at: place), Int64.self) }

        /// The place of the first row, from the present one on, that is not before a moment.
        func end(before moment: Int64) -> Int {
            var step = 1
            var low = place
            while low + step < times.count, time(at: low + step) < moment {
                low += step
                step *= 2
            }
            var high = min(times.count, low + step)
            while low < high {
                let middle = (low + high) / 2
                if time(at: middle) < moment { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    private func resolve(_ cluster: [Member], _ hidden: inout [[Int32]], _ check: Check)
        throws(DatabaseError)
    {
        var cursors: [Cursor] = []
        for member in cluster.sorted(by: { $0.index < $1.index }) {
            try check()
            cursors.append(try cursor(member))
        }
        var moments = 0
        while true {
            moments += 1
            if moments % Limits.momentsUnchecked == 0 { try check() }
            var first: (cursor: Int, time: Int64)?
            var others: Int64?
            for (index, cursor) in cursors.enumerated() where !cursor.isAtEnd {
                if let present = first, cursor.time >= present.time {
                    others = min(others ?? cursor.time, cursor.time)
                } else {
                    if let present = first { others = min(others ?? present.time, present.time) }
                    first = (index, cursor.time)
                }
            }
            guard let first else { return }
            let isAlone = others.map { first.time < $0 } ?? true
            if isAlone, cursors[first.cursor].member.input.isUnique {
                // Without two rows of one key, until the others begin.
                let cursor = cursors[first.cursor]
                let end = others.map { cursor.end(before: $0) } ?? cursor.times.count
                cursors[first.cursor].place = end
                continue
            }
            try resolveMoment(first.time, &cursors, &hidden)
        }
    }

    private func cursor(_ member: Member) throws(DatabaseError) -> Cursor {
        let times = try member.input.read([timestamp], 0..<member.input.rowCount).columns[0]
        if member.input.isSorted { return Cursor(member: member, times: times, order: nil) }
        let values = (0..<times.count).map { times.load($0, Int64.self) }
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        return Cursor(
            member: member, times: times, order: order.map { Int32(truncatingIfNeeded: $0) })
    }

    /// Hides all rows of a moment but the last of each key.
    private func resolveMoment(
        _ time: Int64, _ cursors: inout [Cursor], _ hidden: inout [[Int32]]
    ) throws(DatabaseError) {
        var rows: [(cursor: Int, row: Int)] = []
        for index in cursors.indices {
            while !cursors[index].isAtEnd, cursors[index].time == time {
                rows.append((index, cursors[index].row(at: cursors[index].place)))
                cursors[index].place += 1
            }
        }
        if rows.count < 2 { return }
        var seen: Set<[Value]> = []
        for (index, row) in rows.reversed() {
            let key = try key(of: row, &cursors[index])
            if seen.insert(key).inserted { continue }
            hidden[cursors[index].member.index].append(Int32(truncatingIfNeeded: row))
        }
    }

    private func key(of row: Int, _ cursor: inout Cursor) throws(DatabaseError) -> [Value] {
        if keys.isEmpty { return [] }
        if cursor.keys?.rows.contains(row) != true {
            // Not all at once: of a SYMBOL that would be a copy of all its codes.
            let begin = row / Limits.keyRows * Limits.keyRows
            let window = begin..<min(begin + Limits.keyRows, cursor.member.input.rowCount)
            cursor.keys = (window, try cursor.member.input.read(keys, window).columns)
        }
        guard let known = cursor.keys else { return [] }
        return known.columns.map { column in
            column.value(at: row - known.rows.lowerBound).equalityKey
        }
    }
}
