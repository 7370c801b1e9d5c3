import Bytes
import Diagnostics
import Testing
import Values

@testable import Interchange

@Suite struct RecordDecoderTests {
    private static let columns = [
        RecordColumn(name: "ts", type: .timestamp), RecordColumn(name: "symbol", type: .symbol),
        RecordColumn(name: "price", type: .double), RecordColumn(name: "note", type: .varchar),
    ]

    /// Decodes a text that comes in pieces.
    private func decode(
        _ pieces: [[UInt8]], _ dialect: TextDialect, _ columns: [RecordColumn] = columns,
        chunkBytes: Int = 1
    ) throws -> [[Value]] {
        var splitter = RecordSplitter(dialect)
        let decoder = RecordDecoder(columns: columns, dialect: dialect)
        var chunks: [RecordChunk] = []
        for piece in pieces {
            try splitter.append(piece)
            if let chunk = splitter.takeChunk(minimumBytes: chunkBytes) { chunks.append(chunk) }
        }
        if let chunk = try splitter.finish() { chunks.append(chunk) }
        var rows: [[Value]] = []
        for chunk in chunks {
            let decoded = try decoder.decode(chunk)
            for row in 0..<decoded.batch.rowCount {
                rows.append(decoded.batch.columns.map { $0.value(at: row) })
            }
            if decoded.isEnded { break }
        }
        return rows
    }

    private func decode(_ text: String, _ dialect: TextDialect, _ columns: [RecordColumn] = columns)
        throws -> [[Value]]
    {
        try decode([Array(text.utf8)], dialect, columns)
    }

    private func one(_ text: String, as type: ValueType) throws -> Value {
        let rows = try decode(text + "\n", try TextDialect(.csv), [.init(name: "c", type: type)])
        return try #require(rows.first?.first)
    }

    private func failure(_ text: String, _ dialect: TextDialect? = nil) -> DatabaseError? {
        do {
            _ = try decode(text, try dialect ?? TextDialect(.csv))
            return nil
        } catch {
            return error as? DatabaseError
        }
    }

    private static let csv = """
        2026-01-02T03:04:05.000006Z,BTC,1.5,plain\r
        2026-01-02 03:04:06,"E""TH",-2,"two
        lines, and a comma"
        2026-01-03T00:00:00.5Z,,,""
        ,"",3e2,"a ""quoted"" \\ word"

        """

    private static let expected: [[Value]] = [
        [.timestamp(1_767_323_045_000_006), .string("BTC"), .double(1.5), .string("plain")],
        [
            .timestamp(1_767_323_046_000_000), .string("E\"TH"), .double(-2),
            .string("two\nlines, and a comma"),
        ],
        [.timestamp(1_767_398_400_500_000), .null, .null, .string("")],
        [.null, .string(""), .double(300), .string("a \"quoted\" \\ word")],
    ]

    @Test("quotes, line breaks, NULL and empty text are told apart")
    func csv() throws {
        #expect(try decode(Self.csv, try TextDialect(.csv)) == Self.expected)
    }

    @Test("a stream cut at every byte gives the same rows")
    func everyCut() throws {
        let bytes = Array(Self.csv.utf8)
        let dialect = try TextDialect(.csv)
        for cut in 0...bytes.count {
            let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
            #expect(try decode(pieces, dialect) == Self.expected, "cut at \(cut)")
        }
        #expect(try decode(bytes.map { [$0] }, dialect) == Self.expected)
        #expect(try decode(bytes.map { [$0] }, dialect, chunkBytes: 60) == Self.expected)
    }

    private static let text =
        "2026-01-02 03:04:05.000006\tBTC\t1.5\tplain\n"
        + "2026-01-02 03:04:06\tE\"TH\t-2\ttwo\\nlines,\\ttab \\\\ \\x41\\102\\\nnext\n"
        + "\\N\t\\N\t\\N\t\n"
        + "\\.\nwhat follows is no data"

    @Test("backslashes, \\N and the end marker of the text format")
    func text() throws {
        let expected: [[Value]] = [
            [.timestamp(1_767_323_045_000_006), .string("BTC"), .double(1.5), .string("plain")],
            [
                .timestamp(1_767_323_046_000_000), .string("E\"TH"), .double(-2),
                .string("two\nlines,\ttab \\ AB\nnext"),
            ],
            [.null, .null, .null, .string("")],
        ]
        let dialect = try TextDialect(.text)
        let bytes = Array(Self.text.utf8)
        for cut in 0...bytes.count {
            let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
            #expect(try decode(pieces, dialect) == expected, "cut at \(cut)")
        }
    }

    @Test("a last record without its line end counts, and an empty stream has none")
    func lastRecord() throws {
        let dialect = try TextDialect(.csv)
        let columns = [RecordColumn(name: "n", type: .long)]

        #expect(try decode("1\n2", dialect, columns) == [[.integer(1)], [.integer(2)]])
        #expect(try decode("", dialect, columns).isEmpty)
        #expect(try decode("\n", dialect, columns) == [[.null]])
    }

