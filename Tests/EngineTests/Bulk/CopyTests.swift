import Diagnostics
import Platform
import Storage
import Testing
import Values

@testable import Engine

@Suite struct CopyTests {
    private let rig: EngineRig
    private let client: Client

    init() throws {
        rig = try EngineRig()
        client = rig.connect()
        try client.run(
            "CREATE TABLE t (ts TIMESTAMP, s SYMBOL, d DOUBLE, v VARCHAR) TIMESTAMP(ts)")
    }

    private func state(_ body: () throws -> Void) -> SQLState? {
        do {
            try body()
            return nil
        } catch {
            return (error as? DatabaseError)?.state
        }
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("rows of a stream come in, in the columns that were named")
    func columns() throws {
        let csv = "7,2026-01-02\n,2026-01-01\n"

        let tag = try client.copy("COPY t (d, ts) FROM STDIN WITH (FORMAT csv)", [bytes(csv)])

        #expect(tag == "COPY 2")
        #expect(
            try client.run("SELECT ts, s, d, v FROM t ORDER BY ts")
                == [
                    "2026-01-01 00:00:00|(null)|(null)|(null)",
                    "2026-01-02 00:00:00|(null)|7|(null)",
                ])
    }

    @Test("the text format is the default")
    func text() throws {
        try client.copy("COPY t FROM STDIN", [bytes("2026-01-01\ta\t\\N\tx\\ty\n")])

        #expect(try client.run("SELECT s, d, v FROM t") == ["a|(null)|x\ty"])
    }

