import Catalog
import Diagnostics
import Machines
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

@Suite struct DamagedTableTests {
    private let world = SimulatedPlatform(seed: 21)

    private func open() throws -> Storage {
        try Storage.open(root: "/root", platform: world.platform)
    }

    /// Two tables with rows in segments, and one manifest of the first with a flipped bit.
    private func prepare() throws -> (manifest: String, segment: String) {
        let storage = try open()
        let left = try storage.makeTrades("left: a.b")
        let right = try storage.makeTrades("right")
        _ = try storage.commit(TradesTable.append(left, 0..<10))
        _ = try storage.commit(TradesTable.append(right, 0..<10))
        try storage.close()
        let manifest = try #require(
            world.disk.paths().first { $0.contains("left") && $0.contains("_manifest.") })
        let segment = try #require(
            world.disk.paths().first { $0.contains("left") && $0.hasSuffix(".seg") })
        world.disk.flipBit(manifest, offset: 60)
        return (manifest, segment)
    }

    @Test("a table with a damaged manifest says so under its name, and the others work")
    func othersWork() throws {
        let files = try prepare()
        let storage = try open()
        let snapshot = storage.snapshot()

        let damage = snapshot.damage(schema: "public", name: "LEFT: A.B")

        #expect(damage?.state == .corrupted)
        #expect(damage?.message.contains(files.manifest) == true)
        #expect(snapshot.table(schema: "public", name: "left: a.b") == nil)
        let right = try #require(snapshot.table(schema: "public", name: "right"))
        #expect(try TradesTable.numbers(right) == Array(0..<10))
        _ = try storage.commit(TradesTable.append(right.definition.id, [10]))
        snapshot.release()
        try storage.close()
    }

    @Test("the files of a damaged table and the log stay, through checkpoints and openings")
    func nothingIsSwept() throws {
        let files = try prepare()
        let logs = { world.disk.paths().filter { $0.hasSuffix(".wal") } }
        let first = try #require(logs().first)

        for _ in 0..<3 {
            let storage = try open()
            _ = try storage.makeTrades("more \(storage.lastLSN)")
            try storage.close()
        }

        #expect(world.disk.contents(of: files.segment) != nil)
        #expect(world.disk.contents(of: files.manifest) != nil)
        #expect(logs().contains(first))
        let refused = failure { _ = try Storage.adopt(root: "/root", platform: world.platform) }
        #expect(refused?.state == .corrupted)
    }

    @Test(
        "a table of the same name may be created, as a restore does, and is the one that is meant")
    func restoredBeside() throws {
        _ = try prepare()
        let storage = try open()

        let id = try storage.makeTrades("left: a.b")
        _ = try storage.commit(TradesTable.append(id, [5]))

        let snapshot = storage.snapshot()
        #expect(snapshot.damage(schema: "public", name: "left: a.b") == nil)
        #expect(
            try TradesTable.numbers(snapshot.table(schema: "public", name: "left: a.b")) == [5])
        snapshot.release()
        try storage.close()
    }

    @Test("it is known by its name in its schema, and where that cannot be read in every schema")
    func schemas() throws {
        let storage = try open()
        _ = try storage.commit(
            Transaction(edits: [.createTable(.schema(id: storage.reserveTableID(), name: "lab"))]))
        let known = storage.reserveTableID()
        let lost = storage.reserveTableID()
        for (id, name) in [(known, "known"), (lost, "lost")] {
            let definition = TradesTable.definition(id: id).withName(name, schema: "lab")
                .copied(id: id, name: name)
            _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
        }
        try storage.close()
        let manifest = { (name: String) in
            world.disk.paths().first { $0.contains("/\(name)~") && $0.contains("_manifest.") }
        }
        // The checksum of one, and the begin of the other.
        let first = try #require(manifest("known"))
        let bytes = try #require(world.disk.contents(of: first))
        world.disk.flipBit(first, offset: bytes.count - 1)
        world.disk.flipBit(try #require(manifest("lost")), offset: 24)

        let opened = try open()
        let snapshot = opened.snapshot()

        #expect(snapshot.damage(schema: "lab", name: "known")?.state == .corrupted)
        #expect(snapshot.damage(schema: "public", name: "known") == nil)
        #expect(snapshot.damage(schema: "lab", name: "LOST")?.state == .corrupted)
        snapshot.release()
        try opened.close()
    }

    @Test("a long name that its directory cuts is found by all of it")
    func longName() throws {
        let name = String(repeating: "long", count: 40)
        let storage = try open()
        _ = try storage.makeTrades(name)
        try storage.close()
        let manifest = try #require(
            world.disk.paths().first { $0.contains("long") && $0.contains("_manifest.") })
        world.disk.flipBit(manifest, offset: 3)
        world.disk.flipBit(manifest, offset: 24)

        let opened = try open()
        let snapshot = opened.snapshot()

        #expect(snapshot.damage(schema: "public", name: name)?.state == .corrupted)
        #expect(snapshot.damage(schema: "public", name: "longer") == nil)
        snapshot.release()
        try opened.close()
    }

    @Test("dropping it removes its files and lets go of the log")
    func drop() throws {
        let files = try prepare()
        let storage = try open()
        let snapshot = storage.snapshot()
        let damaged = try #require(
            snapshot.damagedTable(schema: "public", name: "left: a.b"))
        snapshot.release()

        _ = try storage.commit(Transaction(edits: [.dropTable(id: damaged.id)]))

        #expect(storage.damage == nil)
        let again = failure {
            _ = try storage.commit(Transaction(edits: [.dropTable(id: damaged.id)]))
        }
        #expect(again?.state == .undefinedTable)
        let append = failure { _ = try storage.commit(TradesTable.append(damaged.id, [1])) }
        #expect(append?.state == .undefinedTable)
        try storage.close()
        for _ in 0..<2 {
            let opened = try open()
            #expect(opened.damage == nil)
            let right = try #require(opened.snapshot().table(schema: "public", name: "right"))
            #expect(right.rowCount == 10)
            try opened.close()
        }
        #expect(world.disk.contents(of: files.segment) == nil)
        #expect(!world.disk.paths().contains { $0.contains("left") })
    }

    @Test("a crash at any call of the drop leaves it damaged or gone", arguments: 1...40)
    func crashWhileDropping(call: Int) throws {
        _ = try prepare()
        let answered = Mutex(false)
        let world = world
        world.runTask("drop") {
            do {
                let storage = try Storage.open(root: "/root", platform: world.platform)
                let found = storage.snapshot().damagedTable(schema: "public", name: "left: a.b")
                guard let found else { return }
                world.disk.crashAtCall(call)
                _ = try storage.commit(Transaction(edits: [.dropTable(id: found.id)]))
                answered.withLock { $0 = true }
                try storage.close()
            } catch {
                // The power is gone.
            }
        }
        world.disk.crashAtCall(nil)
        world.crash()
        let isGone = answered.withLock { $0 }
        let after = world.platform
        let problem = Mutex<String?>("nothing was looked at")
        world.runTask("look") {
            do {
                let opened = try Storage.open(root: "/root", platform: after)
                let rows = opened.snapshot().table(schema: "public", name: "right")?.rowCount
                let isRight = rows == 10 && !(isGone && opened.damage != nil)
                problem.withLock { $0 = isRight ? nil : "rows \(rows ?? -1)" }
                try opened.close()
            } catch {
                problem.withLock { $0 = "\(error)" }
            }
        }
        world.end()

        #expect(problem.withLock { $0 } == nil)
    }
}
