import Diagnostics
import Engine
import InProcess
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

    let root: BenchRoot
    let load: Load

    /// Returns a line after the stream, after the last rewriting of idle partitions, and of reading.
    func run() throws(DatabaseError) -> [String] {
        var settings = StorageSettings()
        settings.flushRows = load.flushRows
        settings.compaction.isEnabled = true
        return try root.use(settings) { (storage) throws(DatabaseError) in try run(on: storage) }
    }

    private func run(on storage: Storage) throws(DatabaseError) -> [String] {
        let table = try storage.createTrades()
        let pace = load.rate.map { "\($0) rows a second" } ?? "unpaced"
        let title = "late rows, \(pace), flushes of \(load.flushRows)"
        let streamed = try root.time { () throws(DatabaseError) in
            try stream(into: table, of: storage)
        }
        var lines = [line("\(title): streamed", storage, table, streamed)]
        let spent = try root.time { () throws(DatabaseError) in try storage.compact() }
        lines.append(line("\(title): then idle", storage, table, spent))
        lines.append(try check("\(title): read in order", storage))
        return lines
    }

    private func stream(into table: UInt64, of storage: Storage) throws(DatabaseError) {
        let step = Int64(Self.days) * TradesStream.day / Int64(load.rows)
        var trades = TradesStream(step: step, lateShare: 10)
        let clock = root.platform.clock
        let begin = clock.monotonicNanoseconds()
        var row = 0
        while row < load.rows {
            let end = min(load.rows, row + Self.batchRows)
            try storage.append(trades.batch(row..<end), to: table)
            row = end
            if let rate = load.rate {
                let due = begin + UInt64(row) * 1_000_000_000 / UInt64(rate)
                let now = clock.monotonicNanoseconds()
                if due > now { clock.wait(nanoseconds: due - now) }
            }
        }
        try storage.flush()
    }

    /// Reads all rows in the order of time, and that they are in it and all there.
    private func check(_ name: String, _ storage: Storage) throws(DatabaseError) -> String {
        var last = Int64.min
        var rows = 0
        var sum: Int64 = 0
        let engine = Engine(storage: storage, platform: root.platform)
        let client = InProcessClient(engine.makeSession(), root.platform)
        let spent = try root.time { () throws(DatabaseError) in
            try client.run("SELECT ts, amount FROM trades ORDER BY ts") { batch in
                for row in 0..<batch.rowCount {
                    let time = batch.columns[0].load(row, Int64.self)
                    precondition(time >= last, "rows come in the order of time")
                    last = time
                    sum += batch.columns[1].load(row, Int64.self)
                }
                rows += batch.rowCount
            }
        }
        let count = Int64(load.rows)
        precondition(rows == load.rows && sum == count * (count - 1) / 2, "every row is there once")
        var measurement = Measurement(name)
        measurement.add("rows", rows)
        measurement.add(milliseconds: spent)
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
        measurement.add(writesOf: metrics)
        measurement.add(milliseconds: nanoseconds)
        return measurement.line
    }
}
