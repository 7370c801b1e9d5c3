import Catalog
import Diagnostics
import Machines
import Platform
import Testing
import Values

@testable import Storage

@Suite("Opening a root")
struct OpeningTests {
    private static func open(
        _ world: SimulatedPlatform, isReadOnly: Bool = false
    ) throws(DatabaseError) -> Storage {
        try open(world.platform, isReadOnly: isReadOnly)
    }

    private static func open(_ platform: Platform, isReadOnly: Bool = false)
        throws(DatabaseError) -> Storage
    {
        var settings = StorageSettings()
        settings.isReadOnly = isReadOnly
        settings.flushRows = 100
        settings.segmentRows = 50
        settings.compaction.isEnabled = false
        return try Storage.open(root: "/root", platform: platform, settings: settings)
    }

    @Test("opens no segment, however many there are, after a clean end and after a crash")
    func readsNoSegment() throws {
        let world = SimulatedPlatform(seed: 1)
        defer { world.end() }
        let storage = try Self.open(world)
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<2_000))
        try storage.flush()
        _ = try storage.commit(TradesTable.append(id, 2_000..<2_010))
        #expect(try #require(storage.snapshot().table(id: id)).segments.count > 30)
        world.crash()

        for isAfterCrash in [true, false] {
            let before = world.trace.count
            let reopened = try Self.open(world)
            let touched = world.trace[before...].filter {
                $0.contains(".seg") && ($0.contains("open") || $0.contains("map"))
            }
            #expect(touched.isEmpty, "after a crash: \(isAfterCrash)")
            #expect(reopened.snapshot().table(id: id)?.rowCount == 2_010)
            try reopened.close()
        }
    }

    @Test("a root has one writer, and readers only while it has none")
    func oneWriter() throws {
        let world = SimulatedPlatform(seed: 2)
        defer { world.end() }
        let writer = try Self.open(world)
        _ = try writer.makeTrades()

        #expect(failure { _ = try Self.open(world) }?.state == .inUse)
        #expect(failure { _ = try Self.open(world, isReadOnly: true) }?.state == .inUse)
        try writer.close()
        let first = try Self.open(world, isReadOnly: true)
        let second = try Self.open(world, isReadOnly: true)
        #expect(failure { _ = try Self.open(world) }?.state == .inUse)
        try first.close()
        try second.close()
        try Self.open(world).close()
    }

    @Test("what a killed process wrote is durable before anything is built on it")
    func afterAKill() throws {
        for call in 1...60 {
            let world = SimulatedPlatform(seed: UInt64(call))
            defer { world.end() }
            let settled = try Self.open(world)
            let id = try settled.makeTrades()
            _ = try settled.commit(TradesTable.append(id, 0..<150))
            try settled.close()

            // The process dies somewhere in a flush, and the power goes soon after the next start.
            let platform = world.platform
            world.disk.killAtCall(call)
            world.runTask("killed") {
                guard let storage = try? Self.open(platform) else { return }
                _ = try? storage.commit(TradesTable.append(id, 150..<300))
                _ = try? storage.commit(Transaction(edits: [.truncateTable(id: id)]))
                try? storage.flush()
                try? storage.close()
            }
            world.disk.crashAtCall(nil)
            if world.isDown { world.restart() } else { world.crash() }
            try Self.open(world).close()
            world.crash()

            let last = try Self.open(world)
            let rows = last.snapshot().table(id: id)?.rowCount
            #expect([0, 150, 300].contains(rows), "killed at call \(call)")
            try last.close()
        }
    }
}
