import Bytes
import Catalog
import Diagnostics
import Platform
import Values

/// Rewrites the segments of a job: verified before a row is taken, merged in time slice by slice so
/// that memory holds one new segment at a time.
struct SegmentMerge {
    let platform: Platform
    let directory: String
    let definition: TableDefinition
    let size: SegmentSize
    let isCancelled: @Sendable () -> Bool

    /// An input and how far it has been taken.
    private struct Input {
        let reader: SegmentReader
        let entry: SegmentEntry
        let times: ColumnVector?
        var row = 0

        var rest: Int { entry.rows - row }

        /// The rows from the present one on that lie before a moment.
        func rows(before moment: Int64) -> Int {
            guard let times else { return rest }
            return times.firstRow(notBefore: moment, from: row) - row
        }
    }

    /// - Returns: the new segments, durable; none when it was cancelled.
    /// - Throws: `MergeFailure` with the input that is damaged, or what went wrong with the disk;
    ///   what was written by then is removed.
    func write(_ job: CompactionJob) throws(MergeFailure) -> [SegmentEntry] {
        var inputs: [Input] = []
        for entry in job.inputs { inputs.append(try open(entry)) }
        let range = (
            job.inputs.map(\.firstLSN).min() ?? .zero, job.inputs.map(\.lastLSN).max() ?? .zero
        )
        let rows = size.rows(
            of: definition, madeOf: job.inputs.reduce(0) { $0 + $1.rows }, fileBytes: job.bytes)
        var written: [SegmentHandle] = []
        do throws(DatabaseError) {
            while inputs.contains(where: { $0.rest > 0 }) {
                let batches = try takeSlice(&inputs, rows)
                if isCancelled() {
                    discard(written)
                    return []
                }
                let writer = SegmentOutput(
                    platform: platform, directory: directory, definition: definition,
                    size: size)
                written += try writer.write(batches, firstLSN: range.0, lastLSN: range.1)
            }
        } catch {
            discard(written)
            throw .failed(error)
        }
        return written.map(\.entry)
    }

    /// A reader of its own, so that every block is read and checked anew: a block that went bad
    /// since its first touch must not get a fresh checksum.
    private func open(_ entry: SegmentEntry) throws(MergeFailure) -> Input {
        let handle = SegmentHandle(entry: entry, directory: directory, files: platform.files)
        do throws(DatabaseError) {
            let reader = try handle.openAnew()
            try reader.verifyAll()
            var times: ColumnVector?
            if let index = definition.timestampIndex {
                times = try vector(index, reader, entry, 0..<entry.rows)
                if times?.isAscending(from: entry.minTimestamp, to: entry.maxTimestamp) == false {
                    throw .damaged(handle.path, offset: 0, "rows that are not in the order of time")
                }
            }
            return Input(reader: reader, entry: entry, times: times)
        } catch {
            if error.state == .corrupted {
                throw .damaged(entry, error, isOfOpening: handle.isOpeningDamaged)
            }
            throw .failed(error)
        }
    }

    private func vector(
        _ index: Int, _ reader: SegmentReader, _ entry: SegmentEntry, _ rows: Range<Int>
    ) throws(DatabaseError) -> ColumnVector {
        let column = definition.columns[index]
        return try reader.vector(for: column, id: entry.segmentColumn(of: column.id), rows: rows)
    }

    /// The next rows in time of all inputs, about a segment's worth, each input's in a batch.
    private func takeSlice(_ inputs: inout [Input], _ segmentRows: Int) throws(DatabaseError)
        -> [Batch]
    {
        let counts = sliceCounts(inputs, segmentRows)
        var batches: [Batch] = []
        for (place, count) in counts.enumerated() where count > 0 {
            let input = inputs[place]
            var columns: [ColumnVector] = []
            for index in definition.columns.indices {
                columns.append(
                    try vector(
                        index, input.reader, input.entry, input.row..<input.row + count))
            }
            batches.append(Batch(rowCount: count, columns: columns))
            inputs[place].row += count
        }
        return batches
    }

    private func sliceCounts(_ inputs: [Input], _ segmentRows: Int) -> [Int] {
        let total = inputs.reduce(0) { $0 + $1.rest }
        if total <= segmentRows { return inputs.map(\.rest) }
        guard definition.timestampIndex != nil else {
            return Self.prefix(inputs.map(\.rest), segmentRows)
        }
        let begin = inputs.compactMap { $0.rest > 0 ? $0.times?.load($0.row, Int64.self) : nil }
            .min()
        var low = begin ?? 0
        var high = inputs.compactMap(\.entry.maxTimestamp).max() ?? low
        // The last moment before which there are no more rows than fit.
        while low < high {
            let middle = low + Int64(bitPattern: (UInt64(bitPattern: high &- low) + 1) / 2)
            let rows = inputs.reduce(0) { $0 + $1.rows(before: middle) }
            if rows <= segmentRows { low = middle } else { high = middle - 1 }
        }
        let counts = inputs.map { $0.rows(before: low) }
        if counts.contains(where: { $0 > 0 }) { return counts }
        // More rows of one moment than fit. A key must be seen whole, or its rows cannot be told
        // from each other; without keys the order of the table is the order of the rows.
        let end = low.addingReportingOverflow(1)
        let moment = inputs.map { end.overflow ? $0.rest : $0.rows(before: end.partialValue) }
        return definition.dedupKeys.isEmpty ? Self.prefix(moment, segmentRows) : moment
    }

    private static func prefix(_ counts: [Int], _ limit: Int) -> [Int] {
        var rest = limit
        return counts.map { count in
            defer { rest -= min(rest, count) }
            return min(rest, count)
        }
    }

    private func discard(_ handles: [SegmentHandle]) {
        for handle in handles {
            // What cannot be removed is swept at the next opening.
            do throws(DatabaseError) { try platform.files.remove(handle.path) } catch _ {}
        }
    }
}

/// Why segments could not be rewritten.
enum MergeFailure: Error {
    case damaged(SegmentEntry, DatabaseError, isOfOpening: Bool)
    case failed(DatabaseError)
}

extension ColumnVector {
    /// The first row, from one on, of an ascending timestamp that is not before a moment.
    func firstRow(notBefore moment: Int64, from row: Int) -> Int {
        var low = row
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if load(middle, Int64.self) < moment { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Whether timestamps ascend between two bounds, as a sorted segment's must.
    func isAscending(from low: Int64?, to high: Int64?) -> Bool {
        guard count > 0 else { return true }
        guard low == load(0, Int64.self), high == load(count - 1, Int64.self) else { return false }
        var last = Int64.min
        for row in 0..<count {
            let time = load(row, Int64.self)
            if time < last { return false }
            last = time
        }
        return true
    }
}
