import Testing

@testable import slt

@Suite struct RecordParserTests {
    @Test("statements and queries are read with their lines and answers")
    func records() throws {
        let records = try RecordParser.parse(
            """
            # name: x

            statement count 2
            INSERT INTO t
            VALUES (1), (2)

            query IT rowsort
            SELECT a, b FROM t
            ----
            1\ta
            2\t(null)

            statement error 42P01 does not exist
            SELECT * FROM nix
            """)

        #expect(records.count == 3)
        #expect(records[0].kind == .statement(.count(2)))
        #expect(records[0].sql == "INSERT INTO t\nVALUES (1), (2)")
        #expect(records[1].expected == ["1\ta", "2\t(null)"])
        #expect(records[1].line == 7)
        #expect(records[2].kind == .statement(.error(state: "42P01", words: "does not exist")))
    }

    @Test("a loop writes its body out once per value")
    func loop() throws {
        let records = try RecordParser.parse(
            "loop i 0 3\n\nstatement ok\nINSERT INTO t VALUES (${i})\n\nendloop\n")

        #expect(records.map(\.sql) == (0..<3).map { "INSERT INTO t VALUES (\($0))" })
    }

    @Test(
        "what is no record is refused with its line",
        arguments: [
            "statement maybe\nSELECT 1", "query X\nSELECT 1", "statement ok\n\n", "jump",
            "query I\nSELECT a FROM t\n----\n1", "onlyif x\n\nstatement ok\na", "skipif x",
            "onlyif x\nloop i 0 2\n\nendloop", "loop i 0 9", "endloop", "statement error 42\nx",
        ])
    func refused(text: String) {
        #expect(throws: RecordFailure.self) { try RecordParser.parse(text) }
    }
}
