import Catalog
import Diagnostics
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

/// Rows of more partitions than are synced one by one, on a machine that loses its power.
@Suite("A flush of many partitions") struct FlushOfManyPartitionsTests {
    private static let partitions: Int64 = 70

    private static func day(_ number: Int64) -> Int64 { number * 86_400_000_000 }

    /// Runs a part of a test as the simulation's process; what it threw.
    private static func run(
        _ world: SimulatedPlatform, _ work: @escaping @Sendable (Storage) throws -> Void
    ) -> (any Error)? {
        let platform = world.platform
        let thrown = Mutex<(any Error)?>(nil)
        world.runTask("work") {
            do {
                try work(try Storage.open(root: "/root", platform: platform))
            } catch {
                thrown.withLock { $0 = error }
            }
        }
        return thrown.withLock { $0 }
    }

    /// A root with one row in each partition, all in memory.
    private static func fill(_ storage: Storage) throws -> UInt64 {
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<partitions, time: day))
        return id
    }

    /// Everything that lies in partitions or is to go there.
    private static func files(_ world: SimulatedPlatform) -> [String] {
        world.disk.paths().filter {
            $0.contains("1970-") && world.disk.contents(of: $0) != nil
        }
    }

    private static func expectSound(_ world: SimulatedPlatform, _ step: Comment) -> Bool {
        let isSound = Mutex(false)
        let problem = run(world) { storage in
            let view = try #require(storage.snapshot().tables.first)
            let numbers = try TradesTable.numbers(view)
            #expect(numbers == Array(0..<partitions), step)
            try storage.close()
            isSound.withLock { $0 = numbers == Array(0..<partitions) }
        }
        #expect(problem == nil, step)
        // What was begun and not ended is swept.
        #expect(files(world).count == Int(partitions), step)
        return isSound.withLock { $0 } && problem == nil
    }

    @Test("shares its syncs")
    func syncs() {
        let world = SimulatedPlatform(seed: 1)
        defer { world.stop() }
        let problem = Self.run(world) { storage in
            let id = try Self.fill(storage)
            let before = world.disk.syncCount
            try storage.flush(tables: [id])
            #expect(world.disk.syncCount - before < 10)
            #expect(storage.snapshot().tables.first?.segments.count == Int(Self.partitions))
            try storage.close()
        }
        #expect(problem == nil)
    }

    /// A sample of the calls.
    @Test("loses no row, whenever the power goes or the process is killed", arguments: 1...3)
    func survivesCrashes(first: Int) {
        for call in stride(from: first * 7, to: 3_000, by: 29) {
            let world = SimulatedPlatform(seed: UInt64(call))
            defer { world.stop() }
            _ = Self.run(world) { storage in
                let id = try Self.fill(storage)
                call % 3 == 0 ? world.disk.killAtCall(call) : world.disk.crashAtCall(call)
                try storage.flush(tables: [id])
            }
            let isDone = !world.isDown
            world.disk.crashAtCall(nil)
            world.isDown ? world.restart() : world.crash()

            let isSound = Self.expectSound(world, "call \(call)")
            if isDone || !isSound {
                // Else nothing was tried.
                #expect(call > 300)
                return
            }
        }
        Issue.record("never done")
    }

    @Test("leaves nothing behind on a full disk, and heals when there is room")
    func fullDisk() {
        for call in stride(from: 5, to: 400, by: 37) {
            let world = SimulatedPlatform(seed: UInt64(call))
            defer { world.stop() }
            let problem = Self.run(world) { storage in
                let id = try Self.fill(storage)
                world.disk.fail(
                    .write, pathContaining: "1970-", skip: call % 70, with: ErrorNumber.noSpace)
                let error = failure { try storage.flush(tables: [id]) }
                #expect(error?.state == .diskFull, "call \(call)")
                #expect(Self.files(world).isEmpty, "call \(call)")
                world.disk.clearFaults()
                try storage.flush(tables: [id])
                try storage.close()
            }
            #expect(problem == nil)
            #expect(Self.expectSound(world, "call \(call)"))
        }
    }
}
