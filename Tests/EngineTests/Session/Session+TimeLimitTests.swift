import Diagnostics
import Machines
import Platform
import Storage
import Testing

@testable import Engine

@Suite("time limits of statements")
struct SessionTimeLimitTests {
    /// Takes hours, so that the shortest limit ends it.
    private static let endless =
        "SELECT count(*) FROM long_sequence(1000000) a CROSS JOIN long_sequence(1000000) b"

    private func rig(limit: Int) throws -> (rig: EngineRig, client: Client) {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run("CREATE TABLE t (x LONG)")
        try client.run("INSERT INTO t SELECT x FROM long_sequence(200000)")
        rig.engine.queryTimeoutMilliseconds = limit
        return (rig, client)
    }

    @Test("query.timeout ends a query whose client has said nothing, and the session goes on")
    func serverLimit() throws {
        let (rig, client) = try rig(limit: 20)

        let error = client.failure(Self.endless)

        #expect(error?.state == .cancelled)
        #expect(error?.message == "canceling statement due to statement timeout")
        // A new value counts from the next statement on.
        rig.engine.queryTimeoutMilliseconds = 0
        #expect(try client.run("SELECT count(*) FROM t") == ["200000"])
        #expect(try client.run("SHOW statement_timeout") == ["0"])
    }

    @Test(
        "it ends every statement that waits or reads for long",
        arguments: [
            "UPDATE t SET x = x + 1 WHERE x % 2 = 0", "DELETE FROM t WHERE x % 3 = 0",
        ])
    func others(text: String) throws {
        let (rig, client) = try rig(limit: 1)

        #expect(client.failure(text)?.state == .cancelled)
        rig.engine.queryTimeoutMilliseconds = 0
        #expect(try client.run("SELECT count(*) FROM t") == ["200000"])
    }

    @Test("it ends a wait for a lock that might last longer, and says what it was")
    func lockWait() throws {
        let (rig, client) = try rig(limit: 0)
        let other = rig.connect()
        try client.run("BEGIN; UPDATE t SET x = 0 WHERE x = 1")

        for lockTimeout in ["0", "1h"] {
            try other.run("SET lock_timeout = '\(lockTimeout)'; SET statement_timeout = '20ms'")
            let error = other.failure("UPDATE t SET x = 3 WHERE x = 2")
            #expect(error?.state == .cancelled)
            #expect(error?.message == "canceling statement due to statement timeout")
        }
        try other.run("SET lock_timeout = '20ms'; SET statement_timeout = '1h'")
        #expect(other.failure("UPDATE t SET x = 3 WHERE x = 2")?.state == .lockNotAvailable)
        try client.run("COMMIT")
        try other.run("UPDATE t SET x = 3 WHERE x = 2")
    }

    @Test("it ends DETACH and ATTACH of many partitions, which leave nothing halfway")
    func partitions() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run("CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        try client.run(
            "INSERT INTO t SELECT (x * 86400000000)::TIMESTAMP, x::INT FROM long_sequence(100)")
        let detach = "ALTER TABLE t DETACH PARTITION WHERE ts > '1970-01-02'"
        let names = try client.run("SELECT name FROM table_partitions('t') ORDER BY name")
            .dropFirst()
        let attach =
            "ALTER TABLE t ATTACH PARTITION LIST "
            + names.map { "'\($0)'" }.joined(separator: ", ")

        rig.engine.queryTimeoutMilliseconds = 1
        #expect(client.failure(detach)?.state == .cancelled)
        rig.engine.queryTimeoutMilliseconds = 0
        #expect(try client.run("SELECT count(*) FROM t") == ["100"])
        try client.run(detach)
        rig.engine.queryTimeoutMilliseconds = 1
        #expect(client.failure(attach)?.state == .cancelled)
        rig.engine.queryTimeoutMilliseconds = 0
        #expect(try client.run("SELECT count(*) FROM t") == ["1"])
        try client.run(attach)
        #expect(try client.run("SELECT count(*) FROM t") == ["100"])
    }

    @Test("EXECUTE has the limit of what was prepared")
    func prepared() throws {
        let (rig, client) = try rig(limit: 20)
        try client.run("PREPARE long AS " + Self.endless)
        try client.run("PREPARE copy AS INSERT INTO t SELECT x FROM t")

        #expect(client.failure("EXECUTE long")?.state == .cancelled)
        rig.engine.queryTimeoutMilliseconds = 1
        try client.run("EXECUTE copy")
    }

    @Test(
        "statements that carry tables have none",
        arguments: [
            "INSERT INTO t SELECT a.x FROM t a JOIN t b ON a.x = b.x",
            "CREATE TABLE u AS (SELECT a.x FROM t a JOIN t b ON a.x = b.x)",
            "COPY (SELECT a.x FROM t a JOIN t b ON a.x = b.x) TO STDOUT",
        ])
    func exempt(text: String) throws {
        let (rig, client) = try rig(limit: 1)

        try client.run(text)
        #expect(rig.engine.queryTimeoutMilliseconds == 1)
    }

    @Test("what the client said counts instead, also that there is none")
    func ownLimit() throws {
        let (rig, client) = try rig(limit: 3_600_000)
        try client.run("SET statement_timeout = '20ms'")

        #expect(client.failure(Self.endless)?.state == .cancelled)
        #expect(
            client.failure("INSERT INTO t " + Self.endless)?.state == .cancelled)

        rig.engine.queryTimeoutMilliseconds = 1
        try client.run("SET statement_timeout = 0")
        #expect(try client.run("SELECT count(*) FROM t a JOIN t b ON a.x = b.x") == ["200000"])
        try client.run("RESET statement_timeout")
        #expect(client.failure(Self.endless)?.state == .cancelled)
    }

    @Test("a client that asks for more rows has the whole time again")
    func renewed() throws {
        let machine = SimulatedPlatform(seed: 2)
        defer { machine.end() }
        try machine.platform.files.makeDurableDirectory("/root")
        let storage = try Storage.open(root: "/root", platform: machine.platform)
        let engine = Engine(storage: storage, platform: machine.platform)
        engine.queryTimeoutMilliseconds = 1_000
        let client = Client(engine.makeSession(), machine.platform)
        func rows() throws -> ResultRows {
            let outcome = try client.outcome("SELECT x FROM long_sequence(10)")
            guard case .rows(let rows, _) = outcome else { throw DatabaseError(.cancelled, "none") }
            _ = try rows.next()
            machine.platform.clock.wait(nanoseconds: 2_000_000_000)
            return rows
        }

        let given = try rows()
        client.session.renewTimeLimit()
        #expect(throws: Never.self) { _ = try given.next() }
        let late = try rows()
        #expect(throws: DatabaseError.self) { _ = try late.next() }
    }
}
