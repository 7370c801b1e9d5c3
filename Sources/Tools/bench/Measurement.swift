import Bytes
import Storage

/// One line of output: a name and numbers.
struct Measurement {
    let name: String
    private var integers: [(String, Int)] = []
    private var doubles: [(String, Double)] = []

    init(_ name: String) { self.name = name }

    mutating func add(_ key: String, _ number: Int) { integers.append((key, number)) }
    mutating func add(_ key: String, _ number: Double) { doubles.append((key, number)) }
    mutating func add(milliseconds nanoseconds: UInt64, as key: String = "milliseconds") {
        add(key, Double(nanoseconds / 1_000) / 1_000)
    }

    mutating func add(rowsPerSecondOf rows: Int, in nanoseconds: UInt64) {
        add("rows_per_second", Int(Double(rows) * 1e9 / Double(max(nanoseconds, 1))))
    }

    /// What flushes and compaction wrote.
    mutating func add(writesOf metrics: TableMetrics) {
        add("bytes_flushed", metrics.bytesFlushed)
        add("bytes_compacted", metrics.bytesCompacted)
        add("write_amplification", metrics.writeAmplification)
    }

    /// As one JSON object.
    var line: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        for (key, number) in integers {
            writer.key(key)
            writer.integer(number)
        }
        for (key, number) in doubles {
            writer.key(key)
            writer.double((number * 1_000).rounded() / 1_000)
        }
        writer.endObject()
        return String(decoding: writer.take(), as: UTF8.self)
    }
}
