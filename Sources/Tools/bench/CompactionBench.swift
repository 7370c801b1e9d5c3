import Catalog
import Diagnostics
import Platform
import Storage
import Values

/// A steady stream of rows of which every tenth is late, minutes to two days, while compaction works
/// beside it; and how many bytes were written to segment files for each byte that flushes wrote.
struct CompactionBench {
    private static let batchRows = 20_000
    /// Days that the stream covers, whatever its rows.
    private static let days = 4

    struct Load {
        var rows: Int
        var flushRows = 1_000_000
        /// Rows a second; nil is as fast as they are taken.
        var rate: Int?
    }

    private let root: String
    private let load: Load
    private let platform: Platform

    init(folder: String, load: Load) {
        platform = .linux(log: SilentLog())
        root = "\(folder)/root-\(platform.chance.next())"
        self.load = load
    }

    /// Returns a line after the stream, after the last rewriting of idle partitions, and of reading.
    func run() throws(DatabaseError) -> [String] {
        try platform.files.makeDurableDirectory(root)
        var settings = StorageSettings()
        settings.flushRows = load.flushRows
        settings.compaction.isEnabled = true
        let storage = try Storage.open(root: root, platform: platform, settings: settings)
        let table = storage.reserveTableID()
        _ = try storage.commit(
            Transaction(edits: [.createTable(TradesStream.definition(id: table))]))
        let pace = load.rate.map { "\($0) rows a second" } ?? "unpaced"
        let title = "late rows, \(pace), flushes of \(load.flushRows)"
        let nanoseconds = try stream(into: table, of: storage)
        var lines = [line("\(title): streamed", storage, table, nanoseconds)]
        let begin = platform.clock.monotonicNanoseconds()
        try storage.compact()
        let spent = platform.clock.monotonicNanoseconds() - begin
        lines.append(line("\(title): then idle", storage, table, spent))
        lines.append(try check("\(title): read in order", storage))
        try storage.close()
        try platform.files.removeTree(root)
        return lines
    }

    private func stream(into table: UInt64, of storage: Storage) throws(DatabaseError) -> UInt64 {
        let step = Int64(Self.days) * TradesStream.day / Int64(load.rows)
        var trades = TradesStream(step: step, lateShare: 10)
        let begin = platform.clock.monotonicNanoseconds()
        var row = 0
        while row < load.rows {
            let end = min(load.rows, row + Self.batchRows)
            let append = Append(
                table: table, definitionVersion: 1, batch: trades.batch(row..<end))
            _ = try storage.commit(Transaction(appends: [append]))
            row = end
            if let rate = load.rate {
                let due = begin + UInt64(row) * 1_000_000_000 / UInt64(rate)
                let now = platform.clock.monotonicNanoseconds()
                if due > now { platform.clock.wait(nanoseconds: due - now) }
            }
        }
        try storage.flush()
        return platform.clock.monotonicNanoseconds() - begin
    }

    /// Reads all rows in the order of time, and that they are in it and all there.
    private func check(_ name: String, _ storage: Storage) throws(DatabaseError) -> String {
        let begin = platform.clock.monotonicNanoseconds()
        var last = Int64.min
        var rows = 0
        var sum: Int64 = 0
        let querying = Querying(storage, platform)
        try querying.run("SELECT ts, amount FROM trades ORDER BY ts") { batch in
            for row in 0..<batch.rowCount {
                let time = batch.columns[0].load(row, Int64.self)
                precondition(time >= last, "rows come in the order of time")
                last = time
                sum += batch.columns[1].load(row, Int64.self)
            }
            rows += batch.rowCount
        }
        let count = Int64(load.rows)
        precondition(rows == load.rows && sum == count * (count - 1) / 2, "every row is there once")
        var measurement = Measurement(name)
        measurement.add("rows", rows)
        measurement.add(milliseconds: platform.clock.monotonicNanoseconds() - begin)
        return measurement.line
    }

    private func line(
        _ name: String, _ storage: Storage, _ table: UInt64, _ nanoseconds: UInt64
    ) -> String {
        let metrics = storage.metrics(of: table) ?? TableMetrics()
        var measurement = Measurement(name)
        measurement.add("rows", metrics.rows)
        measurement.add("partitions", metrics.partitions)
        measurement.add("segments", metrics.segments)
        measurement.add("overlapping_segments", metrics.overlappingSegments)
        measurement.add("bytes_flushed", metrics.bytesFlushed)
        measurement.add("bytes_compacted", metrics.bytesCompacted)
        measurement.add("write_amplification", metrics.writeAmplification)
        measurement.add(milliseconds: nanoseconds)
        return measurement.line
    }
}
