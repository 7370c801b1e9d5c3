import Catalog
package import Diagnostics
import Values

/// What is left of a run for a filter, in blocks of `SegmentStatistics.rowsPerEntry` rows.
package struct PrunedRun: Sendable {
    /// The rows that may be wanted: ascending, not empty, not touching each other.
    package let rows: [Range<Int>]
    let blocks: Int
    /// How many of the blocks need not be read.
    let prunedBlocks: Int

    fileprivate init(_ rows: [Range<Int>], of rowCount: Int) {
        self.rows = rows
        let size = SegmentStatistics.rowsPerEntry
        blocks = (rowCount + size - 1) / size
        var read = 0
        var end = 0
        for range in rows {
            let first = max(end, range.lowerBound / size)
            end = (range.upperBound + size - 1) / size
            read += end - first
        }
        prunedBlocks = blocks - read
    }
}

extension Run {
    /// Finds the rows that a filter may want, without reading others: by the bounds of the run, by
    /// the statistics of its blocks, and by searching for the moments where rows are sorted.
    ///
    /// - Throws: XX001 naming file and block when what is on disk is damaged.
    package func pruned(by filter: BlockFilter) throws(DatabaseError) -> PrunedRun {
        guard rowCount > 0, filter.meets(minTimestamp, maxTimestamp) else {
            return PrunedRun([], of: rowCount)
        }
        switch source {
        case .memory: return PrunedRun([0..<rowCount], of: rowCount)
        case .segment(let handle, let definition):
            let blocks = try handle.read {
                (segment) throws(DatabaseError) -> [Range<Int>] in
                try self.blocks(of: segment, handle.entry, definition, filter)
            }
            return PrunedRun(try cut(blocks, filter), of: rowCount)
        }
    }

    private func blocks(
        of segment: SegmentReader, _ entry: SegmentEntry, _ definition: TableDefinition,
        _ filter: BlockFilter
    ) throws(DatabaseError) -> [Range<Int>] {
        var summaries: [Int: SegmentStatistics] = [:]
        for index in filter.columns {
            let column = definition.columns[index]
            summaries[index] = try segment.summary(
                for: column, id: entry.segmentColumn(of: column.id))
        }
        guard filter.condition.mayHold({ summaries[$0] }) else { return [] }
        var entries: [Int: [SegmentStatistics]] = [:]
        for index in filter.columns {
            let column = definition.columns[index]
            entries[index] = try segment.statistics(
                for: column, id: entry.segmentColumn(of: column.id))
        }
        let size = SegmentStatistics.rowsPerEntry
        var found: [Range<Int>] = []
        for begin in stride(from: 0, to: rowCount, by: size) {
            let isWanted = filter.condition.mayHold { index in
                entries[index].flatMap { begin / size < $0.count ? $0[begin / size] : nil }
            }
            guard isWanted else { continue }
            let end = min(begin + size, rowCount)
            if let last = found.last, last.upperBound == begin {
                found[found.count - 1] = last.lowerBound..<end
            } else {
                found.append(begin..<end)
            }
        }
        return found
    }

    /// Takes rows before and behind the wanted moments away: rows are sorted by time.
    private func cut(_ blocks: [Range<Int>], _ filter: BlockFilter) throws(DatabaseError)
        -> [Range<Int>]
    {
        guard let timestamp = filter.timestamp, let moments = filter.moments,
            let low = minTimestamp, let high = maxTimestamp,
            moments.lowerBound > low || moments.upperBound < high
        else { return blocks }
        var found = blocks
        while let first = found.first {
            let begin = try row(notBefore: moments.lowerBound, in: first, timestamp)
            if begin < first.upperBound {
                found[0] = begin..<first.upperBound
                break
            }
            found.removeFirst()
        }
        let (after, isLast) = moments.upperBound.addingReportingOverflow(1)
        while !isLast, let last = found.last {
            let end = try row(notBefore: after, in: last, timestamp)
            if end > last.lowerBound {
                found[found.count - 1] = last.lowerBound..<end
                break
            }
            found.removeLast()
        }
        return found
    }

    private func row(notBefore moment: Int64, in rows: Range<Int>, _ timestamp: Int)
        throws(DatabaseError) -> Int
    {
        let times = try batch(columns: [timestamp], rows: rows).columns[0]
        return rows.lowerBound + times.firstRow(notBefore: moment, from: 0)
    }
}

extension Snapshot {
    /// The same as `Run.pruned`, counted for the table.
    package func pruned(_ run: Run, by filter: BlockFilter) throws(DatabaseError) -> [Range<Int>] {
        let pruned = try run.pruned(by: filter)
        if let table = run.tableOfSegment { note(pruned, of: table) }
        return pruned.rows
    }
}

extension Run {
    fileprivate var tableOfSegment: UInt64? {
        switch source {
        case .memory: nil
        case .segment(_, let definition): definition.id
        }
    }
}
