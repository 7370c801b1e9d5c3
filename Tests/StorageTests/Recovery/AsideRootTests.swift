import Catalog
import Diagnostics
import Machines
import Platform
import Testing

@testable import Storage

private typealias Restores = SnapshotRestoreTests

@Suite("AsideRoot")
struct AsideRootTests {
    private static let live = SnapshotRestoreTests.live
    private static let first = "/live/before-restore-1"

    /// A root that was stopped properly or not at all, with a prepared snapshot, later commits, and
    /// rows that are only in the log; `_restore` asks for the snapshot.
    private static func makeAsking(_ world: SimulatedPlatform, isStopped: Bool) throws {
        let storage = try Restores.prepare(world.platform)
        try Restores.change(storage)
        let late = try #require(storage.snapshot().table(schema: "public", name: "late"))
        _ = try storage.commit(TradesTable.append(late.definition.id, 70..<90))
        if isStopped { try storage.close() } else { world.crash() }
        try Restores.touch(world.platform, live)
        try world.platform.files.syncFileSystem(of: "/")
    }

    /// What is wrong with the state that was set aside, nil when nothing is.
    private static func asideComplaint(_ world: SimulatedPlatform, _ root: String = first) throws
        -> String?
    {
        let storage = try Restores.open(root, world.platform)
        defer { try? storage.close() }
        if let damage = storage.damage { return "\(damage)" }
        let tables = storage.snapshot().tables
        let names = tables.map(\.name).sorted()
        if names != ["empty", "late", "trades"] { return "tables \(names)" }
        for (name, range) in [("trades", Int64(500)..<560), ("late", 0..<90), ("empty", 0..<0)] {
            let numbers = try TradesTable.numbers(tables.first { $0.name == name })
            if numbers != Array(range) { return "\(name) has \(numbers)" }
        }
        return nil
    }

    private static func asides(_ world: SimulatedPlatform) throws -> [String] {
        try world.platform.files.list(live).filter { $0.contains("before-restore") }
    }

    @Test("in the root of the snapshot itself, what came later is a root of its own afterwards")
    func keepsWhatCameLater() throws {
        for isStopped in [true, false] {
            let log = KeptLog()
            let world = SimulatedPlatform(seed: 1, log: log)
            defer { world.end() }
            try Self.makeAsking(world, isStopped: isStopped)

            let restored = try Restores.open(Self.live, world.platform)

            #expect(try Restores.complaint(restored) == nil)
            #expect(try Self.asides(world) == ["before-restore-1"])
            #expect(try Self.asideComplaint(world) == nil)
            #expect(log.lines.contains { $0.contains("basalt serve -d \"\(Self.first)\"") })
            #expect(log.lines.contains { $0.contains("files of") && $0.contains(Self.first) })
            try restored.close()
        }
    }

    @Test("writing to one of the two roots changes nothing in the other")
    func rootsAreApart() throws {
        let world = SimulatedPlatform(seed: 2)
        defer { world.end() }
        try Self.makeAsking(world, isStopped: false)
        let restored = try Restores.open(Self.live, world.platform)
        let trades = try #require(restored.snapshot().table(schema: "public", name: "trades"))
        _ = try restored.commit(Transaction(edits: [.dropTable(id: trades.definition.id)]))
        try restored.flush()
        #expect(try Self.asideComplaint(world) == nil)

        let aside = try Restores.open(Self.first, world.platform)
        for table in aside.snapshot().tables {
            _ = try aside.commit(Transaction(edits: [.dropTable(id: table.definition.id)]))
        }
        try aside.close()
        try restored.close()

        let again = try Restores.open(Self.live, world.platform)
        #expect(again.snapshot().tables.map(\.name).sorted() == ["empty", "gone"])
        let gone = again.snapshot().table(schema: "public", name: "gone")
        #expect(try TradesTable.numbers(gone) == Array(0..<10))
        try again.close()
    }

    /// Starts once more, and expects the snapshot in the root and everything else beside it.
    private static func expectSound(_ world: SimulatedPlatform, _ step: Comment) throws -> Bool {
        let restored = try Restores.open(live, world.platform)
        let complaint = try Restores.complaint(restored)
        let aside = try asideComplaint(world)
        #expect(complaint == nil, step)
        #expect(aside == nil, step)
        return complaint == nil && aside == nil
    }

