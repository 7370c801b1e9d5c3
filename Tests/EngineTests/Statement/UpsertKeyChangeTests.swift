import Diagnostics
import Storage
import Synchronization
import Testing

@testable import Engine

@Suite("Rows that other upsert keys hide")
struct UpsertKeyChangeTests {
    private final class Heard: Sendable {
        private let all = Mutex<[String]>([])

        func note(_ notice: Notice) { all.withLock { $0.append(notice.message) } }
        func take() -> [String] {
            all.withLock { notices in
                defer { notices = [] }
                return notices
            }
        }
    }

    private let rig: EngineRig
    private let heard = Heard()
    private let client: Client

    init() throws {
        rig = try EngineRig()
        client = Client(rig.engine.makeSession { [heard] in heard.note($0) }, rig.platform)
        try client.run(
            """
            CREATE TABLE t (ts TIMESTAMP, k VARCHAR, v INT) TIMESTAMP(ts) PARTITION BY DAY
                DEDUP UPSERT KEYS(ts, k)
            """)
    }

    private func insert(_ rows: String...) throws {
        for row in rows {
            try client.run("INSERT INTO t VALUES \(row)")
            try rig.engine.storage.flush()
        }
    }

    private static func gone(_ count: Int) -> [String] {
        ["\(count) rows of \"t\" are gone: later rows have the same keys"]
    }

    @Test("a type that makes keys equal says how many rows are gone, in one segment and across")
    func retyped() throws {
        try insert(
            "('2026-01-01', '1', 1), ('2026-01-01', '01', 2), ('2026-01-02', '1', 3)",
            "('2026-01-01', '1.0', 4), ('2026-01-01', '2', 5)")

        try client.run("ALTER TABLE t ALTER COLUMN k TYPE INT USING k::DOUBLE::INT")

        #expect(heard.take() == Self.gone(2))
        #expect(try client.run("SELECT v FROM t ORDER BY v") == ["3", "4", "5"])
    }

    @Test("rows that were overwritten before are not counted, and none when none is hidden")
    func overwritten() throws {
        try insert("('2026-01-01', '1', 1)", "('2026-01-01', '1', 2), ('2026-01-01', '2', 3)")

        try client.run("ALTER TABLE t ALTER COLUMN k TYPE INT")

        #expect(heard.take() == [])
        #expect(try client.run("SELECT v FROM t ORDER BY v") == ["2", "3"])
    }

    @Test("in a block the rows that it has written count as well")
    func inBlock() throws {
        try insert("('2026-01-01', '1', 1)")
        try client.run("BEGIN")
        try client.run("INSERT INTO t VALUES ('2026-01-01', '01', 2), ('2026-01-01', '001', 3)")

        try client.run("ALTER TABLE t ALTER COLUMN k TYPE INT")

        #expect(heard.take() == Self.gone(2))
        #expect(try client.run("SELECT v FROM t") == ["3"])
        try client.run("COMMIT")
        #expect(try client.run("SELECT v FROM t") == ["3"])
    }

    @Test("DEDUP ENABLE says the same")
    func enabled() throws {
        try client.run("ALTER TABLE t DEDUP DISABLE")
        try insert("('2026-01-01', '1', 1)", "('2026-01-01', '1', 2)")
        _ = heard.take()

        try client.run("ALTER TABLE t DEDUP ENABLE UPSERT KEYS(ts, k)")

        #expect(heard.take() == Self.gone(1))
    }
}