    @Test(
        "what comes out as csv, text or binary goes in again", arguments: ["csv", "text", "binary"])
    func roundTrip(format: String) throws {
        try client.run(
            "INSERT INTO t VALUES ('2026-01-01', 'a', 1.5, 'x,\"y\"'), ('2026-01-02', NULL, NULL, '')"
        )
        try client.run("CREATE TABLE u (ts TIMESTAMP, s SYMBOL, d DOUBLE, v VARCHAR) TIMESTAMP(ts)")
        guard
            case .copyOut(let copy) = try client.outcome(
                "COPY (SELECT * FROM t ORDER BY ts) TO STDOUT (FORMAT \(format))")
        else { throw DatabaseError(.internalError, "no COPY") }
        var pieces = copy.head.map { [$0] } ?? []
        while let batch = try copy.rows.next() {
            try copy.encode(batch, 0..<batch.rowCount) { pieces.append($0) }
        }
        if let tail = copy.tail { pieces.append(tail) }

        let tag = try client.copy("COPY u FROM STDIN (FORMAT \(format))", pieces)

        #expect(tag == "COPY 2")
        #expect(
            try client.run("SELECT * FROM u ORDER BY ts")
                == (try client.run("SELECT * FROM t ORDER BY ts")))
    }

    @Test("an error leaves nothing and names the line")
    func error() throws {
        let csv = "2026-01-01,a,1,x\n2026-01-02,b,nix,y\n"
        var failure: DatabaseError?
        do {
            try client.copy("COPY t FROM STDIN (FORMAT csv)", [bytes(csv)])
        } catch {
            failure = error as? DatabaseError
        }

        #expect(failure?.state == .badText)
        #expect(failure?.detail == "Line 2, column d.")
        #expect(try client.run("SELECT count(*) FROM t") == ["0"])
        #expect(client.session.status == .idle)
    }

    @Test("a client that gives up leaves nothing")
    func givenUp() throws {
        let gone = DatabaseError(.cancelled, "the client gave up")

        let state = state {
            try client.copy(
                "COPY t FROM STDIN (FORMAT csv)", [bytes("2026-01-01,a,1,x\n")], thenFail: gone)
        }

        #expect(state == .cancelled)
        #expect(try client.run("SELECT count(*) FROM t") == ["0"])
    }

    @Test("cancelling ends a stream that waits for its client")
    func cancel() throws {
        let state = state {
            try client.copy("COPY t FROM STDIN", [], before: { client.session.cancel() })
        }

        #expect(state == .cancelled)
    }

    @Test("many rows become segments, also inside a block, and are seen there")
    func large() throws {
        var settings = StorageSettings()
        settings.segmentRows = 1_000
        let rig = try EngineRig(settings: settings)
        let client = rig.connect()
        try client.run("CREATE TABLE t (ts TIMESTAMP, n LONG) TIMESTAMP(ts) PARTITION BY DAY")
        let csv = (0..<5_000).map { "2026-01-0\(1 + $0 % 5)T00:00:00Z,\($0)\n" }.joined()
        let pieces = stride(from: 0, to: csv.utf8.count, by: 777).map { begin in
            Array(csv.utf8.dropFirst(begin).prefix(777))
        }

        try client.run("BEGIN")
        #expect(try client.copy("COPY t FROM STDIN (FORMAT csv)", pieces) == "COPY 5000")
        #expect(try client.run("SELECT count(*), sum(n) FROM t") == ["5000|12497500"])
        #expect(try rig.connect().run("SELECT count(*) FROM t") == ["0"])
        try client.run("ROLLBACK")
        #expect(try client.run("SELECT count(*) FROM t") == ["0"])

        try client.copy("COPY t FROM STDIN (FORMAT csv)", pieces)
        #expect(try client.run("SELECT count(*), sum(n) FROM t") == ["5000|12497500"])
        let view = rig.engine.storage.snapshot().table(schema: "public", name: "t")
        #expect(view?.segments.isEmpty == false)
    }

    @Test("files are read below the directory for imports only")
    func files() throws {
        let files = rig.platform.files
        try files.makeDurableDirectory("\(rig.root)/import/sub")
        try files.publish(bytes("ts,s,d,v\n2026-01-01,a,1,x\n"), as: "\(rig.root)/import/sub/t.csv")
        try files.publish(bytes("2026-01-01,a,1,x\n"), as: "\(rig.root)/secret.csv")
        let options = "(FORMAT csv, HEADER)"

        #expect(try client.run("COPY t FROM 'sub/t.csv' \(options)") == ["COPY 1"])
        #expect(
            try client.run("COPY t FROM '\(rig.root)/import/sub/t.csv' \(options)") == ["COPY 1"])
        for path in [
            "\(rig.root)/secret.csv", "../secret.csv", "sub/../../secret.csv", "/etc/passwd", "sub",
            "", "/", "sub//t.csv",
        ] {
            #expect(
                state { try client.run("COPY t FROM '\(path)' \(options)") }
                    == .insufficientPrivilege, "\(path)")
        }
        #expect(state { try client.run("COPY t FROM 'nix.csv'") } == .missingFile)
        #expect(try client.run("SELECT count(*) FROM t") == ["2"])
    }

    @Test(
        "options that mean nothing are refused",
        arguments: [
            ("(FORMAT xml)", SQLState.invalidParameter), ("(FORMAT csv, FORMAT csv)", .syntaxError),
            ("(COLOUR red)", .syntaxError), ("(DELIMITER ',,')", .featureNotSupported),
            ("(FORMAT binary, HEADER)", .syntaxError), ("(FORMAT csv, HEADER maybe)", .syntaxError),
            ("(FORMAT csv, FORCE_NULL s)", .featureNotSupported),
            ("(FORMAT text, QUOTE '\"')", .invalidParameter),
            ("(FORMAT csv, ENCODING 'latin1')", .featureNotSupported),
        ])
    func badOptions(options: String, expected: SQLState) {
        #expect(state { try client.run("COPY t TO STDOUT \(options)") } == expected)
    }

    @Test("a missing table, column or timestamp is told")
    func missing() {
        #expect(state { try client.run("COPY nix FROM STDIN") } == .undefinedTable)
        #expect(state { try client.run("COPY t (nix) FROM STDIN") } == .undefinedColumn)
        #expect(state { try client.run("COPY t (s, s) FROM STDIN") } == .duplicateColumn)
        #expect(
            state { try client.copy("COPY t (s) FROM STDIN", [bytes("a\n")]) }
                == .notNullViolation)
    }
}
