import Catalog
import Diagnostics
import Platform
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
}
