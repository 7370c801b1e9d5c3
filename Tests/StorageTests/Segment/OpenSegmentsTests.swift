import Catalog
import Platform
import Testing

@testable import Storage

@Suite struct OpenSegmentsTests {
    @Test("a segment that was let go of is opened again and reads the same")
    func closeAndReopen() throws {
        let world = SimulatedPlatform(seed: 9)
        let storage = try Storage.open(root: "/root", platform: world.platform)
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<50))
        try storage.flush(tables: [id])
        let view = try #require(storage.snapshot().table(id: id))
        let before = try TradesTable.rows(view)

        let handle = try #require(view.version.segments.first)
        let reader = try handle.open()
        handle.close()
        let again = try handle.open()

        #expect(reader !== again)
        #expect(try TradesTable.rows(view) == before)
        try storage.close()
    }

    @Test("above the limit those go that nobody asked for since they were looked at last")
    func surplus() throws {
        let world = SimulatedPlatform(seed: 10)
        let storage = try Storage.open(root: "/root", platform: world.platform)
        let id = try storage.makeTrades(unit: .hour)
        // Every row in an hour, and so in a segment, of its own.
        _ = try storage.commit(TradesTable.append(id, 0..<40) { $0 * 3_600_000_000 })
        try storage.flush(tables: [id])
        let handles = try #require(storage.snapshot().table(id: id)).version.segments
        var readers: [SegmentReader] = []
        for handle in handles {
            readers.append(try handle.open())
            _ = handle.takeUse()
        }

        OpenSegments.opened(handles[0], limit: 8)

        let kept = try zip(handles, readers).filter { try $0.open() === $1 }
        #expect(kept.count < handles.count)
        try storage.close()
    }
}
