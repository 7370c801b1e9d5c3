import Machines
import Platform
import Storage
import Synchronization
import Testing

@testable import Engine

/// How many segments UPDATE and DELETE leave, and whether rows keep their order, on a simulated
/// machine.
@Suite("Segments of UPDATE and DELETE") struct SegmentFoldingTests {
    /// Numbers from a seed.
    private struct Draws {
        var state: UInt64
        mutating func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
    }

    private func run(
        _ settings: StorageSettings = StorageSettings(),
        _ body: @escaping @Sendable (Storage, Client) throws -> Void
    ) {
        let machine = SimulatedPlatform(seed: 3)
        let platform = machine.platform
        let problem = Mutex<String?>("not ended")
        machine.runTask("statements") {
            do {
                let storage = try Storage.open(
                    root: "/root", platform: platform, settings: settings)
                let engine = Engine(storage: storage, platform: platform)
                try body(storage, Client(engine.makeSession(), platform))
                try storage.close()
                problem.withLock { $0 = nil }
            } catch {
                problem.withLock { $0 = "\(error)" }
            }
        }
        machine.runUntilIdle()
        machine.end()
        #expect(problem.withLock { $0 } == nil)
    }

    @Test("an UPDATE of many small segments leaves one a partition")
    func folds() {
        run { storage, client in
            try client.run("CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
            for number in 0..<40 {
                try client.run(
                    """
                    INSERT INTO t VALUES ('2026-01-01T00:00:\(10 + number)', \(number)),
                        ('2026-01-02', \(number))
                    """)
                try storage.flush()
            }

            try client.run("UPDATE t SET n = n + 1")

            #expect(storage.snapshot().tables.first?.segments.count == 2)
            #expect(
                try client.run("SELECT n FROM t WHERE ts = '2026-01-02'")
                    == (1...40).map { "\($0)" })
            try client.run("BEGIN; UPDATE t SET n = n + 1; DELETE FROM t WHERE n = 2; COMMIT")
            #expect(storage.snapshot().tables.first?.segments.count == 2)
            #expect(try client.run("SELECT sum(n) FROM t") == ["1716"])
        }
    }

    @Test(
        "a steady stream of statements that keep compaction away leaves few segments",
        arguments: ["n % 3 = 0", "n = -1"])
    func steady(condition: String) {
        var settings = StorageSettings()
        settings.compaction.isEnabled = true
        run(settings) { storage, client in
            // As if a statement were under way whenever the background looks.
            storage.deferCompaction { _ in true }
            var draws = Draws(state: 5)
            try client.run("CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
            var most = 0
            for number in 0..<150 {
                let day = 1 + draws.next(3)
                let minute = draws.next(50)
                try client.run(
                    "INSERT INTO t VALUES ('2026-01-0\(day)T05:\(10 + minute):00', \(number))")
                try client.run("UPDATE t SET n = n WHERE \(condition)")
                most = max(most, storage.snapshot().tables.first?.segments.count ?? 0)
            }

            // Three partitions of what waits to be put together at most.
            #expect(most < 80)
            #expect(try client.run("SELECT count() FROM t") == ["150"])
        }
    }

    /// Rows that come, change and go, against a list in the order of the commits.
    @Test("rows of one moment keep their order and keys their last row", arguments: 1...12)
    func order(seed: Int) {
        let isKeyed = seed % 2 == 0
        var settings = StorageSettings()
        settings.compaction.isEnabled = seed % 3 == 0
        settings.compaction.crowdedSegments = 3
        run(settings) { storage, client in
            var draws = Draws(state: UInt64(seed))
            var rows: [(second: Int, key: Int, n: Int)] = []
            try client.run(
                "CREATE TABLE t (ts TIMESTAMP, k INT, n INT) TIMESTAMP(ts) PARTITION BY DAY"
                    + (isKeyed ? " DEDUP UPSERT KEYS(ts, k)" : ""))
            for number in 0..<70 {
                var isInBlock = false
                if draws.next(6) == 0 {
                    try client.run("BEGIN")
                    isInBlock = true
                }
                for _ in 0..<(isInBlock ? 4 : 1) {
                    let rest = draws.next(4)
                    switch draws.next(8) {
                    case 0:
                        try client.run("DELETE FROM t WHERE n % 16 = \(rest)")
                        rows.removeAll { $0.n % 16 == rest }
                    case 1, 2:
                        try client.run("UPDATE t SET n = n + 16 WHERE n % 4 = \(rest)")
                        for index in rows.indices where rows[index].n % 4 == rest {
                            rows[index].n += 16
                        }
                    default:
                        let row = (draws.next(6), draws.next(3), number % 16)
                        try client.run(
                            "INSERT INTO t VALUES (\(row.0) * 1000000, \(row.1), \(row.2))")
                        if isKeyed { rows.removeAll { $0.0 == row.0 && $0.1 == row.1 } }
                        rows.append(row)
                    }
                }
                if isInBlock { try client.run("COMMIT") }
                if draws.next(3) == 0 { try storage.flush() }
                let sorted = rows.enumerated().sorted {
                    isKeyed
                        ? ($0.element.second, $0.element.key)
                            < ($1.element.second, $1.element.key)
                        : ($0.element.second, $0.offset) < ($1.element.second, $1.offset)
                }
                let found = try client.run(
                    "SELECT k, n FROM t ORDER BY ts" + (isKeyed ? ", k" : ""))
                #expect(
                    found == sorted.map { "\($0.element.key)|\($0.element.n)" },
                    "step \(number)")
            }
        }
    }
}
