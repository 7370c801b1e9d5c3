import Catalog
import Diagnostics
import Machines
import Platform
import Testing
import Values

@testable import Storage

/// Room that is kept for what gives room back.
@Suite struct SpaceReserveTests {
    private static let bytes = 1 << 20
    private static let path = "/root/db/_reserve"

    private static func open(_ world: SimulatedPlatform) throws -> Storage {
        var settings = StorageSettings()
        settings.reserveBytes = bytes
        return try Storage.open(root: "/root", platform: world.platform, settings: settings)
    }

    /// A database with rows in segments, and a second table.
    private static func filled(_ world: SimulatedPlatform) throws -> (Storage, trades: UInt64) {
        let storage = try open(world)
        let id = try storage.makeTrades()
        _ = try storage.makeTrades("others")
        _ = try storage.commit(TradesTable.append(id, 0..<100))
        try storage.flush(tables: [id])
        return (storage, id)
    }

    /// Leaves nothing free, in the log neither: it has room of its own for small batches.
    ///
    /// - Returns: how many rows the table has got by then.
    private static func fillUp(_ world: SimulatedPlatform, _ storage: Storage, _ id: UInt64)
        throws -> Int
    {
        try takeAll(world)
        var count: Int64 = 100
        while count < 1_000_000 {
            let rows = count..<count + 500
            let refusal = failure { _ = try storage.commit(TradesTable.append(id, rows)) }
            if let refusal {
                #expect(refusal.state == .diskFull)
                break
            }
            count += 500
        }
        // What a refused batch leaves of the room.
        try takeAll(world)
        return Int(count)
    }

    private static func takeAll(_ world: SimulatedPlatform) throws {
        let size = 1 << 30
        world.disk.setCapacity(size)
        world.disk.setCapacity(size - (try world.platform.files.freeBytes(of: "/root")))
    }

    /// What makes rows go.
    private static func freeing(_ kind: Int, _ id: UInt64, _ storage: Storage) -> Transaction {
        switch kind {
        case 0: return Transaction(edits: [.truncateTable(id: id)])
        case 1: return Transaction(edits: [.dropTable(id: id)])
        default:
            let segments = storage.snapshot().table(id: id)?.segments ?? []
            let replacement = SegmentReplacement(
                table: id, definitionVersion: 1, removed: segments.map(\.id), added: [])
            return Transaction(edits: [.replaceSegments(replacement)])
        }
    }

    @Test(
        "on a full disk rows go and nothing comes, and what is kept for that is kept again",
        arguments: [0, 1, 2])
    func fullDisk(kind: Int) throws {
        let world = SimulatedPlatform(seed: UInt64(kind + 1))
        let (storage, id) = try Self.filled(world)
        #expect(world.disk.contents(of: Self.path)?.count == Self.bytes)
        let segment = try #require(world.disk.paths().first { $0.hasSuffix(".seg") })
        let count = try Self.fillUp(world, storage, id)

        #expect(world.disk.contents(of: Self.path) != nil)
        _ = try storage.commit(Self.freeing(kind, id, storage))
        try storage.sweepNow()

        #expect(world.disk.contents(of: Self.path) == nil)
        // Rows in memory are in no segment.
        let left = try TradesTable.numbers(storage.snapshot().table(id: id)).count
        #expect(left == (kind == 2 ? count - 100 : 0))
        #expect(world.disk.contents(of: segment) == nil)
        world.disk.setCapacity(nil)
        let other = try #require(storage.snapshot().table(schema: "public", name: "others"))
        _ = try storage.commit(Transaction(edits: [.dropTable(id: other.definition.id)]))
        try storage.sweepNow()
        #expect(world.disk.contents(of: Self.path)?.count == Self.bytes)
        try storage.close()
    }

    @Test("while a snapshot is prepared nothing comes free, so the reserve stays")
    func preparedSnapshot() throws {
        let world = SimulatedPlatform(seed: 9)
        let (storage, id) = try Self.filled(world)
        _ = try storage.prepareSnapshot(.snapshot, preparedAt: 1)
        _ = try Self.fillUp(world, storage, id)

        let refusal = failure { _ = try storage.commit(Self.freeing(0, id, storage)) }

        #expect(refusal?.state == .diskFull)
        #expect(world.disk.contents(of: Self.path) != nil)
        world.disk.setCapacity(nil)
        #expect(try storage.completeSnapshot(.snapshot))
        try storage.close()
    }

    @Test("what has to write before it frees gets the room when the disk is short of it")
    func roomAhead() throws {
        let world = SimulatedPlatform(seed: 10)
        let (storage, id) = try Self.filled(world)
        storage.makeRoomToFree()
        #expect(world.disk.contents(of: Self.path) != nil)
        let count = try Self.fillUp(world, storage, id)

        storage.makeRoomToFree()
        try storage.flush(tables: [id])

        #expect(world.disk.contents(of: Self.path) == nil)
        #expect(try TradesTable.numbers(storage.snapshot().table(id: id)).count == count)
        world.disk.setCapacity(nil)
        try storage.close()
    }

    @Test(
        "cut the power at any call of it: all rows or none, and the database opens",
        arguments: [0, 1])
    func powerCuts(kind: Int) throws {
        var number = 0
        var outcomes: Set<Bool> = []
        while true {
            number += 1
            let world = SimulatedPlatform(seed: UInt64(number))
            defer { world.end() }
            let (storage, id) = try Self.filled(world)
            let count = try Self.fillUp(world, storage, id)
            world.disk.crashAtCall(number)
            world.runTask("free") {
                _ = try? storage.commit(Self.freeing(kind, id, storage))
                try? storage.sweepNow()
            }
            let isDone = !world.isDown
            world.crash()
            world.disk.setCapacity(nil)
            let again = try Self.open(world)
            let left = try TradesTable.numbers(again.snapshot().table(id: id)).count
            outcomes.insert(left == 0)
            #expect(left == 0 || left == count, "call \(number)")
            try again.close()
            if isDone {
                #expect(left == 0)
                break
            }
        }
        #expect(number > 5)
        #expect(outcomes == [true, false])
    }
}

extension Storage {
    /// Waits until what nobody needs is gone.
    fileprivate func sweepNow() throws(DatabaseError) {
        let answer = Answer<LSN>(platform.workers)
        if let refusal = core.submit(.sweep(answer)) { throw refusal }
        _ = try answer.wait()
    }
}
