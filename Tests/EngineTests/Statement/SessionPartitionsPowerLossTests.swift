import Machines
import Platform
import Storage
import Synchronization
import Testing

@testable import Engine

/// A partition that comes back and is emptied in one block, on a machine that loses its power at each
/// of its calls.
@Suite("ATTACH PARTITION and the end of its rows through power losses")
struct SessionPartitionsPowerLossTests {
    private static let emptying = [
        "DELETE FROM t WHERE n = 1", "ALTER TABLE t DROP PARTITION LIST '2026-01-01'",
    ]

    /// What the next start finds.
    private struct Found: Sendable, Equatable {
        var numbers: [String]
        /// Whether the partition lies beside the table.
        var isDetached: Bool
    }

    private final class Notes: Sendable {
        struct State {
            var isAnswered = false
            var isDone = false
            var found: Found?
            var problem: String?
        }
        let state = Mutex(State())
    }

    private static func connect(_ platform: Platform) throws -> Client {
        let storage = try Storage.open(root: "/root", platform: platform)
        return Client(Engine(storage: storage, platform: platform).makeSession(), platform)
    }

    /// - Returns: nil when the power went before the statements were through.
    private static func live(
        _ statements: [String], losingPowerAt call: Int, isClosed: Bool
    ) throws -> (found: Found, isAnswered: Bool, isDone: Bool) {
        let world = SimulatedPlatform(seed: 5)
        defer { world.end() }
        let notes = Notes()
        let first = world.platform
        world.runTask("work") {
            do {
                try first.files.makeDurableDirectory("/root")
                let client = try connect(first)
                try client.run(
                    "CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
                try client.run("INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 2)")
                try client.run("ALTER TABLE t DETACH PARTITION LIST '2026-01-01'")
                world.disk.crashAtCall(call)
                for text in statements { try client.run(text) }
                notes.state.withLock { $0.isAnswered = true }
                if isClosed { try client.session.engine.storage.close() }
                notes.state.withLock { $0.isDone = true }
            } catch {
                notes.state.withLock { $0.problem = "\(error)" }
            }
        }
        world.disk.crashAtCall(nil)
        world.crash()
        let second = world.platform
        world.runTask("look") {
            do {
                // Twice: the log that tells may be trimmed at the end of the first time.
                for _ in 0..<2 {
                    let client = try connect(second)
                    let numbers = try client.run("SELECT n FROM t ORDER BY n")
                    let storage = client.session.engine.storage
                    let table = try #require(storage.snapshot().tables.first)
                    let beside = try storage.detachedPartitions(
                        of: table.definition, current: table.segments)
                    let found = Found(numbers: numbers, isDetached: !beside.isEmpty)
                    notes.state.withLock { state in
                        if let before = state.found, before != found {
                            state.problem = "\(before), then \(found)"
                        }
                        state.found = found
                    }
                    try storage.close()
                }
            } catch {
                notes.state.withLock { $0.problem = "\(error)" }
            }
        }
        return try notes.state.withLock { state in
            if state.found == nil || state.problem?.contains(", then ") == true {
                Issue.record("\(state.problem ?? "nothing was found")")
            }
            return (try #require(state.found), state.isAnswered, state.isDone)
        }
    }

    @Test(
        "it is beside the table or gone, and gone once COMMIT was answered", arguments: emptying)
    func everyCall(emptying: String) throws {
        let statements = [
            "BEGIN", "ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'",
            emptying, "INSERT INTO t VALUES ('2026-01-03', 3)", "COMMIT",
        ]
        let before = Found(numbers: ["2"], isDetached: true)
        let after = Found(numbers: ["2", "3"], isDetached: false)
        var losses = 0
        for call in 1...500 {
            let (found, isAnswered, isDone) = try Self.live(
                statements, losingPowerAt: call, isClosed: true)
            #expect(found == after || !isAnswered && found == before, "call \(call)")
            if isDone { break }
            losses += 1
        }
        #expect(losses > 20)
        #expect(losses < 500)
    }

    @Test("nothing else in the block: the rows are gone all the same", arguments: emptying)
    func alone(emptying: String) throws {
        let statements = [
            "BEGIN", "ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'", emptying, "COMMIT",
        ]
        let before = Found(numbers: ["2"], isDetached: true)
        let after = Found(numbers: ["2"], isDetached: false)
        for call in 1...500 {
            let (found, isAnswered, isDone) = try Self.live(
                statements, losingPowerAt: call, isClosed: true)
            #expect(found == after || !isAnswered && found == before, "call \(call)")
            if isDone { return }
        }
        Issue.record("more than 500 calls")
    }

    @Test("a DETACH that a savepoint undoes leaves nothing beside the table, though its rows go")
    func undone() throws {
        let statements = [
            "ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'", "BEGIN", "SAVEPOINT s",
            "ALTER TABLE t DETACH PARTITION LIST '2026-01-01'", "ROLLBACK TO s",
            "DELETE FROM t WHERE n = 1", "COMMIT",
        ]
        let allowed = [
            Found(numbers: ["2"], isDetached: true), Found(numbers: ["1", "2"], isDetached: false),
        ]
        let after = Found(numbers: ["2"], isDetached: false)
        for call in 1...500 {
            let (found, isAnswered, isDone) = try Self.live(
                statements, losingPowerAt: call, isClosed: true)
            #expect(found == after || !isAnswered && allowed.contains(found), "call \(call)")
            if isDone { return }
        }
        Issue.record("more than 500 calls")
    }

    @Test("what is detached anew under the same name is another one, and stays")
    func detachedAnew() throws {
        let statements = [
            "BEGIN", "ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'", "COMMIT",
            "ALTER TABLE t DETACH PARTITION LIST '2026-01-01'",
        ]
        let beside = Found(numbers: ["2"], isDetached: true)
        let inside = Found(numbers: ["1", "2"], isDetached: false)
        for call in 1...500 {
            // Not closed: the log still says that the first one is gone.
            let (found, isAnswered, _) = try Self.live(
                statements, losingPowerAt: call, isClosed: false)
            #expect(found == beside || !isAnswered && found == inside, "call \(call)")
            if isAnswered { return }
        }
        Issue.record("more than 500 calls")
    }
}
