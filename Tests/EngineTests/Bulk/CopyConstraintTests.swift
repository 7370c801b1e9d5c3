import Diagnostics
import Platform
import Storage
import Testing
import Values

@testable import Engine

@Suite("COPY into tables with constraints")
struct CopyConstraintTests {
    private let rig: EngineRig
    private let client: Client

    init() throws {
        var settings = StorageSettings()
        settings.segmentRows = 1_000
        rig = try EngineRig(settings: settings)
        client = rig.connect()
        try client.run(
            """
            CREATE TABLE t (id INT PRIMARY KEY, mail VARCHAR(5) UNIQUE, n SERIAL,
                state VARCHAR NOT NULL DEFAULT 'new', CHECK (id < 100000))
            """)
        try client.run("INSERT INTO t (id, mail) VALUES (1, 'a'), (2, NULL)")
    }

    private func failure(_ body: () throws -> Void) -> DatabaseError? {
        do {
            try body()
            return nil
        } catch {
            return error as? DatabaseError
        }
    }

    @discardableResult
    private func load(_ rows: String, by client: Client? = nil) throws -> String {
        try (client ?? self.client).copy(
            "COPY t (id, mail) FROM STDIN (FORMAT csv)", [Array(rows.utf8)])
    }

    private func many(_ ids: Range<Int>) -> String { ids.map { "\($0),\n" }.joined() }

