import Backup
import Diagnostics
import Machines
import Platform
import SQL
import Storage
import Synchronization
import Testing

@testable import Engine

@Suite("RESTORE statements")
struct SessionRestoreTests {
    /// An engine with backups on a simulated machine.
    private final class Rig {
        let machine = SimulatedPlatform(seed: 3)
        let engine: Engine
        let record = NoticeRecord()

        init() throws {
            let platform = machine.platform
            try platform.files.makeDurableDirectory("/root")
            let storage = try Storage.open(root: "/root", platform: platform)
            let backup = BackupService(
                storage: storage, platform: platform, settings: BackupSettings(root: "/root"))
            engine = Engine(storage: storage, platform: platform, backup: backup)
        }

        deinit { machine.end() }

        /// Runs a text on the one connection of most tests.
        @discardableResult
        func run(_ text: String) throws -> [String] { try client.run(text) }

        func failure(_ text: String) -> DatabaseError? { client.failure(text) }

        private lazy var client = connect()

        func connect(isReadOnly: Bool = false) -> Client {
            let session = engine.makeSession(isReadOnly: isReadOnly) { [record] notice in
                record.notices.withLock { $0.append(notice) }
            }
            return Client(session, engine.platform)
        }

        var messages: [String] { record.notices.withLock { $0.map(\.message) } }
    }

    private final class NoticeRecord: Sendable {
        let notices = Mutex<[Notice]>([])
    }

    private func filled() throws -> Rig {
        let rig = try Rig()
        try rig.run("CREATE TABLE t (ts TIMESTAMP, v LONG) TIMESTAMP(ts) PARTITION BY DAY")
        try rig.run("INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 2)")
        try rig.run("BACKUP DATABASE AS 'one'")
        return rig
    }

