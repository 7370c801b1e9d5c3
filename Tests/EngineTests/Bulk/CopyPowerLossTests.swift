import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Engine

/// Bulk loads on a machine that loses its power at calls that the seed chooses. After each the table
/// holds whole loads only, all that were answered, and the disk has no segment beside them.
@Suite("COPY, CREATE TABLE AS and INSERT … SELECT through power losses")
struct CopyPowerLossTests {
    @Test(
        "a load is there whole or not at all, and no file stays",
        arguments: 1...10 as ClosedRange<UInt64>)
    func powerLoss(seed: UInt64) {
        let machine = SimulatedPlatform(seed: seed)
        let life = LoadLife(seed: seed)
        var losses = 0

        while losses < 15, life.problem == nil {
            machine.disk.crashAtCall(1 + Int(life.draw(500)))
            let platform = machine.platform
            machine.runTask("life") { life.live(platform) }
            let isDown = machine.isDown
            machine.disk.crashAtCall(nil)
            machine.crash()
            if isDown { losses += 1 }
        }
        let platform = machine.platform
        machine.runTask("check") { life.check(platform, machine.disk) }
        machine.stop()

        #expect(life.problem == nil, "seed \(seed), loss \(losses)")
        #expect(life.acknowledged > 10)
    }

    @Test("a full disk takes the load and nothing else", arguments: 1...6 as ClosedRange<UInt64>)
    func fullDisk(seed: UInt64) {
        let machine = SimulatedPlatform(seed: seed)
        let life = LoadLife(seed: seed) { room in
            let used = machine.disk.paths().reduce(0) {
                $0 + (machine.disk.contents(of: $1)?.count ?? 0)
            }
            machine.disk.setCapacity(room.map { used + $0 })
        }
        let platform = machine.platform

        machine.runTask("life") { for _ in 0..<4 { life.live(platform) } }
        machine.crash()
        let after = machine.platform
        machine.runTask("check") { life.check(after, machine.disk) }
        machine.stop()

        #expect(life.problem == nil)
        #expect(life.refused > 0)
    }
}

/// What was loaded and answered, in memory that no power cut touches.
private final class LoadLife: Sendable {
    private struct State {
        var random: UInt64
        /// Rows of each load that was answered, by its number.
        var loads: [Int: Int] = [:]
        /// The load under way.
        var next: (number: Int, rows: Int)?
        var lastNumber = 0
        var acknowledged = 0
        var refused = 0
        var problem: String?
    }

    private let state: Mutex<State>
    /// Leaves the disk so many bytes; nil is no limit.
    private let fills: (@Sendable (Int?) -> Void)?

    init(seed: UInt64, fills: (@Sendable (Int?) -> Void)? = nil) {
        state = Mutex(State(random: seed &* 0x9e37_79b9_7f4a_7c15))
        self.fills = fills
    }

    var problem: String? { state.withLock { $0.problem } }
    var acknowledged: Int { state.withLock { $0.acknowledged } }
    var refused: Int { state.withLock { $0.refused } }

    func draw(_ bound: UInt64) -> UInt64 {
        state.withLock { state in
            state.random = state.random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state.random >> 33) % bound
        }
    }

    private func complain(_ text: String) {
        state.withLock { if $0.problem == nil { $0.problem = text } }
    }

    func live(_ platform: Platform) {
        do {
            let client = try open(platform)
            try compare(client)
            for _ in 0..<6 { try load(client) }
            try client.session.engine.storage.close()
        } catch {
            complain("unexpected error: \(error)")
        }
    }

    func check(_ platform: Platform, _ disk: SimulatedDisk) {
        do {
            let client = try open(platform)
            try compare(client)
            let storage = client.session.engine.storage
            try storage.close()
            let named = storage.snapshot().tables.flatMap(\.segments).map(\.id).sorted()
            let found = disk.paths().filter { $0.hasSuffix(".seg") }
                .map { String($0.split(separator: "/").last?.dropLast(4) ?? "") }.sorted()
            if named != found { complain("the disk has \(found), the tables name \(named)") }
        } catch {
            complain("unexpected error: \(error)")
        }
    }

    private func open(_ platform: Platform) throws -> Client {
        var settings = StorageSettings()
        settings.walFileBytes = 4_096
        settings.flushRows = 300
        // So that a load of more rows becomes segments.
        settings.segmentRows = 40
        let storage = try Storage.open(root: "/root", platform: platform, settings: settings)
        let engine = Engine(storage: storage, platform: platform)
        let client = Client(engine.makeSession(), platform)
        try client.run(
            "CREATE TABLE IF NOT EXISTS t (ts TIMESTAMP, load INT, s SYMBOL) TIMESTAMP(ts)")
        return client
    }

    private func compare(_ client: Client) throws {
        let lines = try client.run("SELECT load, count(*) FROM t GROUP BY load ORDER BY load")
        var found: [Int: Int] = [:]
        for line in lines {
            let parts = line.split(separator: "|").compactMap { Int($0) }
            found[parts[0]] = parts[1]
        }
        let tables = client.session.engine.storage.snapshot().tables
        if tables.count != 1 { complain("tables \(tables.map(\.name)) are there") }
        state.withLock { state in
            if found == state.loads {
                state.next = nil
                return
            }
            if let next = state.next {
                state.loads[next.number] = next.rows
                state.next = nil
            }
            if found != state.loads {
                state.problem = "found \(found), expected \(state.loads)"
            }
        }
    }

    private func load(_ client: Client) throws {
        let rows = 1 + Int(draw(150))
        let number = state.withLock { state -> Int in
            state.lastNumber += 1
            state.next = (state.lastNumber, rows)
            return state.lastNumber
        }
        if let fills, draw(2) == 0 { fills(Int(draw(12_000))) }
        do {
            try load(number, rows, client)
            state.withLock { state in
                state.loads[number] = rows
                state.next = nil
                state.acknowledged += 1
            }
        } catch let error as DatabaseError where error.state == .diskFull && fills != nil {
            fills?(nil)
            client.session.rollback()
            state.withLock { state in
                state.refused += 1
                state.next = nil
            }
        }
        fills?(nil)
        try compare(client)
    }

    private func load(_ number: Int, _ rows: Int, _ client: Client) throws {
        let lines = (0..<rows).map {
            "2026-01-0\(1 + $0 % 3)T00:00:\(10 + $0 % 50)Z,\(number),s\($0)"
        }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        switch draw(3) {
        case 0: try client.copy("COPY t FROM STDIN (FORMAT csv)", [bytes])
        case 1:
            // By a table of its own, which is gone again at once.
            try client.run("BEGIN")
            try client.copy("COPY t FROM STDIN (FORMAT csv)", [bytes])
            try client.run("COMMIT")
        default:
            try client.run("BEGIN")
            try client.run(
                """
                CREATE TABLE copy\(number) AS (SELECT '2026-01-01'::timestamp AS ts,
                    \(number) AS load, 's' AS s FROM long_sequence(\(rows))) TIMESTAMP(ts)
                """)
            try client.run("INSERT INTO t SELECT ts, load, s FROM copy\(number)")
            try client.run("DROP TABLE copy\(number)")
            try client.run("COMMIT")
        }
    }
}
