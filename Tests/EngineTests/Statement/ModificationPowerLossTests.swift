import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Engine

/// UPDATE, DELETE and blocks of them on a machine that loses its power at calls that the seed
/// chooses: between a segment's file and the edit that names it, too. After each the table must be
/// as the last statement that was answered left it, or as the one under way would have; and no
/// segment lies on the disk that the table does not name.
@Suite("UPDATE and DELETE through power losses")
struct ModificationPowerLossTests {
    @Test(
        "a change is there whole or not at all, and no file stays",
        arguments: 1...8 as ClosedRange<UInt64>)
    func powerLoss(seed: UInt64) {
        let machine = SimulatedPlatform(seed: seed)
        let life = TableLife(seed: seed)
        var losses = 0

        while losses < 25, life.problem == nil {
            machine.disk.crashAtCall(1 + Int(life.draw(700)))
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

    @Test(
        "a full disk takes the statement and nothing else", arguments: 1...6 as ClosedRange<UInt64>)
    func fullDisk(seed: UInt64) {
        let machine = SimulatedPlatform(seed: seed)
        let life = TableLife(seed: seed) { room in
            let used = machine.disk.paths().reduce(0) {
                $0 + (machine.disk.contents(of: $1)?.count ?? 0)
            }
            machine.disk.setCapacity(room.map { used + $0 })
        }
        let platform = machine.platform

        machine.runTask("life") { life.live(platform) }
        machine.crash()
        let after = machine.platform
        machine.runTask("check") { life.check(after, machine.disk) }
        machine.stop()

        #expect(life.problem == nil)
        #expect(life.refused > 0)
    }
}

/// What was said and answered, in memory that no power cut touches.
private final class TableLife: Sendable {
    /// `id` to `n`.
    typealias Rows = [Int: Int]

    private struct State {
        var random: UInt64
        /// As the statements that were answered left it.
        var rows: Rows = [:]
        /// As the transaction under way will leave it.
        var next: Rows?
        var lastID = 0
        var acknowledged = 0
        var refused = 0
        var problem: String?
    }

    private static let root = "/root"
    private let state: Mutex<State>
    /// Of the designated timestamp.
    private let type: String
    /// Leaves the disk so many bytes; nil is no limit.
    private let fills: (@Sendable (Int?) -> Void)?

    init(seed: UInt64, fills: (@Sendable (Int?) -> Void)? = nil) {
        state = Mutex(State(random: seed &* 0x9e37_79b9_7f4a_7c15))
        type = seed % 2 == 0 ? "TIMESTAMP_NS" : "TIMESTAMP"
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

    // MARK: One life of the machine

    func live(_ platform: Platform) {
        do {
            let client = try open(platform)
            try compare(client)
            for _ in 0..<(fills == nil ? 12 : 40) { try step(client) }
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
            if named != found { complain("the disk has \(found), the table names \(named)") }
        } catch {
            complain("unexpected error: \(error)")
        }
    }

    private func open(_ platform: Platform) throws -> Client {
        var settings = StorageSettings()
        settings.walFileBytes = 4_096
        settings.flushRows = 60
        let storage = try Storage.open(root: Self.root, platform: platform, settings: settings)
        let engine = Engine(storage: storage, platform: platform)
        let client = Client(engine.makeSession(), platform)
        try client.run(
            """
            CREATE TABLE IF NOT EXISTS t (ts \(type), id INT, n INT) TIMESTAMP(ts)
                PARTITION BY DAY
            """)
        return client
    }

    private func compare(_ client: Client) throws {
        let lines = try client.run("SELECT id, n FROM t ORDER BY id")
        let found = lines.map { $0.split(separator: "|").compactMap { Int($0) } }
        state.withLock { state in
            let expected = [state.rows, state.next ?? state.rows].map { rows in
                rows.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
            }
            guard let index = expected.firstIndex(of: found) else {
                state.problem = "found \(found), expected one of \(expected)"
                return
            }
            if index == 1, let next = state.next { state.rows = next }
            state.next = nil
        }
    }

    /// One statement, or a block of a few, with the same done to the model.
    private func step(_ client: Client) throws {
        var rows = state.withLock { $0.rows }
        var texts = [act(&rows)]
        if draw(3) == 0 {
            texts.insert("BEGIN", at: 0)
            texts.append(act(&rows))
            if draw(2) == 0 {
                var undone = rows
                texts += ["SAVEPOINT s", act(&undone), act(&undone), "ROLLBACK TO s"]
            }
            if draw(4) == 0 {
                rows = state.withLock { $0.rows }
                texts.append("ROLLBACK")
            } else {
                texts.append("COMMIT")
            }
        }
        state.withLock { $0.next = rows }
        if let fills, draw(2) == 0 { fills(Int(draw(3_000))) }
        do {
            for text in texts { try client.run(text) }
            state.withLock { state in
                state.rows = rows
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

    private func act(_ rows: inout Rows) -> String {
        let residue = Int(draw(4))
        switch draw(5) {
        case 0, 1:
            let first = state.withLock { state in
                defer { state.lastID += 8 }
                return state.lastID + 1
            }
            for id in first..<first + 8 { rows[id] = id }
            let values = (first..<first + 8).map { id in
                "('2026-01-0\(1 + id % 5)T0\(id % 7):00:00Z', \(id), \(id))"
            }
            return "INSERT INTO t VALUES " + values.joined(separator: ", ")
        case 2, 3:
            for id in rows.keys where id % 4 == residue { rows[id, default: 0] += 1 }
            return "UPDATE t SET n = n + 1 WHERE id % 4 = \(residue)"
        default:
            for id in rows.keys where id % 16 == residue * 4 { rows[id] = nil }
            return "DELETE FROM t WHERE id % 16 = \(residue * 4)"
        }
    }
}
