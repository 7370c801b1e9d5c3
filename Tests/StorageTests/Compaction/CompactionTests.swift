import Catalog
import Diagnostics
import Machines
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

/// Compaction on a simulated disk, against the plain list of what was committed.
@Suite struct CompactionTests {
    private static let hour: Int64 = 3_600_000_000

    /// Commits with late rows, a flush after each; the committed rows in their order.
    private static func fill(
        _ storage: Storage, _ id: UInt64, from first: Int64 = 0, flushes: Int,
        random: inout UInt64
    ) throws -> [Int64] {
        var numbers: [Int64] = []
        for _ in 0..<flushes {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let begin = first + Int64(numbers.count)
            let added = Array(begin..<begin + Int64(1 + (random >> 33) % 9))
            numbers += added
            _ = try storage.commit(TradesTable.append(id, added, time: time))
            try storage.flush()
        }
        return numbers
    }

    /// Every third row is up to two days late; many share a moment.
    private static func time(_ number: Int64) -> Int64 {
        let late = number % 3 == 0 ? number * 7_919 % 48 : 0
        return max(0, number / 4 - late) * hour
    }

    /// Rows by time, ties in the order of the commits: what a reader must be able to give.
    private static func ordered(_ view: TableView?) throws -> [Int64] {
        let rows = try TradesTable.rows(view)
        let sorted = rows.enumerated().sorted { left, right in
            guard case .timestamp(let first) = left.element[0],
                case .timestamp(let second) = right.element[0]
            else { return false }
            return (first, left.offset) < (second, right.offset)
        }
        return sorted.compactMap {
            if case .integer(let number) = $0.element[1] { number } else { nil }
        }
    }

    private static func expected(_ numbers: [Int64]) -> [Int64] {
        numbers.sorted { (time($0), $0) < (time($1), $1) }
    }

    private static func settings() -> StorageSettings {
        var settings = StorageSettings()
        settings.segmentRows = 32
        return settings
    }

    @Test(
        "rows keep their values and ties their order through any number of compactions",
        arguments: [PartitionUnit.none, .hour, .day, .month])
    func keepsRows(unit: PartitionUnit) throws {
        let world = SimulatedPlatform(seed: 4)
        var settings = Self.settings()
        settings.compaction.inputBytes = 40_000
        let storage = try Storage.open(root: "/root", platform: world.platform, settings: settings)
        let id = try storage.makeTrades(unit: unit)
        var random: UInt64 = 11
        var numbers: [Int64] = []
        for _ in 0..<6 {
            numbers += try Self.fill(
                storage, id, from: Int64(numbers.count), flushes: 12, random: &random)
            let before = try #require(storage.snapshot().table(id: id)).segments.count

            try storage.compact(tables: [id])

            let view = try #require(storage.snapshot().table(id: id))
            #expect(view.segments.count < before || unit == .hour)
            #expect(try Self.ordered(view) == Self.expected(numbers))
            for row in try TradesTable.rows(view) {
                guard case .integer(let number) = row[1] else { continue }
                #expect(row == TradesTable.row(number, time: Self.time(number)))
            }
        }
        try storage.close()
        let reopened = try Storage.open(root: "/root", platform: world.platform, settings: settings)
        let view = reopened.snapshot().table(id: id)
        #expect(try Self.ordered(view) == Self.expected(numbers))
        try reopened.close()
    }

    @Test("after compaction an idle table does not overlap, and compacting again does nothing")
    func settles() throws {
        let world = SimulatedPlatform(seed: 5)
        let storage = try Storage.open(
            root: "/root", platform: world.platform, settings: Self.settings())
        let id = try storage.makeTrades()
        var random: UInt64 = 3
        _ = try Self.fill(storage, id, flushes: 40, random: &random)
        #expect(try #require(storage.metrics(of: id)).overlappingSegments > 0)

        try storage.compact()
        let once = try #require(storage.metrics(of: id))
        try storage.compact()

        #expect(once.overlappingSegments == 0)
        #expect(once.bytesCompacted > 0)
        #expect(once.writeAmplification > 1)
        #expect(try #require(storage.metrics(of: id)) == once)
        try storage.close()
    }

    @Test("a flush keeps late rows apart, so that rows in order overlap nothing")
    func lateRowsApart() throws {
        let world = SimulatedPlatform(seed: 5)
        let storage = try Storage.open(root: "/root", platform: world.platform)
        let id = try storage.makeTrades(unit: .none)
        _ = try storage.commit(TradesTable.append(id, 0..<10))
        try storage.flush()
        _ = try storage.commit(TradesTable.append(id, [20, 3, 21, 9]))
        try storage.flush()

        let segments = try #require(storage.snapshot().table(id: id)).segments

        #expect(segments.map(\.rows) == [10, 2, 2])
        #expect(segments.map(\.minTimestamp) == [0, 3_000_000, 20_000_000])
        try storage.close()
    }

