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

    /// Bytes of a log up to its last batch, without the room behind.
    private func written(_ log: String) throws -> Int {
        let lines = try FileInspector.describe(log, files: world.platform.files)
        let room = try #require(lines.first { $0.hasPrefix("room for more at ") })
        return try #require(Int(room.dropFirst(17).prefix { $0 != "," }))
    }

    private func numbers(_ id: UInt64) throws -> [Int64] {
        world.crash()
        let storage = try Storage.open(root: "/root", platform: world.platform)
        return try TradesTable.numbers(storage.snapshot().table(id: id))
    }

    @Test("a log cut anywhere in its last batch loses that batch only, and goes on from there")
    func tornTail() throws {
        let (id, log) = try prepare()
        let size = try written(log)
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

        world.disk.flipBit(log, offset: try written(log) - 40)

        #expect(try numbers(id) == [0, 1, 2, 3])
    }

    @Test("damage followed by a batch that knew it to be durable is refused with its place")
    func damageInTheMiddle() throws {
        let (id, log) = try prepare()
        let size = try #require(world.disk.contents(of: log)).count

        world.disk.flipBit(log, offset: try written(log) / 2)
        let error = failure { _ = try numbers(id) }

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains(log) == true)
        #expect(error?.hint != nil)
        #expect(try #require(world.disk.contents(of: log)).count == size)
    }

    @Test("repair gives up the damaged commits and keeps those before and after")
    func repair() throws {
        let (id, log) = try prepare()
        world.disk.flipBit(log, offset: try written(log) / 2)
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

    @Test("room behind the end is no damage, a byte in it is a torn end, and both are gone over")
    func room() throws {
        let (id, log) = try prepare()
        let end = try written(log)
        let size = try #require(world.disk.contents(of: log)).count
        #expect(size > end + 1_000)

        #expect(try numbers(id) == [0, 1, 2, 3, 4])
        #expect(try #require(world.disk.contents(of: log)).count == size)
        #expect(
            try FileInspector.describe(log, files: world.platform.files)
                .contains("room for more at \(end), \(size - end) bytes"))

        world.disk.flipBit(log, offset: size - 9)
        #expect(try numbers(id) == [0, 1, 2, 3, 4])
        #expect(try #require(world.disk.contents(of: log)).count == end)
    }

    @Test("small commits are written over room, so that their syncs find no longer file")
    func roomIsUsed() throws {
        let (id, log) = try prepare()
        let size = try #require(world.disk.contents(of: log)).count
        world.crash()
        let storage = try Storage.open(root: "/root", platform: world.platform)
        _ = try storage.commit(TradesTable.append(id, [5]))
        let afterOne = try #require(world.disk.contents(of: log)).count
        for number in 6..<50 as Range<Int64> {
            _ = try storage.commit(TradesTable.append(id, [number]))
            #expect(try #require(world.disk.contents(of: log)).count == afterOne)
        }
        #expect(afterOne >= size)
        #expect(try numbers(id) == Array(0..<50))
    }

    @Test("a disk that refuses the room takes the commits all the same")
    func roomRefused() throws {
        let storage = try Storage.open(root: "/root", platform: world.platform)
        let id = try storage.makeTrades()
        try storage.close()
        let again = try Storage.open(root: "/root", platform: world.platform)
        // The batch is the first write, the room the second.
        world.disk.fail(
            .write, pathContaining: ".wal", skip: 1, with: ErrorNumber.noSpace)
        for number in 0..<5 as Range<Int64> {
            _ = try again.commit(TradesTable.append(id, [number]))
        }
        #expect(try numbers(id) == [0, 1, 2, 3, 4])
    }
}
