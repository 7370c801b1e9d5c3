import Catalog
import Diagnostics
import Machines
import Platform
import Testing
import Values

@testable import Storage

/// What can be lost of a log, and the way out of each: `basalt repair --wal-skip-to`.
@Suite struct WALReaderRepairTests {
    enum Loss: CaseIterable {
        case header, content, file
    }

    private let lines: KeptLog
    private let world: SimulatedPlatform

    init() {
        lines = KeptLog()
        world = SimulatedPlatform(seed: 41, log: lines)
    }

    private var logs: [String] {
        world.disk.paths().filter { $0.hasSuffix(".wal") }
            .sorted { ($0.count, $0) < ($1.count, $1) }
    }

    private func open(isReadOnly: Bool = false) throws -> Storage {
        var settings = StorageSettings()
        settings.isReadOnly = isReadOnly
        settings.walFileBytes = 512
        return try Storage.open(root: "/root", platform: world.platform, settings: settings)
    }

    /// Rows 0 to 9 in segments; when killed, 10 to 19 in the log, over several files.
    private func prepare(isKilled: Bool) throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<10))
        try storage.close()
        if !isKilled { return }
        let killed = try open()
        for number in 10..<20 as Range<Int64> {
            _ = try killed.commit(TradesTable.append(id, [number]))
        }
        world.crash()
    }

    private func spoil(_ path: String, _ loss: Loss) throws {
        let files = world.platform.files
        switch loss {
        case .header: world.disk.flipBit(path, offset: 20)
        case .content:
            let file = try files.open(path, .readWrite, permissions: 0)
            try file.truncate(to: 0)
            try file.sync()
        case .file:
            try files.remove(path)
            try files.syncDirectory(Path.directory(of: path))
        }
    }

    /// The commit that an error names as the way out.
    private func target(_ error: DatabaseError?) throws -> LSN {
        let hint = try #require(error?.hint)
        #expect(hint.contains("basalt repair -d \"/root\" --wal-skip-to "))
        let word = try #require(hint.split(separator: " ").last?.dropLast())
        return LSN(try #require(UInt64(word)))
    }

    private func repair(_ lsn: LSN) throws {
        try Storage.repairLog(root: "/root", skippingTo: lsn, platform: world.platform)
    }

    private func numbers(adding extra: Int64? = nil) throws -> [Int64] {
        let storage = try open()
        let table = try #require(storage.snapshot().table(schema: "public", name: "trades"))
        if let extra {
            _ = try storage.commit(TradesTable.append(table.definition.id, [extra]))
        }
        let now = storage.snapshot().table(schema: "public", name: "trades")
        let found = try TradesTable.numbers(now)
        try storage.close()
        return found
    }

    @Test(
        "the last file may be lost or spoilt: refused with the way out, which keeps what is left",
        arguments: Loss.allCases, [false, true])
    func lastFile(loss: Loss, isKilled: Bool) throws {
        // A last file that is gone cannot be told from one that was never begun.
        if loss == .file, isKilled { return }
        try prepare(isKilled: isKilled)
        let last = try #require(logs.last)
        if isKilled { #expect(logs.count > 2) }
        try spoil(last, loss)
        let before = world.disk.paths()

        let refused = failure { try open().close() }
        let looked = failure { try open(isReadOnly: true).close() }

        #expect(refused?.state == .corrupted && looked?.state == .corrupted)
        let lsn = try target(refused)
        #expect(try target(looked) == lsn)
        let short = failure { try repair(LSN(lsn.value - 1)) }
        #expect(try target(short) == lsn)
        #expect(
            world.disk.paths().filter { $0.hasSuffix(".wal") || $0.hasSuffix(".seg") }
                == before.filter { $0.hasSuffix(".wal") || $0.hasSuffix(".seg") })

        try repair(lsn)

        #expect(lines.lines.contains { $0.contains("lost") })
        let left = try numbers(adding: 99)
        // With the header alone nothing is lost.
        let expected: [Int64] = isKilled && loss == .header ? Array(0..<20) : Array(0..<10)
        #expect(Set(expected).isSubset(of: left))
        #expect(left.last == 99)
        #expect(try numbers() == left)
        #expect(try numbers(adding: 100) == left + [100])
    }

    @Test(
        "a file that is lost before others: the commits of the later ones come back",
        arguments: Loss.allCases, [0, 1])
    func earlierFile(loss: Loss, place: Int) throws {
        try prepare(isKilled: true)
        try #require(logs.count > 3)
        try spoil(logs[place], loss)

        let refused = failure { try open().close() }

        let lsn = try target(refused)
        try repair(lsn)
        let left = try numbers(adding: 99)
        #expect(Set(0..<10).isSubset(of: left))
        #expect(left.contains(19))
        #expect((left.count == 21) == (loss == .header), "\(left)")
        #expect(try numbers() == left)
    }

    @Test("a log that ends before what was recorded goes on behind it, with its last file kept")
    func shortLog() throws {
        try prepare(isKilled: false)
        let storage = try open()
        let id = try #require(storage.snapshot().table(schema: "public", name: "trades"))
            .definition.id
        _ = try storage.commit(TradesTable.append(id, [10]))
        try storage.flush()
        try storage.pinOnDisk(owner: "test").release()
        let recorded = storage.lastLSN
        let known = try #require(world.disk.contents(of: "/root/db/_database"))
        var database = try DatabaseFile.decode(known, path: "")
        world.crash()
        database.highestLSN = LSN(recorded.value + 7)
        try world.platform.files.publish(
            database.encode(), as: "/root/db/_database", replacing: .atomically)

        let refused = failure { try open().close() }

        #expect(refused?.message.contains("the log ends at commit \(recorded)") == true)
        let lsn = try target(refused)
        #expect(lsn == LSN(recorded.value + 8))
        try repair(lsn)
        #expect(try numbers(adding: 99) == Array(0...10) + [99])
        #expect(try numbers() == Array(0...10) + [99])
    }

    @Test("a directory of the log that is gone as a whole is begun anew")
    func directory() throws {
        try prepare(isKilled: true)
        try world.platform.files.removeTree("/root/db/_wal")
        try world.platform.files.syncDirectory("/root/db")

        let lsn = try target(failure { try open().close() })
        try repair(lsn)

        #expect(try numbers(adding: 99) == Array(0..<10) + [99])
    }

    @Test("a damaged table does not keep a log that was given up")
    func besideDamagedTable() throws {
        let storage = try open()
        _ = try storage.makeTrades("other")
        try storage.close()
        try prepare(isKilled: true)
        let manifest = try #require(
            world.disk.paths().first { $0.contains("other~1/_manifest.") })
        world.disk.flipBit(manifest, offset: 60)
        try spoil(logs[0], .content)

        try repair(try target(failure { try open().close() }))

        for _ in 0..<2 {
            let opened = try open()
            #expect(opened.damage?.state == .corrupted)
            try opened.close()
        }
    }

    @Test("segments of a new table are kept where its creation may be in what was given up")
    func stagedTable() throws {
        try prepare(isKilled: true)
        let storage = try open()
        let definition = TradesTable.definition(id: storage.reserveTableID(), name: "new")
        _ = try storage.writeSegments([TradesTable.batch(0..<3)], of: definition)
        world.crash()
        try spoil(try #require(logs.last), .content)

        try repair(try target(failure { try open().close() }))

        let opened = try open()
        #expect(opened.damage?.message.contains("/root/db/new~2/_manifest.") == true)
        try opened.close()
        #expect(world.disk.paths().contains { $0.contains("new~2/") && $0.hasSuffix(".seg") })
    }

    @Test("a crash at any call of a repair is mended by repairing again", arguments: Loss.allCases)
    func crashWhileRepairing(loss: Loss) throws {
        for call in stride(from: 1, through: 80, by: 3) {
            let other = WALReaderRepairTests()
            try other.prepare(isKilled: true)
            try other.spoil(other.logs[1], loss)
            try other.spoil(try #require(other.logs.last), loss)
            let platform = other.world.platform
            // Each loss names its own commit; this is behind them all.
            let far = LSN(1_000)
            other.world.disk.crashAtCall(call)
            other.world.runTask("repair") {
                try? Storage.repairLog(root: "/root", skippingTo: far, platform: platform)
            }
            other.world.disk.crashAtCall(nil)
            other.world.crash()

            try other.repair(far)

            let left = try other.numbers(adding: 99)
            #expect(Set(0..<10).isSubset(of: left) && left.last == 99, "call \(call): \(left)")
            if loss == .header { #expect(left.count == 21, "call \(call): \(left)") }
            #expect(try other.numbers() == left)
            other.world.end()
        }
    }

    @Test("a full disk fails the repair, which is done when there is room")
    func fullDisk() throws {
        try prepare(isKilled: true)
        try spoil(try #require(logs.last), .content)
        let lsn = try target(failure { try open().close() })
        world.disk.fail(.write, times: 1_000, with: 28)

        let refused = failure { try repair(lsn) }

        #expect(refused?.state == .diskFull)
        world.disk.clearFaults()
        world.crash()
        try repair(lsn)
        #expect(Set(0..<10).isSubset(of: try numbers(adding: 99)))
    }
}