    @Test("files that were compacted away stay as long as a snapshot reads them, and go then")
    func pinned() throws {
        let world = SimulatedPlatform(seed: 6)
        let storage = try Storage.open(
            root: "/root", platform: world.platform, settings: Self.settings())
        let id = try storage.makeTrades(unit: .none)
        var random: UInt64 = 3
        let numbers = try Self.fill(storage, id, flushes: 6, random: &random)
        let before = storage.snapshot()

        try storage.compact()
        try storage.flush()

        #expect(try Self.ordered(before.table(id: id)) == Self.expected(numbers))
        before.release()
        try storage.flush()
        world.runUntilIdle()
        let files = world.disk.paths().filter { $0.hasSuffix(".seg") }
        #expect(files.count == storage.snapshot().table(id: id)?.segments.count)
        try storage.close()
    }

    @Test("the background task compacts after flushes and ends with the storage")
    func background() throws {
        let world = SimulatedPlatform(seed: 7)
        var settings = Self.settings()
        settings.compaction.isEnabled = true
        let storage = try Storage.open(root: "/root", platform: world.platform, settings: settings)
        let id = try storage.makeTrades(unit: .none)
        var random: UInt64 = 5
        let numbers = try Self.fill(storage, id, flushes: 20, random: &random)

        world.runUntilIdle()

        let metrics = try #require(storage.metrics(of: id))
        #expect(metrics.segments < 30)
        #expect(metrics.bytesCompacted > 0)
        #expect(try Self.ordered(storage.snapshot().table(id: id)) == Self.expected(numbers))
        try storage.close()
        #expect(world.runUntilIdle())
    }

    @Test("a table that was passed over is looked at when it is given back")
    func resumes() throws {
        let world = SimulatedPlatform(seed: 7)
        var settings = Self.settings()
        settings.compaction.isEnabled = true
        let storage = try Storage.open(root: "/root", platform: world.platform, settings: settings)
        let id = try storage.makeTrades(unit: .none)
        let isHeld = Mutex(true)
        storage.deferCompaction { _ in isHeld.withLock { $0 } }
        var random: UInt64 = 5
        _ = try Self.fill(storage, id, flushes: 20, random: &random)
        world.runUntilIdle()
        #expect(try #require(storage.metrics(of: id)).bytesCompacted == 0)

        isHeld.withLock { $0 = false }
        storage.resumeCompaction()
        world.runUntilIdle()

        #expect(try #require(storage.metrics(of: id)).bytesCompacted > 0)
        try storage.close()
    }

    @Test("who keeps compaction away for ever keeps a table's segments few with relief")
    func relieves() throws {
        let world = SimulatedPlatform(seed: 7)
        var settings = StorageSettings()
        settings.compaction.isEnabled = true
        settings.compaction.crowdedSegments = 10
        let storage = try Storage.open(root: "/root", platform: world.platform, settings: settings)
        let id = try storage.makeTrades(unit: .month)
        storage.deferCompaction { _ in true }
        var random: UInt64 = 5
        var numbers: [Int64] = []
        var most = 0
        for _ in 0..<150 {
            numbers += try Self.fill(
                storage, id, from: Int64(numbers.count), flushes: 1, random: &random)
            storage.relieve(table: id)
            most = max(most, storage.snapshot().table(id: id)?.segments.count ?? 0)
        }

        // Without, each flush leaves one or two.
        #expect(most < 60)
        #expect(try Self.ordered(storage.snapshot().table(id: id)) == Self.expected(numbers))
        try storage.close()
    }

    @Test("a damaged block is never rewritten: the segment is left, named once in the log")
    func damaged() throws {
        let log = KeptLog()
        let world = SimulatedPlatform(seed: 8, log: log)
        let storage = try Storage.open(
            root: "/root", platform: world.platform, settings: Self.settings())
        let id = try storage.makeTrades(unit: .none)
        var random: UInt64 = 3
        _ = try Self.fill(storage, id, flushes: 8, random: &random)
        // The blocks were read, and found right, before one went bad.
        _ = try TradesTable.rows(storage.snapshot().table(id: id))
        let victim = try #require(storage.snapshot().table(id: id)?.segments.dropFirst(3).first)
        let path = try #require(world.disk.paths().first { $0.contains(victim.id) })
        world.disk.flipBit(path, offset: 130)

        try storage.compact()
        try storage.compact()

        let after = try #require(storage.snapshot().table(id: id))
        #expect(after.segments.contains(victim))
        #expect(storage.metrics(of: id)?.damagedSegments == 1)
        #expect(log.lines.count { $0.contains(victim.id) } == 1)
        #expect(log.lines.contains { $0.contains("block") && $0.contains(victim.id) })
        try storage.close()
    }