    @Test("cut the power or the process at any call: one directory, complete, and the snapshot")
    func survivesCrashes() throws {
        for isKill in [false, true] {
            var number = 0
            while true {
                // What a killed process leaves differs from call to call less than what a power cut does.
                number += isKill ? 5 : 1
                let world = SimulatedPlatform(seed: UInt64(number))
                defer { world.end() }
                try Self.makeAsking(world, isStopped: number % 2 == 0)
                if isKill {
                    world.disk.killAtCall(number)
                } else {
                    world.disk.crashAtCall(number)
                }
                let one = world.platform
                world.runTask("restore") { _ = try? Restores.open(Self.live, one) }
                let isDone = !world.isDown
                world.isDown ? world.restart() : world.crash()
                // A second cut, somewhere in the repetition.
                world.disk.crashAtCall(1 + number * 7 % 197)
                let two = world.platform
                world.runTask("repeat") { _ = try? Restores.open(Self.live, two) }
                world.crash()

                let isSound = try Self.expectSound(world, "call \(number)")
                let asides = try Self.asides(world)
                #expect(asides == ["before-restore-1"], "call \(number)")
                if isDone || !isSound { break }
            }
            // Else nothing was tried.
            #expect(number > 150)
        }
    }

    /// No disk is too full for the other calls, which only look.
    private static let callsForRoom = FileCall.allCases.filter {
        ![.read, .map, .size, .stat, .list, .freeBytes].contains($0)
    }

