import Diagnostics
import Foundation
import Platform
import Storage
import Synchronization

/// Pours rows in as fast as they are taken, flushed and compacted meanwhile, and watches the memory
/// of the process. Pages of mapped files are not counted: the kernel takes them back when it likes.
struct PourBench {
    private static let batchRows = 10_000
    private static let days = 10
    private static let lookNanoseconds: UInt64 = 5_000_000

    let root: BenchRoot
    let rows: Int
    /// `cairo.write.memory.limit` in bytes.
    let limit: Int

    func run() throws(DatabaseError) -> [String] {
        var settings = StorageSettings()
        settings.writeMemoryBytes = limit
        settings.flushBytes = min(settings.flushBytes, limit / 4)
        settings.compaction.isEnabled = true
        return try root.use(settings) { (storage) throws(DatabaseError) in [try pour(into: storage)]
        }
    }

    private func pour(into storage: Storage) throws(DatabaseError) -> String {
        let platform = root.platform
        let table = try storage.createTrades()
        let before = Self.anonymousBytes()
        let watch = MemoryWatch()
        platform.workers.start("watch") {
            while !watch.isEnded {
                watch.note(Self.anonymousBytes())
                platform.clock.wait(nanoseconds: Self.lookNanoseconds)
            }
        }
        let step = max(1, Int64(Self.days) * TradesStream.day / Int64(rows))
        var trades = TradesStream(step: step, lateShare: 10)
        let poured = try root.time { () throws(DatabaseError) in
            for row in stride(from: 0, to: rows, by: Self.batchRows) {
                try storage.append(
                    trades.batch(row..<min(rows, row + Self.batchRows)), to: table)
            }
        }
        let peakOfStream = watch.peak
        try storage.flush()
        try storage.compact()
        watch.end()
        var measurement = Measurement("pour")
        let metrics = storage.metrics(of: table) ?? TableMetrics()
        precondition(metrics.rows == rows, "every row is in a segment")
        measurement.add("rows", rows)
        measurement.add("limit_bytes", limit)
        measurement.add("anonymous_bytes_before", before)
        measurement.add("peak_anonymous_bytes", peakOfStream)
        measurement.add("peak_with_idle_compaction", watch.peak)
        measurement.add("segments", metrics.segments)
        measurement.add(writesOf: metrics)
        measurement.add(milliseconds: poured)
        measurement.add(rowsPerSecondOf: rows, in: poured)
        return measurement.line
    }

    /// RssAnon of this process; 0 where the kernel does not tell.
    private static func anonymousBytes() -> Int {
        guard let data = FileManager.default.contents(atPath: "/proc/self/status"),
            let text = String(data: data, encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("RssAnon:") })
        else { return 0 }
        return line.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1_024 } ?? 0
    }
}

private final class MemoryWatch: Sendable {
    private let state = Mutex((peak: 0, isEnded: false))

    var peak: Int { state.withLock { $0.peak } }
    var isEnded: Bool { state.withLock { $0.isEnded } }
    func note(_ bytes: Int) { state.withLock { $0.peak = max($0.peak, bytes) } }
    func end() { state.withLock { $0.isEnded = true } }
}
