import Bytes
import Catalog
import Diagnostics
import Platform
import Values

/// Writes rows as segments: sorted stably by timestamp, cut by partition, rows and bytes.
struct MemtableFlush {
    let platform: Platform
    let directory: String
    let definition: TableDefinition
    let limit: SegmentSize
    /// The last moment that each partition has a row of already. Rows up to there are late and go into
    /// segments of their own, so that the others overlap nothing.
    var reached: [String: Int64] = [:]
    /// Makes the files durable later, together with others; nil does it file by file.
    var group: PublishBatch?

    /// Every segment is durable under its final name before this returns.
    func write(_ rows: FrozenRows) throws(DatabaseError) -> [SegmentHandle] {
        let view = rows.view
        let dictionaries = view.dictionaries.map { $0?.current() }
        let batches = view.chunks.map { part in
            Batch(
                rowCount: part.rows,
                columns: definition.columns.indices.map { index in
                    part.chunk.vector(
                        index, rows: 0..<part.rows, dictionary: dictionaries[index])
                })
        }
        return try write(batches, firstLSN: rows.firstLSN, lastLSN: rows.lastLSN)
    }

    /// The same for rows that came by another way than the memtable.
    func write(_ batches: [Batch], firstLSN: LSN, lastLSN: LSN) throws(DatabaseError)
        -> [SegmentHandle]
    {
        let mark = MappedFiles.mark
        let rows = SortedRows(batches, definition: definition)
        let pieces = pieces(of: rows)
        if group == nil, pieces.count >= PublishBatch.worthwhileFiles {
            return try writeTogether(pieces, of: rows, firstLSN, lastLSN, since: mark)
        }
        var handles: [SegmentHandle] = []
        do throws(DatabaseError) {
            for piece in pieces {
                handles.append(
                    try publish(
                        rows.batch(piece.rows), piece.partition, firstLSN, lastLSN, since: mark))
            }
        } catch {
            remove(handles)
            throw error
        }
        return handles
    }

    /// Where the rows are cut: the segments to come, in order.
    private func pieces(of rows: SortedRows) -> [(rows: Range<Int>, partition: String)] {
        var pieces: [(rows: Range<Int>, partition: String)] = []
        var begin = 0
        while begin < rows.rowCount {
            let time = rows.timestamp(at: begin)
            let partition = PartitionName.partition(of: time, in: definition)
            let partitionEnd = rows.end(
                from: begin, notAfter: upperBound(of: partition, at: time))
            let last = min(partitionEnd, begin + limit.rows)
            let end = rows.cut(begin..<last, toBytes: limit.bytes)
            pieces.append((begin..<end, partition.name))
            begin = end
        }
        return pieces
    }

    /// Writes segments that are so many that syncing all at once is cheaper than each by itself.
    private func writeTogether(
        _ pieces: [(rows: Range<Int>, partition: String)], of rows: SortedRows, _ firstLSN: LSN,
        _ lastLSN: LSN, since mark: MappedFiles.Mark
    ) throws(DatabaseError) -> [SegmentHandle] {
        let batch = PublishBatch(platform.files, root: directory)
        var writer = self
        writer.group = batch
        do throws(DatabaseError) {
            var handles: [SegmentHandle] = []
            for piece in pieces {
                handles.append(
                    try writer.publish(
                        rows.batch(piece.rows), piece.partition, firstLSN, lastLSN, since: mark))
            }
            try batch.finish()
            return handles
        } catch {
            batch.abandon()
            throw error
        }
    }

    /// The last moment that may be in a segment whose first row has a time.
    private func upperBound(
        of partition: (range: ClosedRange<Int64>, name: String), at time: Int64?
    ) -> Int64 {
        guard let time, let reached = reached[partition.name], time <= reached else {
            return partition.range.upperBound
        }
        return min(reached, partition.range.upperBound)
    }

    /// Nothing names these files yet. On a full disk their room is needed.
    private func remove(_ handles: [SegmentHandle]) {
        // A group is abandoned as a whole.
        for handle in handles where group == nil {
            do throws(DatabaseError) {
                try platform.files.remove(handle.path)
            } catch {
                platform.log.log(.error, "storage", "cannot remove an unused segment: \(error)")
            }
        }
    }

    private func publish(
        _ batch: Batch, _ partition: String, _ firstLSN: LSN, _ lastLSN: LSN,
        since mark: MappedFiles.Mark
    ) throws(DatabaseError) -> SegmentHandle {
        let bytes = SegmentWriter.encode(
            batch, definition: definition, firstLSN: firstLSN, lastLSN: lastLSN)
        // Rows may come from a mapped file that could not be read: then these are not its bytes.
        let directory = directory
        try MappedFiles.checkFaults(since: mark) { $0.hasPrefix(directory + "/") }
        let times = definition.timestampIndex.map { batch.columns[$0] }
        let entry = SegmentEntry(
            id: Hexadecimal.text(platform.chance.bytes(16)), partition: partition,
            rows: batch.rowCount, minTimestamp: times?.load(0, Int64.self),
            maxTimestamp: times?.load(batch.rowCount - 1, Int64.self),
            firstLSN: firstLSN, lastLSN: lastLSN, bytes: bytes.count,
            sha256: SHA256.digest(bytes))
        let handle = SegmentHandle(entry: entry, directory: directory, files: platform.files)
        if let group {
            try group.add(bytes, as: handle.path, permissions: 0o400)
            return handle
        }
        try platform.files.makeDurableDirectory(Path.directory(of: handle.path))
        try platform.files.publish(bytes, as: handle.path, permissions: 0o400)
        return handle
    }
}