    @Test(
        "a full disk at any call loses nothing: the same start with room ends the restore",
        arguments: callsForRoom)
    func survivesFullDisk(call: FileCall) throws {
        for number in 1... {
            let world = SimulatedPlatform(seed: UInt64(number) + 500)
            defer { world.end() }
            try Self.makeAsking(world, isStopped: true)
            world.disk.fail(call, skip: number - 1, with: ErrorNumber.noSpace)
            let one = world.platform
            world.runTask("restore") { _ = try? Restores.open(Self.live, one) }
            let isDone = world.disk.failures[ErrorNumber.noSpace] == nil
            world.disk.clearFaults()
            world.crash()

            let isSound = try Self.expectSound(world, "\(call) \(number)")
            if isDone || !isSound {
                // Else nothing was tried.
                if call == .link || call == .write { #expect(number > 2) }
                break
            }
        }
    }

    @Test("a refusal for want of room changes nothing, says so and names the trigger")
    func refusesWithoutRoom() throws {
        let world = SimulatedPlatform(seed: 3)
        defer { world.end() }
        try Self.makeAsking(world, isStopped: true)
        let before = world.disk.paths().filter { $0.hasPrefix("/live/db/") }
        world.disk.fail(
            .makeDirectory, pathContaining: "before-restore", times: 9, with: ErrorNumber.noSpace)

        let error = failure { _ = try Restores.open(Self.live, world.platform) }

        #expect(error?.state == .diskFull)
        #expect(error?.detail?.contains("nothing was changed") == true)
        #expect(error?.hint?.contains("/live/_restore") == true)
        #expect(world.disk.paths().filter { $0.hasPrefix("/live/db/") } == before)
    }

    @Test("a restore that is given up and asked for again sets aside what came between as well")
    func keepsWhatCameBetween() throws {
        let world = SimulatedPlatform(seed: 4)
        defer { world.end() }
        let first = try Restores.prepare(world.platform)
        try first.close()
        let id = try #require(first.snapshot().table(schema: "public", name: "gone")).definition.id
        let second = try Restores.open(Self.live, world.platform)
        _ = try second.commit(TradesTable.append(id, 10..<20))
        try second.close()
        try Restores.touch(world.platform, Self.live)
        // The restore ends when its directory is there and nothing else is done.
        world.disk.fail(
            .syncFileSystem, pathContaining: "/live/db", with: ErrorNumber.inputOutput)
        #expect(throws: DatabaseError.self) { try Restores.open(Self.live, world.platform) }
        #expect(try Self.asides(world) == ["before-restore-1"])
        try world.platform.files.remove("/live/_restore")
        let third = try Restores.open(Self.live, world.platform)
        _ = try third.commit(TradesTable.append(id, 20..<30))
        try third.close()

        try Restores.touch(world.platform, Self.live)
        let restored = try Restores.open(Self.live, world.platform)

        #expect(try Restores.complaint(restored) == nil)
        #expect(try Self.asides(world) == ["before-restore-1", "before-restore-2"])
        let aside = try Restores.open("/live/before-restore-2", world.platform)
        let gone = aside.snapshot().table(schema: "public", name: "gone")
        #expect(try TradesTable.numbers(gone) == Array(0..<30))
    }

    @Test("a copy that holds nothing beyond the snapshot leaves nothing beside it")
    func leavesNothingWithoutNeed() throws {
        let world = SimulatedPlatform(seed: 5)
        defer { world.end() }
        let storage = try Restores.prepare(world.platform)
        try Restores.copy(world.platform, from: Self.live, to: Restores.copied)
        try Restores.touch(world.platform, Restores.copied)
        try storage.close()

        #expect(try Restores.complaint(Restores.open(Restores.copied, world.platform)) == nil)
        #expect(!world.disk.paths().contains { $0.contains("before-restore") })
    }

    @Test("where no hard links can be made, what the snapshot does not hold is moved")
    func movesWithoutLinks() throws {
        for number in 1... {
            let world = SimulatedPlatform(seed: UInt64(number) + 900)
            defer { world.end() }
            try Self.makeAsking(world, isStopped: true)
            let isOfBefore = { (path: String) in
                path.hasPrefix("/live/db/") && !path.hasSuffix("/") && !path.hasSuffix("_lock")
            }
            let before = world.disk.paths().filter(isOfBefore).map { String($0.dropFirst(9)) }
            world.disk.fail(.link, times: 1_000, with: ErrorNumber.notPermitted)
            world.disk.crashAtCall(number)
            let one = world.platform
            world.runTask("restore") { _ = try? Restores.open(Self.live, one) }
            let isDone = !world.isDown
            world.crash()

            let restored = try Restores.open(Self.live, world.platform)

            let complaint = try Restores.complaint(restored)
            #expect(complaint == nil, "call \(number)")
            let paths = Set(world.disk.paths())
            let lost = before.filter {
                !paths.contains("/live/db/\($0)") && !paths.contains("\(Self.first)/db/\($0)")
            }
            #expect(lost == [], "call \(number)")
            if isDone || complaint != nil || !lost.isEmpty { break }
        }
    }

    @Test(
        "the names are told from others",
        arguments: [
            ("before-restore-1", 1), ("before-restore-20", 20), ("before-restore-", nil),
            ("before-restore-1a", nil), ("before-restore--1", nil), ("restore-1", nil),
        ])
    func tellsNames(_ name: String, _ number: Int?) {
        #expect(AsideRoot.number(of: name) == number)
    }

    @Test("a thousand tables are restored with a handful of syncs")
    func sharesSyncs() throws {
        let world = SimulatedPlatform(seed: 6)
        defer { world.end() }
        let storage = try Restores.open(Self.live, world.platform)
        let ids = (0..<1_000).map { _ in storage.reserveTableID() }
        _ = try storage.commit(
            Transaction(
                edits: ids.map { .createTable(TradesTable.definition(id: $0, name: "t\($0)")) }))
        _ = try storage.prepareSnapshot(.snapshot, preparedAt: 1)
        try Restores.copy(world.platform, from: Self.live, to: Restores.copied)
        try storage.close()
        // A copy in which every manifest is another than the one of the snapshot.
        for name in try world.platform.files.list("/copied/db") where name.contains("~") {
            let directory = "/copied/db/\(name)"
            for file in try world.platform.files.list(directory) {
                try world.platform.files.remove("\(directory)/\(file)")
            }
        }
        try Restores.touch(world.platform, Restores.copied)

        let before = world.disk.syncCount
        let restored = try Restores.open(Restores.copied, world.platform)

        #expect(world.disk.syncCount - before < 40)
        #expect(restored.snapshot().tables.count == 1_000)
    }
}
