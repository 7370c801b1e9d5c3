import Diagnostics
import Machines
import Platform
import Storage
import Synchronization
import Testing

@testable import Engine

/// Partitions beside their tables and prepared snapshots, on a machine that loses its power.
@Suite("Detached partitions and a prepared snapshot")
struct SessionDetachedSnapshotTests {
    private static let root = "/root"

    /// What is done before `_restore`, and what the snapshot has.
    struct History: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let statements: [String]
        let numbers: [String]
        let detached: [String]

        /// Every fifth call, each history others: together they are all.
        var calls: StrideTo<Int> {
            let first = SessionDetachedSnapshotTests.histories.firstIndex {
                $0.testDescription == testDescription
            }
            return stride(from: 1 + (first ?? 0), to: 1_000, by: 5)
        }
    }

    private static let making = [
        "CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY",
        "INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 2), ('2026-01-03', 3)",
        "ALTER TABLE t DETACH PARTITION LIST '2026-01-01'",
    ]

    static let histories = [
        History(
            testDescription: "nothing comes later", statements: ["SNAPSHOT PREPARE"],
            numbers: ["2", "3"], detached: ["2026-01-01"]),
        History(
            testDescription: "attached later",
            statements: [
                "SNAPSHOT PREPARE", "ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'",
                "DELETE FROM t WHERE n = 1",
            ], numbers: ["2", "3"], detached: ["2026-01-01"]),
        History(
            testDescription: "others detached later",
            statements: [
                "SNAPSHOT PREPARE", "ALTER TABLE t DETACH PARTITION LIST '2026-01-02'",
                "INSERT INTO t VALUES ('2026-01-05', 5)",
                "ALTER TABLE t DETACH PARTITION LIST '2026-01-05'",
            ], numbers: ["2", "3"], detached: ["2026-01-01"]),
        History(
            testDescription: "attached and deleted before, kept by an earlier snapshot",
            statements: [
                "SNAPSHOT PREPARE", "ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'",
                "DELETE FROM t WHERE n = 1", "SNAPSHOT COMPLETE", "SNAPSHOT PREPARE",
                "INSERT INTO t VALUES ('2026-01-04', 4)",
            ], numbers: ["2", "3"], detached: []),
        History(
            testDescription: "the table dropped later",
            statements: ["SNAPSHOT PREPARE", "DROP TABLE t"],
            numbers: ["2", "3"], detached: ["2026-01-01"]),
    ]

    private static func connect(_ platform: Platform) throws -> Client {
        let storage = try Storage.open(root: root, platform: platform)
        return Client(Engine(storage: storage, platform: platform).makeSession(), platform)
    }

    /// Runs a part of a test as the simulation's process; what it threw.
    private static func run(
        _ world: SimulatedPlatform, _ work: @escaping @Sendable (Platform) throws -> Void
    ) -> (any Error)? {
        let platform = world.platform
        let thrown = Mutex<(any Error)?>(nil)
        world.runTask("work") {
            do { try work(platform) } catch { thrown.withLock { $0 = error } }
        }
        return thrown.withLock { $0 }
    }

    /// A stopped root with the history behind it, asked to go back.
    private static func makeAsking(_ world: SimulatedPlatform, _ history: History) throws {
        let problem = run(world) { platform in
            try platform.files.makeDurableDirectory(root)
            let client = try connect(platform)
            for text in making + history.statements { try client.run(text) }
            try client.session.engine.storage.close()
            try platform.files.publish([], as: "\(root)/_restore")
            try platform.files.syncFileSystem(of: "/")
        }
        if let problem { throw problem }
    }

    /// Starts once more: the rows, and what lies beside the table and comes back.
    private static func expectSound(
        _ world: SimulatedPlatform, _ history: History, _ step: Comment
    ) -> Bool {
        let isSound = Mutex(false)
        let problem = run(world) { platform in
            let client = try connect(platform)
            let storage = client.session.engine.storage
            let numbers = try client.run("SELECT n FROM t ORDER BY n")
            #expect(numbers == history.numbers, step)
            let table = try #require(storage.snapshot().tables.first)
            let detached = try storage.detachedPartitions(
                of: table.definition, current: table.segments
            ).map(\.partition)
            #expect(detached == history.detached, step)
            for name in detached {
                try client.run("ALTER TABLE t ATTACH PARTITION LIST '\(name)'")
            }
            let all = try client.run("SELECT n FROM t ORDER BY n")
            #expect(all == (detached.isEmpty ? [] : ["1"]) + history.numbers, step)
            let isRight = numbers == history.numbers && detached == history.detached
            isSound.withLock { $0 = isRight }
            try storage.close()
        }
        #expect(problem == nil, step)
        return isSound.withLock { $0 }
    }

    @Test("_restore gives back what was detached, whenever the power goes", arguments: histories)
    func survivesCrashes(history: History) throws {
        for number in history.calls {
            let world = SimulatedPlatform(seed: UInt64(number))
            defer { world.end() }
            try Self.makeAsking(world, history)
            if number % 4 == 0 {
                world.disk.killAtCall(number)
            } else {
                world.disk.crashAtCall(number)
            }
            _ = Self.run(world) { try Self.connect($0).session.engine.storage.close() }
            let isDone = !world.isDown
            world.isDown ? world.restart() : world.crash()
            // A second cut, somewhere in the repetition.
            world.disk.crashAtCall(1 + number * 7 % 97)
            _ = Self.run(world) { try Self.connect($0).session.engine.storage.close() }
            world.disk.crashAtCall(nil)
            world.crash()

            let isSound = Self.expectSound(world, history, "call \(number)")
            if isDone || !isSound {
                // Else nothing was tried.
                #expect(number > 40)
                break
            }
        }
    }

    @Test("_restore on a full disk loses none of them", arguments: histories)
    func survivesFullDisk(history: History) throws {
        for number in history.calls where number % 3 == 0 {
            let world = SimulatedPlatform(seed: UInt64(number) + 500)
            defer { world.end() }
            try Self.makeAsking(world, history)
            world.disk.failCall(number: number, with: ErrorNumber.noSpace)
            _ = Self.run(world) { try Self.connect($0).session.engine.storage.close() }
            let isDone = world.disk.failures[ErrorNumber.noSpace] == nil
            world.disk.clearFaults()
            world.crash()

            let isSound = Self.expectSound(world, history, "call \(number)")
            if isDone || !isSound { break }
        }
    }

    @Test("a partition whose description is damaged stays where it is")
    func keepsDamaged() throws {
        let world = SimulatedPlatform(seed: 3)
        defer { world.end() }
        try Self.makeAsking(world, Self.histories[2])
        let path = "\(Self.root)/db/t~1/2026-01-01.detached/_detached"
        let problem = Self.run(world) { platform in
            let file = try platform.files.open(path, .readWrite, permissions: 0o600)
            try file.write([0xff], at: 30)
            let client = try Self.connect(platform)
            #expect(try client.run("SELECT n FROM t ORDER BY n") == ["2", "3"])
            #expect(try platform.files.info(path) != nil)
            let segments = try platform.files.list(Path.directory(of: path)).filter {
                $0.hasSuffix(".seg")
            }
            #expect(segments.count == 1)
        }
        #expect(problem == nil)
    }

    @Test("a DETACH that was cut short beside a prepared snapshot can be done again")
    func detachesAgain() throws {
        for number in 1...400 {
            let world = SimulatedPlatform(seed: UInt64(number) + 900)
            defer { world.end() }
            let first = Self.run(world) { platform in
                try platform.files.makeDurableDirectory(Self.root)
                let client = try Self.connect(platform)
                for text in Self.making + ["SNAPSHOT PREPARE"] { try client.run(text) }
                number % 2 == 0 ? world.disk.killAtCall(number) : world.disk.crashAtCall(number)
                try client.run("ALTER TABLE t DETACH PARTITION LIST '2026-01-02'")
            }
            let isDone = first == nil && !world.isDown
            world.disk.crashAtCall(nil)
            world.isDown ? world.restart() : world.crash()
            let second = Self.run(world) { try Self.detachAgain($0, "call \(number)") }
            #expect(second == nil, "call \(number)")
            if second != nil { break }
            if isDone {
                #expect(number > 10)
                return
            }
        }
        Issue.record("never done")
    }

    /// Whatever the first DETACH has become, the second leaves the rows beside the table, if need be
    /// once the snapshot is complete.
    private static func detachAgain(_ platform: Platform, _ step: Comment) throws {
        let client = try connect(platform)
        let detach = "ALTER TABLE t DETACH PARTITION LIST '2026-01-02'"
        if try client.run("SELECT n FROM t ORDER BY n") == ["2", "3"] {
            do {
                try client.run(detach)
            } catch let error as DatabaseError {
                // It was all there and not committed.
                #expect(error.state == .notInPrerequisiteState, step)
                #expect(error.hint?.contains("SNAPSHOT COMPLETE") == true, step)
                try client.run("SNAPSHOT COMPLETE")
                try client.run(detach)
            }
        }
        #expect(try client.run("SELECT n FROM t ORDER BY n") == ["3"], step)
        try client.session.engine.storage.close()
        let again = try connect(platform)
        try again.run("ALTER TABLE t ATTACH PARTITION LIST '2026-01-02'")
        #expect(try again.run("SELECT n FROM t ORDER BY n") == ["2", "3"], step)
        try again.session.engine.storage.close()
    }
}