    @Test("a full disk leaves everything as it was, and room heals it")
    func diskFull() throws {
        let world = SimulatedPlatform(seed: 9)
        let storage = try Storage.open(
            root: "/root", platform: world.platform, settings: Self.settings())
        let id = try storage.makeTrades(unit: .none)
        var random: UInt64 = 3
        let numbers = try Self.fill(storage, id, flushes: 12, random: &random)
        let directory = "/root/db/trades~\(id)"
        let files = world.disk.paths().filter { $0.hasSuffix(".seg") }
        let used = world.disk.usedBytes

        for room in stride(from: 0, to: 30_000, by: 1_500) {
            world.disk.setCapacity(used + room)
            let error = failure { try storage.compact() }
            if let error { #expect(error.state.code == "53100") } else { break }
            // What the jobs before the failure made stays; of the one that failed nothing does.
            let view = try #require(storage.snapshot().table(id: id))
            let known = Set(files + view.segments.map { Path.join(directory, $0.relativePath) })
            #expect(Set(world.disk.paths().filter { $0.contains(".seg") }).isSubset(of: known))
            #expect(try Self.ordered(view) == Self.expected(numbers))
        }
        world.disk.setCapacity(nil)
        try storage.compact()

        #expect(try Self.ordered(storage.snapshot().table(id: id)) == Self.expected(numbers))
        #expect(try #require(storage.metrics(of: id)).overlappingSegments == 0)
        try storage.close()
    }

    @Test("segments that somebody else changes meanwhile are left to him")
    func conflict() throws {
        let world = SimulatedPlatform(seed: 10)
        let storage = try Storage.open(
            root: "/root", platform: world.platform, settings: Self.settings())
        let id = try storage.makeTrades(unit: .none)
        var random: UInt64 = 3
        _ = try Self.fill(storage, id, flushes: 6, random: &random)
        let stop = Mutex(false)

        // The table is emptied again and again while it is compacted.
        world.platform.workers.start("truncate") {
            while !stop.withLock({ $0 }) {
                storage.commit(Transaction(edits: [.truncateTable(id: id)])) { _ in }
                _ = world.platform.clock.now()
            }
        }
        try storage.compact()
        stop.withLock { $0 = true }
        world.runUntilIdle()
        try storage.flush()

        #expect(storage.snapshot().table(id: id)?.rowCount == 0)
        #expect(!world.disk.paths().contains { $0.hasSuffix(".seg") })
        try storage.close()
    }

    @Test("a compaction loses to whoever takes the table while it works or waits to commit")
    func yields() throws {
        let world = SimulatedPlatform(seed: 8)
        let storage = try Storage.open(
            root: "/root", platform: world.platform, settings: Self.settings())
        let id = try storage.makeTrades(unit: .none)
        for number in Int64(0)..<4 {
            _ = try storage.commit(TradesTable.append(id, [number, 10 - number]))
            try storage.flush()
        }
        let before = try #require(storage.snapshot().table(id: id)).segments.map(\.id)
        let asked = Mutex(0)
        // Nobody has the table when the work begins; somebody has when the commit's turn comes.
        storage.deferCompaction { _ in
            asked.withLock { count in
                count += 1
                return count > 1
            }
        }

        try storage.compact()

        #expect(asked.withLock { $0 } == 4)
        #expect(storage.snapshot().table(id: id)?.segments.map(\.id) == before)
        let files = try world.platform.files.list("/root/db/trades~\(id)/default")
        #expect(Set(files) == Set(before.map { "\($0).seg" }))
        storage.deferCompaction { _ in false }
        try storage.compact()
        #expect(storage.snapshot().table(id: id)?.segments.count == 1)
        try storage.close()
    }

    @Test(
        "a power loss at every call of a compaction loses nothing and leaves no orphan",
        arguments: [false, true])
    func powerLoss(isRelief: Bool) throws {
        var settings = Self.settings()
        settings.compaction.isEnabled = isRelief
        settings.compaction.crowdedSegments = 1
        let chosen = settings
        var call = 1
        var losses = 0
        while true {
            let world = SimulatedPlatform(seed: UInt64(call))
            defer { world.end() }
            let numbers = Mutex<[Int64]>([])
            let fatal = call
            let platform = world.platform
            world.runTask("fill") {
                var random: UInt64 = 7
                do {
                    let storage = try Storage.open(
                        root: "/root", platform: platform, settings: chosen)
                    storage.deferCompaction { _ in isRelief }
                    let id = try storage.makeTrades(unit: .none)
                    let all = try Self.fill(
                        storage, id, flushes: isRelief ? 16 : 5, random: &random)
                    numbers.withLock { $0 = all }
                    world.disk.crashAtCall(fatal)
                    if isRelief { storage.relieve(table: id) } else { try storage.compact() }
                    try storage.flush()
                    world.disk.crashAtCall(nil)
                    try storage.close()
                } catch {
                    Issue.record("\(error)")
                }
            }
            guard world.isDown else { break }
            losses += 1
            world.restart()
            let storage = try Storage.open(
                root: "/root", platform: world.platform, settings: Self.settings())
            let view = try #require(storage.snapshot().tables.first)
            #expect(
                try Self.ordered(view) == Self.expected(numbers.withLock { $0 }), "call \(call)")
            let files = world.disk.paths().filter { $0.hasSuffix(".seg") }
            #expect(files.count == view.segments.count, "call \(call)")
            try storage.close()
            call += 1
        }
        #expect(losses > 20)
    }
}

/// Keeps what is logged.
final class KeptLog: LogSink {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }
    func log(_ level: LogLevel, _ room: String, _ message: @autoclosure () -> String) {
        let line = message()
        kept.withLock { $0.append(line) }
    }
}