    @Test("a header is passed over, or must match")
    func header() throws {
        let columns = [RecordColumn(name: "a", type: .long), RecordColumn(name: "b", type: .long)]
        let passing = try TextDialect(.csv, header: .present)
        let matching = try TextDialect(.csv, header: .matching)

        #expect(try decode("x,\"y\nz\"\n1,2\n", passing, columns) == [[.integer(1), .integer(2)]])
        #expect(try decode("A,\"b\"\n1,2\n", matching, columns) == [[.integer(1), .integer(2)]])
        #expect(throws: DatabaseError.self) { try decode("a,c\n1,2\n", matching, columns) }
        #expect(throws: DatabaseError.self) { try decode("a,b,c\n1,2\n", matching, columns) }
    }

    @Test("another delimiter, quote, escape and NULL")
    func options() throws {
        let dialect = try TextDialect(
            .csv, delimiter: UInt8(ascii: ";"), quote: UInt8(ascii: "'"),
            escape: UInt8(ascii: "\\"), null: Array("none".utf8))
        let columns = [RecordColumn(name: "a", type: .varchar), .init(name: "b", type: .varchar)]
        let text = "'it\\'s';none\n'none';''\n'a\nb';'\\\\'\n"
        let expected: [[Value]] = [
            [.string("it's"), .null], [.string("none"), .string("")],
            [.string("a\nb"), .string("\\")],
        ]
        for cut in 0...text.utf8.count {
            let pieces = [Array(text.utf8.prefix(cut)), Array(text.utf8.dropFirst(cut))]
            #expect(try decode(pieces, dialect, columns) == expected)
        }
    }

    @Test(
        "numbers read fast are those that reading slowly gives",
        arguments: [
            "0", "-0", "1", "-1.25", "123456.789", "0.1", "9007199254740993", "1e10", ".5", "5.",
            "-.5e-3", "123456789012345678", "0.000001", "1e400", "NaN", "-infinity", "1_000", "",
            "x", "--1", "1.2.3", "+7", " 8 ", "99999999999999999999", "1234567.8901234567",
        ])
    func doubles(text: String) throws {
        let quoted = "\"\(text)\""
        let slow = Result { try Value.parse(text, as: .double) }
        let fast = Result { try one(quoted, as: .double) }

        switch (slow, fast) {
        case (.success(.double(let a)), .success(.double(let b))):
            #expect(a.bitPattern == b.bitPattern)
        case (.failure, .failure): break
        default: Issue.record("\(slow) is not \(fast)")
        }
    }

    @Test(
        "timestamps read fast are those that reading slowly gives",
        arguments: [
            "2026-01-02T03:04:05Z", "2026-01-02 03:04:05", "2026-01-02T03:04:05.1",
            "2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456789Z", "2026-02-30T00:00:00",
            "2026-01-02T24:00:00", "2026-01-02T03:60:05", "2026-01-02T03:04:05+02:00", "2026",
            "2026-01-02", "1969-12-31T23:59:59.999999Z", "2026-1-2 03:04:05.12", "x",
            "2026-01-02T03:04:05.", "2026-01-02X03:04:05", "9999-12-31T23:59:59Z",
        ])
    func timestamps(text: String) throws {
        let slow = try? Value.parse(text, as: .timestamp)
        let fast = try? one(text, as: .timestamp)

        #expect(slow == fast)
    }

    @Test("values at the edges of their types, and one beyond")
    func integers() throws {
        #expect(try one("127", as: .byte) == .integer(127))
        #expect(try one("-32768", as: .short) == .integer(-32_768))
        #expect(try one("2147483647", as: .int) == .integer(2_147_483_647))
        #expect(try one("-9223372036854775808", as: .long) == .integer(.min))
        #expect(try one(" 12 ", as: .int) == .integer(12))
        for (text, type) in [
            ("128", ValueType.byte), ("32768", .short), ("2147483648", .int),
            ("9223372036854775808", .long),
        ] {
            #expect(throws: DatabaseError.self) { try one(text, as: type) }
        }
        #expect(try one("TRUE", as: .boolean) == .boolean(true))
        #expect(try one("off", as: .boolean) == .boolean(false))
        let uuid = "00000000-0000-0001-0000-000000000002"
        #expect(try one(uuid, as: .uuid) == .uuid(1, 2))
    }

    @Test("an error tells line and column")
    func places() throws {
        let line2 = failure("2026-01-01,a,1,x\n\"2026-01-01\",\"a\n\",abc,x\n")
        #expect(line2?.state == .badText)
        #expect(line2?.message.contains("\"abc\"") == true)
        #expect(line2?.detail == "Line 2, column price.")
        let line4 = failure("2026-01-01,a,1,x\n2026-01-01,\"a\n\",1,x\n1,2\n")
        #expect(line4?.detail?.hasPrefix("Line 4, column ts") == true || line4?.detail == "Line 4.")
    }

