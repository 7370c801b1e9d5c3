import Diagnostics
import Synchronization
import Testing

@testable import Engine

@Suite("TIMESTAMP(p) in statements")
struct SessionTimePrecisionTests {
    @Test(
        "a precision that nothing has is reduced with a warning, once for each time it is run",
        arguments: [
            ("CREATE TABLE w (a TIMESTAMP(9))", "TIMESTAMP(9)"),
            ("SELECT now()::timestamptz(7)", "TIMESTAMP(7) WITH TIME ZONE"),
            ("SELECT now()::timestamp(8) with time zone", "TIMESTAMP(8) WITH TIME ZONE"),
        ])
    func warning(text: String, type: String) throws {
        let rig = try EngineRig()
        let found = Mutex<[Notice]>([])
        let session = rig.engine.makeSession { notice in found.withLock { $0.append(notice) } }

        try Client(session, rig.platform).run(text)

        let notices = found.withLock { $0 }
        #expect(
            notices.map(\.message) == ["\(type) precision reduced to maximum allowed, 6"])
        #expect(notices.allSatisfy { $0.severity == .warning && $0.state == .invalidParameter })
    }

    @Test("COPY rounds what comes in, the designated timestamp too")
    func copy() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run("CREATE TABLE t (ts TIMESTAMP(3), a TIMESTAMP(0)) TIMESTAMP(ts)")

        try client.copy(
            "COPY t FROM STDIN (FORMAT csv)",
            [Array("2026-01-01 00:00:00.0015,2026-01-01 00:00:00.5\n2026-01-01 00:00:01,\n".utf8)])

        #expect(
            try client.run("SELECT ts, a FROM t ORDER BY ts") == [
                "2026-01-01 00:00:00.002|2026-01-01 00:00:01", "2026-01-01 00:00:01|(null)",
            ])
    }

    @Test("SHOW CREATE TABLE gives a text that makes the same table again")
    func shown() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run("CREATE TABLE t (ts TIMESTAMP(3), a TIMESTAMPTZ(0)) TIMESTAMP(ts)")
        let text = try #require(client.run("SHOW CREATE TABLE t").first)

        #expect(text.contains("ts TIMESTAMP(3)"))
        #expect(text.contains("a TIMESTAMP(0)"))
        try client.run("DROP TABLE t")
        try client.run(text)
        #expect(try client.run("SHOW CREATE TABLE t").first == text)
    }

    @Test("ATTACH refuses rows with more digits than the column keeps by now")
    func attach() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run(
            "CREATE TABLE t (ts TIMESTAMP, a TIMESTAMP(6)) TIMESTAMP(ts) PARTITION BY DAY")
        try client.run("INSERT INTO t VALUES ('2026-01-01', '2026-01-01T00:00:00.123456')")
        try client.run("ALTER TABLE t DETACH PARTITION LIST '2026-01-01'")
        try client.run("ALTER TABLE t ALTER COLUMN a TYPE TIMESTAMP(2)")

        let refusal = client.failure("ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'")

        #expect(refusal != nil)
        #expect(try client.run("SELECT count(*) FROM t") == ["0"])
    }
}
