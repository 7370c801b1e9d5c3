import Catalog
import Diagnostics
import Machines
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

/// Directories of tables without a manifest: what was committed is never swept, what was not is.
@Suite struct RecoveryOfLostManifestsTests {
    private let world = SimulatedPlatform(seed: 31)

    private func open(isReadOnly: Bool = false) throws -> Storage {
        var settings = StorageSettings()
        settings.isReadOnly = isReadOnly
        return try Storage.open(root: "/root", platform: world.platform, settings: settings)
    }

    private func paths(_ part: String) -> [String] {
        world.disk.paths().filter { $0.contains(part) }
    }

    /// Removes files as no server does: for good, and at once.
    private func lose(_ chosen: [String]) throws {
        let files = world.platform.files
        for path in chosen {
            try files.remove(path)
            try files.syncDirectory(Path.directory(of: path))
        }
    }

    /// Two tables with rows in segments, the log trimmed.
    private func prepare() throws {
        let storage = try open()
        for name in ["left", "right"] {
            let id = try storage.makeTrades(name)
            _ = try storage.commit(TradesTable.append(id, 0..<10))
        }
        try storage.close()
    }

    @Test("a table whose manifest is gone is damaged: its segments stay, and the others work")
    func marked() throws {
        try prepare()
        let manifest = try #require(paths("left~1/_manifest.").first)
        let bytes = try #require(world.disk.contents(of: manifest))
        try lose([manifest])
        let segments = paths("left~1/").filter { $0.hasSuffix(".seg") }
        #expect(!segments.isEmpty)

        let reader = try open(isReadOnly: true)
        #expect(reader.damage?.state == .corrupted)
        try reader.close()
        for number in 0..<3 {
            let storage = try open()
            let snapshot = storage.snapshot()
            let damage = snapshot.damage(schema: "public", name: "left")
            #expect(damage?.state == .corrupted)
            #expect(damage?.message.contains("/root/db/left~1/_manifest.") == true)
            let right = try #require(snapshot.table(schema: "public", name: "right"))
            #expect(right.rowCount == 10 + number)
            _ = try storage.commit(TradesTable.append(right.definition.id, [100]))
            snapshot.release()
            try storage.close()
        }
        #expect(paths("left~1/").filter { $0.hasSuffix(".seg") } == segments)

        // Somebody found the file again.
        try world.platform.files.publish(bytes, as: manifest)
        let healed = try open()
        let left = healed.snapshot().table(schema: "public", name: "left")
        #expect(try TradesTable.numbers(left) == Array(0..<10))
        #expect(healed.damage == nil)
        try healed.close()
    }