    @Test("records that are cut wrongly are refused")
    func malformed() throws {
        #expect(failure("2026-01-01,a,1\n")?.state == .badCopyFormat)
        #expect(failure("2026-01-01,a,1,x,y\n")?.state == .badCopyFormat)
        #expect(failure("2026-01-01,a,1,\"x\n")?.state == .badCopyFormat)
        #expect(failure("2026-01-01,a\rb,1,x\n")?.state == .badCopyFormat)
        #expect(failure("\n")?.state == .badCopyFormat)
        #expect(failure("2026-01-01,a,1,\u{0}\n")?.state == .badEncoding)
        let broken: [UInt8] = Array("2026-01-01,a,1,".utf8) + [0xc3, 0x28, 10]
        #expect(throws: DatabaseError.self) { try decode([broken], try TextDialect(.csv)) }
        let escaped = "2026-01-01\ta\t1\t\\xff\n"
        #expect(failure(escaped, try TextDialect(.text))?.state == .badEncoding)
    }

    @Test("what follows the end marker may be anything, wherever the stream is cut")
    func behindTheEnd() throws {
        let columns = [RecordColumn(name: "n", type: .long)]
        let dialect = try TextDialect(.text)
        let bytes: [UInt8] = Array("1\n\\.\nx\ty\n".utf8) + [0xac, 0, 10]
        for cut in 0...bytes.count {
            let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
            #expect(try decode(pieces, dialect, columns) == [[.integer(1)]], "cut at \(cut)")
        }
        let broken: [UInt8] = [0x8b, 10] + Array("\\.\n".utf8) + [0, 10]
        let texts = [RecordColumn(name: "v", type: .varchar)]
        #expect(throws: DatabaseError.self) { try decode([broken], dialect, texts) }
    }

    @Test("options that contradict each other are refused")
    func contradictions() {
        let comma = UInt8(ascii: ",")
        #expect(throws: DatabaseError.self) { try TextDialect(.csv, delimiter: 10) }
        #expect(throws: DatabaseError.self) { try TextDialect(.csv, quote: comma) }
        #expect(throws: DatabaseError.self) { try TextDialect(.csv, null: [comma]) }
        #expect(throws: DatabaseError.self) { try TextDialect(.text, quote: comma) }
        #expect(throws: DatabaseError.self) { try TextDialect(.text, delimiter: 97) }
    }

    @Test("many symbols keep their rows, long and short ones")
    func symbols() throws {
        let names = (0..<5_000).map { row in
            row % 3 == 0 ? "" : String(repeating: "s", count: row % 23) + "\(row % 1_777)"
        }
        let text = names.map { "\"\($0)\"\n" }.joined()

        let rows = try decode(
            text, try TextDialect(.csv), [RecordColumn(name: "s", type: .symbol)])

        #expect(rows.map(\.first) == names.map { .string($0) })
    }

    @Test("what is written reads back", arguments: [TextDialect.Format.csv, .text])
    func roundTrip(format: TextDialect.Format) throws {
        let dialect = try TextDialect(format, header: .present)
        let texts = [
            "", "a", ",", "\"", "\t", "\n", "\r\n", "\\", "\\N", "\\.", "ü", "NULL", "a,b",
        ]
        var builders = Self.columns.map { ColumnBuilder(type: $0.type) }
        for (row, text) in texts.enumerated() {
            builders[0].append(row % 4 == 0 ? .null : .timestamp(Int64(row) * 86_399_000_001))
            builders[1].append(row % 5 == 0 ? .null : .string(text))
            builders[2].append(row % 3 == 0 ? .null : .double(Double(row) / 3))
            builders[3].append(row % 7 == 3 ? .null : .string(text + text))
        }
        let batch = Batch(rowCount: texts.count, columns: builders.map { $0.makeVector() })
        var writer = ByteWriter()
        var cell = ByteWriter()
        let encoder = RecordEncoder(dialect: dialect, columnCount: 4)
        encoder.appendHeader(Self.columns.map(\.name), to: &writer)
        for row in texts.indices { encoder.append(batch, row: row, cell: &cell, to: &writer) }

        let rows = try decode([writer.bytes], dialect)

        #expect(rows == texts.indices.map { row in batch.columns.map { $0.value(at: row) } })
    }

    @Test("types are guessed from what all values are")
    func guess() throws {
        let text =
            "id,price,at,ok,note,empty,id\n1,1.5,2026-01-01,true,x,,1\n2,2,2026-01-02,false,7,,x\n"
        let dialect = try TextDialect(.csv, header: .present)
        var splitter = RecordSplitter(dialect)
        try splitter.append(Array(text.utf8))
        let taken = splitter.takeChunk()
        let chunk = try #require(taken)

        let columns = try TypeGuess.columns(of: chunk, dialect: dialect)

        #expect(columns.map(\.name) == ["id", "price", "at", "ok", "note", "empty", "id_"])
        #expect(
            columns.map(\.type)
                == [.long, .double, .timestamp, .boolean, .varchar, .varchar, .varchar])
    }
}