    @Test("rows get defaults and numbers, and keys of theirs")
    func defaults() throws {
        #expect(try load("3,c\n4,\n") == "COPY 2")

        #expect(
            try client.run("SELECT * FROM t WHERE id > 2 ORDER BY id") == [
                "3|c|3|new", "4|(null)|4|new",
            ])
        #expect(client.failure("INSERT INTO t (id) VALUES (3)")?.state == .uniqueViolation)
        #expect(client.failure("INSERT INTO t VALUES (5, 'c', 9)")?.state == .uniqueViolation)
    }

    @Test(
        "what breaks a constraint takes the whole stream with it",
        arguments: [
            ("7,x\n1,y\n", SQLState.uniqueViolation), ("7,x\n8,a\n", .uniqueViolation),
            ("7,x\n7,y\n", .uniqueViolation), ("7,x\n8,x\n", .uniqueViolation),
            ("7,x\n,y\n", .notNullViolation), ("7,x\n100000,y\n", .checkViolation),
            ("7,x\n8,abcdef\n", .stringTooLong),
        ])
    func violations(rows: String, expected: SQLState) throws {
        let error = failure { try load(rows) }

        #expect(error?.state == expected)
        #expect(try client.run("SELECT count(*) FROM t") == ["2"])
        // The lock is free and the keys of the lost rows are too.
        #expect(try load("7,x\n8,y\n", by: rig.connect()) == "COPY 2")
    }

    @Test("text, csv and binary are held to the same", arguments: ["text", "csv", "binary"])
    func formats(format: String) throws {
        try client.run("CREATE TABLE source (id INT, mail VARCHAR)")
        try client.run("INSERT INTO source VALUES (10, 'x'), (11, NULL)")
        guard
            case .copyOut(let copy) = try client.outcome(
                "COPY (SELECT * FROM source) TO STDOUT (FORMAT \(format))")
        else { throw DatabaseError(.internalError, "no COPY") }
        var pieces = copy.head.map { [$0] } ?? []
        while let batch = try copy.rows.next() {
            try copy.encode(batch, 0..<batch.rowCount) { pieces.append($0) }
        }
        if let tail = copy.tail { pieces.append(tail) }
        let text = "COPY t (id, mail) FROM STDIN (FORMAT \(format))"

        #expect(try client.copy(text, pieces) == "COPY 2")
        #expect(failure { try client.copy(text, pieces) }?.state == .uniqueViolation)
        #expect(try client.run("SELECT count(*) FROM t") == ["4"])
    }

    @Test("keys are known across the segments of a large stream, in a block and after it")
    func large() throws {
        try client.run("BEGIN")
        #expect(try load(many(10..<5_010)) == "COPY 5000")
        #expect(client.failure("INSERT INTO t (id) VALUES (4000)")?.state == .uniqueViolation)
        try client.run("ROLLBACK")
        #expect(try client.run("SELECT count(*) FROM t") == ["2"])

        #expect(try load(many(10..<5_010)) == "COPY 5000")
        #expect(failure { try load(many(5_000..<8_000)) }?.state == .uniqueViolation)
        #expect(try client.run("SELECT count(*) FROM t") == ["5002"])
        #expect(failure { try load(many(6_000..<9_000) + "10,\n") }?.state == .uniqueViolation)
        #expect(try load(many(6_000..<9_000)) == "COPY 3000")
        #expect(client.failure("INSERT INTO t (id) VALUES (8999)")?.state == .uniqueViolation)
        try client.run("INSERT INTO t (id) VALUES (9000)")
    }

    @Test("a client that is slow to send keeps nobody from the table")
    func lock() throws {
        let other = rig.connect()
        try other.run("SET lock_timeout = '20ms'")
        let text = "COPY t (id, mail) FROM STDIN (FORMAT csv)"
        var during: [DatabaseError?] = []

        let tag = try client.copy(text, [Array("50,x\n".utf8)]) {
            for statement in [
                "INSERT INTO t (id) VALUES (51)", "UPDATE t SET mail = 'b' WHERE id = 1",
                "DELETE FROM t WHERE id = 2",
            ] {
                during.append(other.failure(statement))
            }
        }

        #expect(tag == "COPY 1")
        #expect(during == [nil, nil, nil])
        #expect(try client.run("SELECT id FROM t ORDER BY id") == ["1", "50", "51"])
        #expect(other.failure("INSERT INTO t (id) VALUES (50)")?.state == .uniqueViolation)
    }

    @Test(
        "what others do to the table meanwhile counts when the stream ends",
        arguments: [
            ("INSERT INTO t (id) VALUES (50)", SQLState.uniqueViolation),
            ("INSERT INTO t (id, mail) VALUES (51, 'x')", .uniqueViolation),
            ("UPDATE t SET id = 50 WHERE id = 2", .uniqueViolation),
            ("ALTER TABLE t ADD COLUMN more INT", .serializationFailure),
            ("DROP TABLE t", .serializationFailure),
        ])
    func meanwhile(statement: String, expected: SQLState) throws {
        let other = rig.connect()

        let error = failure {
            try client.copy(
                "COPY t (id, mail) FROM STDIN (FORMAT csv)", [Array("50,x\n".utf8)],
                before: { _ = other.failure(statement) })
        }

        #expect(error?.state == expected)
        // The lock is free again.
        if statement.hasPrefix("DROP") { return }
        try other.run("INSERT INTO t (id) VALUES (60)")
        #expect(try load("61,\n") == "COPY 1")
    }

    @Test(
        "INSERT … SELECT takes the lock when its query has given all rows",
        arguments: ["", "RETURNING id"])
    func selectLocksLate(returning: String) throws {
        let other = rig.connect()
        try client.run("CREATE SEQUENCE s")
        try other.run("BEGIN")
        try other.run("UPDATE t SET mail = 'b' WHERE id = 1")

        let pending = client.begin(
            "INSERT INTO t (id) SELECT nextval('s') + 50 FROM long_sequence(3) \(returning)")

        // The query has run though somebody else holds the lock.
        #expect(try other.run("SELECT nextval('s')") == ["4"])
        #expect(try other.run("SELECT count(*) FROM t") == ["2"])
        try other.run("COMMIT")
        // The rows of RETURNING are for another test.
        #expect(try pending.end() == (returning.isEmpty ? ["INSERT 0 3"] : []))
        #expect(try client.run("SELECT count(*) FROM t") == ["5"])
    }

    @Test(
        "INSERT … SELECT … RETURNING gives the rows of many segments, and none when a key is there")
    func selectReturning() throws {
        let rows = try client.run(
            "INSERT INTO t (id) SELECT x + 9 FROM long_sequence(5000) RETURNING id * 2")

        #expect(rows.count == 5_000)
        #expect(rows.first == "20" && rows.last == "10018")

        #expect(
            client.failure("INSERT INTO t (id) SELECT x FROM long_sequence(5000) RETURNING id")?
                .state == .uniqueViolation)
        #expect(try client.run("SELECT count(*) FROM t") == ["5002"])
    }

    @Test(
        "what the holder of the lock does counts for INSERT … SELECT",
        arguments: [
            ("UPDATE t SET id = 51 WHERE id = 2", SQLState.uniqueViolation),
            ("UPDATE t SET mail = 'c' WHERE id = 2", nil),
            ("DELETE FROM t WHERE id = 1", nil),
        ])
    func selectMeanwhile(statement: String, expected: SQLState?) throws {
        let other = rig.connect()
        try other.run("BEGIN")
        try other.run(statement)
        let pending = client.begin("INSERT INTO t (id) SELECT x + 50 FROM long_sequence(3)")

        try other.run("COMMIT")

        #expect(failure { _ = try pending.end() }?.state == expected)
        // The lock is free again, and so are keys of lost rows.
        try other.run("INSERT INTO t (id) VALUES (60)")
        let again = client.failure("INSERT INTO t (id) SELECT x + 51 FROM long_sequence(2)")
        #expect((again == nil) == (expected != nil))
    }

    @Test("a large INSERT … SELECT with a key that is there leaves nothing")
    func selectLarge() throws {
        for text in [
            "INSERT INTO t (id) SELECT x FROM long_sequence(5000)",
            "INSERT INTO t (id) SELECT x % 4000 + 10 FROM long_sequence(5000)",
        ] {
            #expect(client.failure(text)?.state == .uniqueViolation)
        }
        #expect(try client.run("SELECT count(*) FROM t") == ["2"])
        #expect(
            try client.run("INSERT INTO t (id) SELECT x + 9 FROM long_sequence(5000)")
                == ["INSERT 0 5000"])
        #expect(client.failure("INSERT INTO t (id) VALUES (4000)")?.state == .uniqueViolation)
    }

    @Test("a key that goes away meanwhile is free")
    func freed() throws {
        let other = rig.connect()

        let tag = try client.copy(
            "COPY t (id, mail) FROM STDIN (FORMAT csv)", [Array("1,a\n".utf8)]
        ) {
            _ = other.failure("DELETE FROM t WHERE id = 1")
        }

        #expect(tag == "COPY 1")
        #expect(try client.run("SELECT id, mail FROM t ORDER BY id") == ["1|a", "2|(null)"])
    }

    @Test("at its end a stream waits for whoever changes the table, as long as lock_timeout says")
    func waits() throws {
        let other = rig.connect()
        try client.run("SET lock_timeout = '20ms'")
        let rows = Array(many(100..<5_100).utf8)
        let text = "COPY t (id, mail) FROM STDIN (FORMAT csv)"

        let error = failure {
            try client.copy(text, [rows]) {
                _ = other.failure("BEGIN")
                _ = other.failure("UPDATE t SET mail = 'b' WHERE id = 1")
            }
        }
        #expect(error?.state == .lockNotAvailable)
        try other.run("COMMIT")

        #expect(try client.run("SELECT count(*) FROM t") == ["2"])
        #expect(try client.copy(text, [rows]) == "COPY 5000")
    }

    @Test("the rows of a block are keys for its stream, and the stream's for what follows")
    func block() throws {
        try client.run("BEGIN")
        try client.run("INSERT INTO t (id) VALUES (70)")
        #expect(try load("71,\n") == "COPY 1")
        #expect(client.failure("INSERT INTO t (id) VALUES (71)")?.state == .uniqueViolation)
        try client.run("ROLLBACK")
        try client.run("BEGIN")
        try client.run("INSERT INTO t (id) VALUES (70)")
        let error = failure { try load("70,\n") }
        #expect(error?.state == .uniqueViolation)
        #expect(error?.detail == "Key (id)=(70) already exists.")
        try client.run("ROLLBACK")
        #expect(try load("70,\u{e9}\n") == "COPY 1")
        #expect(
            failure { try load("71,\u{e9}\n") }?.detail == "Key (mail)=(\u{e9}) already exists.")
    }

    @Test("whose client gave up leaves no key")
    func givenUp() throws {
        let error = failure {
            try client.copy(
                "COPY t (id, mail) FROM STDIN (FORMAT csv)", [Array("50,x\n".utf8)],
                thenFail: DatabaseError(.cancelled, "the client gave up"))
        }

        #expect(error?.state == .cancelled)
        try rig.connect().run("INSERT INTO t (id) VALUES (50)")
        #expect(failure { try load("50,\n") }?.state == .uniqueViolation)
    }

    @Test("rows of one upsert key replace each other")
    func upsertKeys() throws {
        try client.run(
            """
            CREATE TABLE d (ts TIMESTAMP, s SYMBOL, v INT CHECK (v > 0)) TIMESTAMP(ts)
            PARTITION BY DAY DEDUP UPSERT KEYS (ts, s)
            """)
        let rows = (1...3_000).map { "2026-01-0\(1 + $0 % 3),s,\($0)\n" }.joined()

        #expect(try client.copy("COPY d FROM STDIN (FORMAT csv)", [Array(rows.utf8)]) != "none")
        #expect(
            failure {
                try client.copy(
                    "COPY d FROM STDIN (FORMAT csv)", [Array("2026-01-01,s,0\n".utf8)])
            }?.state == .checkViolation)

        #expect(
            try client.run("SELECT ts, v FROM d ORDER BY ts") == [
                "2026-01-01 00:00:00|3000", "2026-01-02 00:00:00|2998", "2026-01-03 00:00:00|2999",
            ])
    }

    @Test("INSERT … SELECT is as one with COPY")
    func insertSelect() throws {
        try client.run("INSERT INTO t (id) SELECT x + 10 FROM long_sequence(5000)")

        #expect(
            client.failure("INSERT INTO t (id) SELECT x + 5000 FROM long_sequence(20)")?.state
                == .uniqueViolation)
        #expect(try client.run("SELECT count(*), max(id) FROM t") == ["5002|5010"])
        try client.run("DELETE FROM t WHERE id > 4000")
        try client.run("INSERT INTO t (id) SELECT x + 4000 FROM long_sequence(1500)")
        #expect(try client.run("SELECT count(*), max(id) FROM t") == ["5492|5500"])
    }
}