    @Test("DROP TABLE takes it away for good")
    func dropped() throws {
        try prepare()
        try lose(paths("left~1/_manifest."))
        let storage = try open()
        let damaged = storage.snapshot().damagedTable(schema: "public", name: "left")

        _ = try storage.commit(Transaction(edits: [.dropTable(id: try #require(damaged).id)]))

        try storage.close()
        let opened = try open()
        #expect(opened.damage == nil)
        try opened.close()
        #expect(paths("left").isEmpty)
    }

    @Test("a DROP in the log proves that a directory without a manifest is nobody's")
    func droppedInTheLog() throws {
        try prepare()
        let storage = try open()
        let left = try #require(storage.snapshot().table(schema: "public", name: "left"))
        let reader = storage.snapshot()
        _ = try storage.commit(Transaction(edits: [.dropTable(id: left.definition.id)]))
        reader.release()
        world.crash()
        let manifests = paths("left~1/_manifest.")
        try #require(!manifests.isEmpty)
        try lose(manifests)

        let opened = try open()

        #expect(opened.damage == nil)
        try opened.close()
        #expect(paths("left").isEmpty)
    }

    @Test("segments of a table that was never committed are swept, whatever was recorded since")
    func uncommitted() throws {
        try prepare()
        let storage = try open()
        let definition = TradesTable.definition(id: storage.reserveTableID(), name: "new")
        _ = try storage.writeSegments([TradesTable.batch(0..<10)], of: definition)
        let right = try #require(storage.snapshot().table(schema: "public", name: "right"))
        _ = try storage.commit(TradesTable.append(right.definition.id, [100]))
        // `_database` knows the id by now.
        try storage.close()
        #expect(paths("new~3/").contains { $0.hasSuffix(".seg") })
        world.crash()

        let opened = try open()

        #expect(opened.damage == nil)
        #expect(paths("new").isEmpty)
        try opened.close()
    }

    @Test("the mark of a new table goes with its first manifest, which may not be lost either")
    func committed() throws {
        let storage = try open()
        let definition = TradesTable.definition(id: storage.reserveTableID(), name: "new")
        let segments = try storage.writeSegments([TradesTable.batch(0..<10)], of: definition)
        let replacement = SegmentReplacement(
            table: definition.id, definitionVersion: 1, removed: [], added: segments)
        #expect(paths(StagedTable.markName).count == 1)
        _ = try storage.commit(
            Transaction(edits: [.createTable(definition), .replaceSegments(replacement)]))
        #expect(paths(StagedTable.markName).count == 1)
        try storage.close()
        #expect(paths(StagedTable.markName).isEmpty)

        try lose(paths("new~1/_manifest."))
        let opened = try open()

        #expect(opened.damage?.message.contains("new~1/_manifest.") == true)
        try opened.close()
        #expect(paths("new~1/").contains { $0.hasSuffix(".seg") })
    }

    @Test("a mark that a prepared snapshot kept goes at the next opening")
    func staleMark() throws {
        try prepare()
        try StagedTable.begin("/root/db/left~1", world.platform.files)

        try open().close()

        #expect(paths(StagedTable.markName).isEmpty)
        let storage = try open()
        #expect(storage.snapshot().table(schema: "public", name: "left")?.rowCount == 10)
        try storage.close()
    }

    @Test("a table whose directory is gone is known from the log, and the others work")
    func directory() throws {
        try prepare()
        let storage = try open()
        let left = try #require(storage.snapshot().table(schema: "public", name: "left"))
        _ = try storage.commit(TradesTable.append(left.definition.id, [100]))
        world.crash()
        for path in paths("left~1/").reversed() where !path.hasSuffix("/") { try lose([path]) }
        try world.platform.files.removeTree("/root/db/left~1")
        try world.platform.files.syncDirectory("/root/db")

        for _ in 0..<2 {
            let opened = try open()
            let snapshot = opened.snapshot()
            #expect(snapshot.damage(schema: "public", name: "left")?.state == .corrupted)
            let right = snapshot.table(schema: "public", name: "right")
            #expect(right?.rowCount == 10)
            snapshot.release()
            try opened.close()
        }
        let last = try open()
        _ = try last.commit(Transaction(edits: [.dropTable(id: 1)]))
        #expect(last.damage == nil)
        try last.close()
        let opened = try open()
        #expect(opened.damage == nil)
        #expect(opened.snapshot().table(schema: "public", name: "right")?.rowCount == 10)
        try opened.close()
    }

    @Test("a disk without room for the mark refuses the segments, and nothing stays")
    func fullDisk() throws {
        try prepare()
        let storage = try open()
        let definition = TradesTable.definition(id: storage.reserveTableID(), name: "new")
        world.disk.fail(nil, pathContaining: StagedTable.markName, times: 100, with: 28)

        let refused = failure {
            _ = try storage.writeSegments([TradesTable.batch(0..<10)], of: definition)
        }

        #expect(refused?.state == .diskFull)
        world.disk.clearFaults()
        try storage.close()
        let opened = try open()
        #expect(opened.damage == nil)
        #expect(paths("new").isEmpty)
        try opened.close()
    }

    @Test(
        "a crash at any call of a load into a new table leaves it whole or nothing, never damaged",
        arguments: [false, true])
    func crashWhileLoading(isKill: Bool) throws {
        var outcomes: Set<Int> = []
        for call in 1...260 {
            let world = SimulatedPlatform(seed: UInt64(call))
            defer { world.end() }
            let settled = try Storage.open(root: "/root", platform: world.platform)
            _ = try settled.makeTrades("right")
            try settled.close()
            let platform = world.platform
            if isKill { world.disk.killAtCall(call) } else { world.disk.crashAtCall(call) }
            world.runTask("load") { try? Self.load(platform) }
            world.disk.crashAtCall(nil)
            if world.isDown { world.restart() } else { world.crash() }
            // The sweep is cut short as well, at a call that differs each time.
            let again = world.platform
            world.disk.crashAtCall(1 + call % 37)
            world.runTask("sweep") {
                _ = try? Storage.open(root: "/root", platform: again).close()
            }
            world.disk.crashAtCall(nil)
            world.crash()

            let opened = try Storage.open(root: "/root", platform: world.platform)
            #expect(opened.damage == nil, "crash at call \(call)")
            let new = opened.snapshot().table(schema: "public", name: "new")
            let numbers = try TradesTable.numbers(new)
            #expect([[], Array(0..<10)].contains(numbers), "crash at call \(call)")
            outcomes.insert(numbers.count)
            try opened.close()
            if new == nil {
                #expect(!world.disk.paths().contains { $0.contains("new~") }, "call \(call)")
            }
        }
        #expect(outcomes == [0, 10])
    }

    private static func load(_ platform: Platform) throws {
        var settings = StorageSettings()
        settings.walFileBytes = 512
        let storage = try Storage.open(root: "/root", platform: platform, settings: settings)
        let definition = TradesTable.definition(id: storage.reserveTableID(), name: "new")
        let segments = try storage.writeSegments([TradesTable.batch(0..<10)], of: definition)
        // Meanwhile others are made, so that a checkpoint records ids and trims the log.
        for name in ["one", "two"] { _ = try storage.makeTrades(name) }
        let replacement = SegmentReplacement(
            table: definition.id, definitionVersion: 1, removed: [], added: segments)
        _ = try storage.commit(
            Transaction(edits: [.createTable(definition), .replaceSegments(replacement)]))
        try storage.close()
    }
}
