import Diagnostics
import Interchange
import Platform
import Values

/// Decodes a CSV file of trades on one thread, without a table behind it.
struct DecodeBench {
    private static let pieceBytes = 1 << 20

    let path: String
    let platform: Platform

    func run() throws(DatabaseError) -> [String] {
        let columns = [
            RecordColumn(name: "ts", type: .timestamp),
            RecordColumn(name: "symbol", type: .symbol), RecordColumn(name: "side", type: .symbol),
            RecordColumn(name: "price", type: .double), RecordColumn(name: "amount", type: .double),
        ]
        let dialect = try TextDialect(.csv)
        let decoder = RecordDecoder(columns: columns, dialect: dialect)
        var splitter = RecordSplitter(dialect)
        let file = try platform.files.open(path, .read, permissions: 0)
        let size = try file.size()
        var spent: (read: UInt64, split: UInt64, decode: UInt64) = (0, 0, 0)
        var rows = 0
        var offset = 0
        while offset < size {
            let begin = platform.clock.monotonicNanoseconds()
            let bytes = try file.read(at: offset, count: Self.pieceBytes)
            offset += bytes.count
            let read = platform.clock.monotonicNanoseconds()
            try splitter.append(bytes)
            let chunk = splitter.takeChunk()
            let split = platform.clock.monotonicNanoseconds()
            if let chunk { rows += try decoder.decode(chunk).batch.rowCount }
            spent.read += read - begin
            spent.split += split - read
            spent.decode += platform.clock.monotonicNanoseconds() - split
        }
        return [
            line("read", spent.read, rows), line("split", spent.split, rows),
            line("decode", spent.decode, rows),
        ]
    }

    private func line(_ name: String, _ nanoseconds: UInt64, _ rows: Int) -> String {
        var measurement = Measurement(name)
        measurement.add("rows", rows)
        measurement.add(milliseconds: nanoseconds)
        measurement.add("nanoseconds_per_row", Double(nanoseconds) / Double(max(rows, 1)))
        return measurement.line
    }
}