    @Test("a user who reads only may neither restore nor look at the plan")
    func readOnlyUser() throws {
        let rig = try filled()
        let reader = rig.connect(isReadOnly: true)

        for text in [
            "RESTORE TABLE t FROM 'one' AS u", "EXPLAIN RESTORE TABLE t FROM 'one' AS u",
            "EXPLAIN BACKUP DATABASE",
        ] {
            let error = reader.failure(text)
            #expect(error?.state == .insufficientPrivilege)
            #expect(
                error?.message.contains(text.contains("RESTORE") ? "RESTORE" : "BACKUP") == true)
        }
    }

    @Test("numbers of a sequence are given to nobody who only reads")
    func readOnlySequences() throws {
        let rig = try filled()
        try rig.run("CREATE SEQUENCE s")
        let reader = rig.connect(isReadOnly: true)

        for text in ["SELECT nextval('s')", "SELECT setval('s', 7)"] {
            #expect(reader.failure(text)?.state == .insufficientPrivilege)
        }
        try rig.run("BEGIN READ ONLY")
        #expect(rig.failure("SELECT nextval('s')")?.state == .readOnlyTransaction)
        try rig.run("ROLLBACK")
        try rig.run("SELECT nextval('s')")
    }

    @Test("errors point to the table or to the backup's name")
    func positions() throws {
        let rig = try filled()

        #expect(rig.failure("RESTORE TABLE nope FROM 'one'")?.position == 14)
        #expect(rig.failure("RESTORE TABLE t FROM 'one'")?.position == 14)
        #expect(rig.failure("RESTORE DATABASE FROM 'nope'")?.position == 22)
        #expect(rig.failure("RESTORE TABLE t FROM 'one' AS t")?.position == 30)
        #expect(rig.failure("RESTORE TABLE t FROM 'one' INTO u")?.position == 32)
    }

    @Test("the plan is rows with names, and the statement does what it says")
    func explain() throws {
        let rig = try filled()
        try rig.run("INSERT INTO t VALUES ('2026-01-02', 3), ('2026-01-03', 4)")

        let plan = try rig.run("EXPLAIN RESTORE TABLE t FROM 'one' INCREMENTAL")
        try rig.run("RESTORE TABLE t FROM 'one' INCREMENTAL")

        #expect(plan.count == 2)
        #expect(plan[0].hasPrefix("public.t/2026-01-01|reuse|0|0|0|0|0|(null)|(null)"))
        #expect(plan[1].hasPrefix("public.t/2026-01-02|replace|1|1|"))
        #expect(plan[1].hasSuffix("|1|(null)"))
        #expect(try rig.run("SELECT v FROM t ORDER BY v") == ["1", "2", "4"])
        #expect(rig.messages.contains { $0.hasPrefix("1 rows are only in the database") })
        #expect(rig.messages.last?.hasPrefix("restore from \"one\" is complete") == true)
    }

    @Test("the plan shows conflicts instead of failing with them")
    func explainConflict() throws {
        let rig = try filled()

        let plan = try rig.run("EXPLAIN RESTORE TABLE t FROM 'one'")

        #expect(plan.count == 1)
        #expect(plan[0].hasPrefix("public.t|conflict|"))
        #expect(plan[0].hasSuffix("table already exists [table=t]"))
    }

    @Test("after a BEGIN that wrote nothing it takes effect at once, with a notice")
    func inBlock() throws {
        let rig = try filled()

        try rig.run("BEGIN")
        try rig.run("RESTORE TABLE t FROM 'one' AS u")
        try rig.run("ROLLBACK")

        #expect(try rig.run("SELECT count(*) FROM u") == ["2"])
        #expect(rig.messages.contains { $0.hasPrefix("RESTORE takes effect at once") })
        try rig.run("BEGIN")
        try rig.run("INSERT INTO t VALUES ('2026-01-05', 5)")
        let error = rig.failure("RESTORE TABLE t FROM 'one' AS w")
        #expect(error?.state == .activeTransaction)
        #expect(error?.hint == "Commit first or set autocommit.")
    }

    @Test("sequences come back with their table and count on, under free names with AS")
    func sequences() throws {
        let rig = try filled()
        try rig.run("CREATE SCHEMA s")
        try rig.run("CREATE TABLE s.n (id SERIAL, v LONG)")
        try rig.run("INSERT INTO s.n (v) VALUES (1), (2)")
        try rig.run("BACKUP TABLE s.n AS 'two'")
        #expect(try rig.run("SELECT tables FROM backups() WHERE name = 'two'") == ["1"])
        #expect(try rig.run("SELECT table_name FROM backup_tables('two')") == ["n"])

        try rig.run("RESTORE TABLE s.n FROM 'two' AS r")
        try rig.run("INSERT INTO r (v) VALUES (3)")
        try rig.run("RESTORE TABLE s.n FROM 'two' FULL")
        try rig.run("INSERT INTO s.n (v) VALUES (4)")

        #expect(try rig.run("SELECT count(distinct id), min(id) FROM r") == ["3|1"])
        #expect(try rig.run("SELECT count(distinct id), min(id) FROM s.n") == ["3|1"])
        try rig.run("DROP TABLE s.n")
        try rig.run("DROP SCHEMA s")
        try rig.run("RESTORE TABLE s.n FROM 'two'")
        try rig.run("INSERT INTO s.n (v) VALUES (5)")
        #expect(try rig.run("SELECT count(distinct id) FROM s.n") == ["3"])
        let plan = try rig.run("EXPLAIN RESTORE DATABASE FROM 'two'")
        #expect(plan.contains { $0.hasPrefix("s.n|conflict") })
    }

    @Test("numbers that another sequence has reserved and not given are not given after INTO")
    func advancedStretches() throws {
        let rig = try filled()
        let create = "(ts TIMESTAMP, id SERIAL, v LONG) TIMESTAMP(ts) PARTITION BY DAY"
        try rig.run("CREATE TABLE n \(create)")
        try rig.run("INSERT INTO n (ts, v) SELECT '2026-01-01', x FROM long_sequence(10)")
        try rig.run("BACKUP TABLE n AS 'two'")
        try rig.run("CREATE TABLE m \(create)")
        try rig.run("INSERT INTO m (ts, v) VALUES ('2026-02-01', 1)")

        try rig.run("RESTORE TABLE n FROM 'two' INTO m")
        let given = try rig.run("INSERT INTO m (ts, v) VALUES ('2026-02-01', 2) RETURNING id")

        #expect(try #require(given.first.flatMap { Int($0) }) > 10)
        // The very sequence of the backup is ahead of it: it keeps what it has reserved.
        let before = try rig.run("INSERT INTO n (ts, v) VALUES ('2026-02-01', 1) RETURNING id")
        try rig.run("RESTORE TABLE n FROM 'two' INCREMENTAL")
        let after = try rig.run("INSERT INTO n (ts, v) VALUES ('2026-02-01', 1) RETURNING id")
        #expect(before + after == ["11", "12"])
    }

    @Test(
        "a block that wrote into a table which is replaced meanwhile is to be tried again",
        arguments: ["TABLE t", "DATABASE"])
    func replacedUnderBlock(scope: String) throws {
        let rig = try filled()
        let other = rig.connect()
        try other.run("BEGIN")
        try other.run("INSERT INTO t VALUES ('2026-01-05', 5)")

        try rig.run("RESTORE \(scope) FROM 'one' FULL")
        let error = other.failure("COMMIT")

        #expect(error?.state == .serializationFailure)
        #expect(error?.message.contains("\"t\"") == true)
        try other.run("BEGIN")
        try other.run("INSERT INTO t VALUES ('2026-01-05', 5)")
        try other.run("COMMIT")
        #expect(try rig.run("SELECT count(*) FROM t") == ["3"])
    }

    @Test("a table that stays gives no number again that a restored row has")
    func advancedSequences() throws {
        let rig = try filled()
        let create = "(ts TIMESTAMP, id SERIAL, v LONG) TIMESTAMP(ts) PARTITION BY DAY"
        try rig.run("CREATE TABLE n \(create)")
        for day in 1...3 {
            try rig.run("INSERT INTO n (ts, v) SELECT '2026-01-0\(day)', x FROM long_sequence(100)")
        }
        try rig.run("BACKUP TABLE n AS 'two'")
        try rig.run("DROP TABLE n")
        try rig.run("CREATE TABLE n \(create)")
        try rig.run("INSERT INTO n (ts, v) VALUES ('2026-02-01', 1)")

        try rig.run("RESTORE TABLE n FROM 'two' INCREMENTAL")
        try rig.run("INSERT INTO n (ts, v) SELECT '2026-02-02', x FROM long_sequence(300)")

        #expect(
            try rig.run("SELECT count(distinct id), count(*) FROM n WHERE id > 1") == ["599|599"])
        try rig.run("CREATE TABLE m \(create)")
        #expect(
            try rig.run("EXPLAIN RESTORE TABLE n FROM 'two' INTO m").contains {
                $0.hasPrefix("sequence public.m_id_seq|advance")
            })
        try rig.run("RESTORE TABLE n FROM 'two' PARTITION LIST '2026-01-03' INTO m")
        try rig.run("INSERT INTO m (ts, v) SELECT '2026-02-02', x FROM long_sequence(300)")
        #expect(try rig.run("SELECT count(distinct id) FROM m") == ["400"])
        // What is farther already does not go back.
        try rig.run("RESTORE TABLE n FROM 'two' INTO m FULL")
        try rig.run("INSERT INTO m (ts, v) VALUES ('2026-02-02', 0)")
        #expect(try rig.run("SELECT max(id) > 600 FROM m") == ["t"])
    }

    @Test("a client's own timeout ends a backup with 57014 and nothing is published")
    func timeout() throws {
        let rig = try filled()
        try rig.run("SET statement_timeout = '1500ms'")

        let error = rig.failure("BACKUP DATABASE AS 'slow' WITH (rate = '1')")

        #expect(error?.state == .cancelled)
        #expect(error?.message == "canceling statement due to statement timeout")
        #expect(error?.detail == "The backup was given up, nothing was published.")
        let named = "SELECT status FROM backups() WHERE name = 'slow'"
        #expect(try rig.run(named) == ["cancelled"])
        try rig.run("SET statement_timeout = 0")
        try rig.run("BACKUP DATABASE AS 'slow'")
    }

    @Test("query.timeout is not for backups, restores and verifications")
    func serverTimeout() throws {
        let rig = try filled()
        let clock = rig.engine.platform.clock
        rig.engine.queryTimeoutMilliseconds = 1_500
        let begin = clock.monotonicNanoseconds()

        try rig.run("BACKUP DATABASE AS 'slow' WITH (rate = '10')")

        #expect(clock.monotonicNanoseconds() - begin > 60_000_000_000)
        for (statement, limit) in [
            ("VERIFY BACKUP 'slow' DEEP", 0), ("RESTORE TABLE t FROM 'slow' FULL", 0),
            ("EXPLAIN RESTORE TABLE t FROM 'slow' FULL", 0), ("SNAPSHOT PREPARE", 0),
            ("SELECT 1", 1_500),
        ] {
            let session = rig.connect().session
            let parsed = try #require(try session.parse(statement).first).parsed
            #expect(session.timeLimit(of: parsed.statement) == limit, "\(statement)")
        }
    }

    @Test("notices carry 00000")
    func noticeStates() throws {
        let rig = try filled()
        try rig.run("RESTORE TABLE t FROM 'one' AS u")
        try rig.run("SNAPSHOT COMPLETE")
        try rig.run("VERIFY BACKUP 'one'")

        let notices = rig.record.notices.withLock { $0 }

        #expect(notices.count > 4)
        #expect(notices.allSatisfy { $0.severity == .notice && $0.state == .success })
    }

    @Test("VERIFY DEEP decodes every row, and backups() tells when")
    func verifyDeep() throws {
        let rig = try filled()
        #expect(try rig.run("SELECT last_verified FROM backups()") == ["(null)"])

        try rig.run("VERIFY BACKUP 'one' DEEP")

        #expect(rig.messages.last?.hasSuffix("2 rows decoded") == true)
        #expect(try rig.run("SELECT count(last_verified) FROM backups()") == ["1"])
        try rig.run("DROP BACKUP 'one'")
        #expect(rig.machine.disk.paths().filter { $0.contains(".verified/") }.count == 1)
    }
}
