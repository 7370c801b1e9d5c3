import Catalog
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

@Suite struct WALReaderTests {
    private let world = SimulatedPlatform(seed: 3)

    /// A root with five commits of rows after the one that makes the table; never closed.
    private func prepare() throws -> (id: UInt64, log: String) {
        let storage = try Storage.open(root: "/root", platform: world.platform)
        let id = try storage.makeTrades()
        for number in 0..<5 as Range<Int64> {
            _ = try storage.commit(TradesTable.append(id, [number]))
        }
        return (id, "/root/db/_wal/1.wal")
    }

    private func numbers(_ id: UInt64) throws -> [Int64] {
        world.crash()
        let storage = try Storage.open(root: "/root", platform: world.platform)
        return try TradesTable.numbers(storage.snapshot().table(id: id))
    }

    @Test("a log cut anywhere in its last batch loses that batch only, and goes on from there")
    func tornTail() throws {
        let (id, log) = try prepare()
        let size = try #require(world.disk.contents(of: log)).count
        world.crash()
        let file = try world.platform.files.open(log, .readWrite, permissions: 0)
        try file.truncate(to: size - 30)
        try file.sync()

        #expect(try numbers(id) == [0, 1, 2, 3])
        world.crash()
        let storage = try Storage.open(root: "/root", platform: world.platform)
        _ = try storage.commit(TradesTable.append(id, [9]))
        #expect(try numbers(id) == [0, 1, 2, 3, 9])
    }

    @Test("a damaged last batch is dropped as torn")
    func damagedTail() throws {
        let (id, log) = try prepare()
        let size = try #require(world.disk.contents(of: log)).count

        world.disk.flipBit(log, offset: size - 40)

        #expect(try numbers(id) == [0, 1, 2, 3])
    }

    @Test("damage followed by a batch that knew it to be durable is refused with its place")
    func damageInTheMiddle() throws {
        let (id, log) = try prepare()
        let size = try #require(world.disk.contents(of: log)).count

        world.disk.flipBit(log, offset: size / 2)
        let error = failure { _ = try numbers(id) }

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains(log) == true)
        #expect(error?.hint != nil)
        #expect(try #require(world.disk.contents(of: log)).count == size)
    }

    @Test("repair gives up the damaged commits and keeps those before and after")
    func repair() throws {
        let (id, log) = try prepare()
        let size = try #require(world.disk.contents(of: log)).count
        world.disk.flipBit(log, offset: size / 2)
        let error = try #require(failure { _ = try numbers(id) })
        let named = try #require(error.hint?.split(separator: " ").last?.dropLast())
        let next = try #require(UInt64(named))
        world.crash()

        try Storage.repairLog(root: "/root", skippingTo: LSN(next), platform: world.platform)

        let left = try numbers(id)
        #expect(left.count >= 2 && left.count < 5)
        #expect(left.last == 4)
        #expect(try numbers(id) == left)
    }

    @Test("a missing log file is refused, not taken for an empty log")
    func missingFile() throws {
        let (id, log) = try prepare()
        world.crash()
        try world.platform.files.remove(log)
        try world.platform.files.syncDirectory(Path.directory(of: log))

        #expect(failure { _ = try numbers(id) }?.state == .corrupted)
    }
}
