import Bytes
import Interchange
import Values

/// Streams of rows that clients send.
extension FuzzTarget {
    private static let columns = [
        RecordColumn(name: "ts", type: .timestamp), RecordColumn(name: "s", type: .symbol),
        RecordColumn(name: "d", type: .double), RecordColumn(name: "n", type: .int),
        RecordColumn(name: "v", type: .varchar),
    ]

    static let csv = FuzzTarget(
        name: "csv",
        seeds: [
            "2026-01-02T03:04:05.000006Z,BTC,1.5,7,\"a \"\"b\"\"\nc\"\r\n,,,,\n",
            "2026-01-02 03:04:05\tBTC\t-1e5\t\\N\t\\x41\\102\\n\\\\\n\\.\n",
            "x,'it\\'s',2,3,4\n",
        ],
        attempt: { bytes in
            for dialect in dialects {
                // A refusal is a good answer; but where the stream is cut must not matter.
                let whole = rows(of: [bytes], dialect)
                let cut = bytes.count / 2
                let halves = rows(of: [Array(bytes[..<cut]), Array(bytes[cut...])], dialect)
                if whole != halves { return "a stream in two pieces has other rows" }
            }
            return nil
        })

    static let binaryRows = FuzzTarget(
        name: "binary-copy",
        makeSeeds: {
            var writer = ByteWriter()
            writer.append(BinaryEncoder.header)
            writer.bigEndian(UInt16(5))
            for _ in 0..<4 { writer.bigEndian(UInt32.max) }
            writer.bigEndian(UInt32(2))
            writer.append("ab".utf8)
            writer.append(BinaryEncoder.trailer)
            return [writer.bytes]
        },
        attempt: { bytes in
            var decoder = BinaryDecoder(columns: columns)
            // A refusal is a good answer.
            guard (try? decoder.append(bytes)) != nil else { return nil }
            _ = try? decoder.finish()
            _ = decoder.takeBatch()
            return nil
        })

    private static let dialects: [TextDialect] = [
        try? TextDialect(.csv), try? TextDialect(.text),
        try? TextDialect(
            .csv, quote: UInt8(ascii: "'"), escape: UInt8(ascii: "\\"), null: Array("none".utf8),
            header: .present),
    ].compactMap { $0 }

    /// The rows of a stream as text, or nil when it is refused.
    private static func rows(of pieces: [[UInt8]], _ dialect: TextDialect) -> [String]? {
        do {
            var splitter = RecordSplitter(dialect)
            let decoder = RecordDecoder(columns: columns, dialect: dialect)
            var chunks: [RecordChunk] = []
            for piece in pieces {
                try splitter.append(piece)
                if let chunk = splitter.takeChunk() { chunks.append(chunk) }
            }
            if let chunk = try splitter.finish() { chunks.append(chunk) }
            var rows: [String] = []
            for chunk in chunks {
                let decoded = try decoder.decode(chunk)
                for row in 0..<decoded.batch.rowCount {
                    rows.append("\(decoded.batch.columns.map { $0.value(at: row) })")
                }
                if decoded.isEnded { break }
            }
            return rows
        } catch {
            return nil
        }
    }
}
