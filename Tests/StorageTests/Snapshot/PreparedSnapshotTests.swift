import Catalog
import Diagnostics
import Machines
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

@Suite("A prepared snapshot")
struct PreparedSnapshotTests {
    private static let root = "/root"

    private static var settings: StorageSettings {
        var settings = StorageSettings()
        settings.walFileBytes = 2_048
        settings.flushRows = 50
        settings.walRetentionBytes = 8_192
        return settings
    }

    private static func open(_ world: SimulatedPlatform) throws(DatabaseError) -> Storage {
        try Storage.open(root: root, platform: world.platform, settings: settings)
    }

    /// Everything that is written, removed and replaced in the life of a database.
    private static func churn(_ storage: Storage, from first: Int64, tables: Int = 2) throws {
        for round in 0..<Int64(tables) {
            let id = try storage.makeTrades("churn\(first + round)")
            for step in 0..<6 {
                let begin = first + round * 1_000 + Int64(step) * 20
                _ = try storage.commit(
                    TradesTable.append(id, begin..<begin + 20) { $0 * 3_600_000_000 })
                if step == 3 {
                    _ = try storage.commit(Transaction(edits: [.truncateTable(id: id)]))
                }
                try storage.flush()
            }
            if round % 2 == 0 { _ = try storage.commit(Transaction(edits: [.dropTable(id: id)])) }
        }
        try storage.flush()
    }

    private static func databasePaths(_ world: SimulatedPlatform) -> Set<String> {
        Set(world.disk.paths().filter { $0.hasPrefix(root + "/db/") })
    }

    @Test("no name below db goes while it is prepared, and all that is not needed goes after it")
    func holdsNames() throws {
        let world = SimulatedPlatform(seed: 1)
        defer { world.end() }
        let storage = try Self.open(world)
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<40))
        try Self.churn(storage, from: 0)

        _ = try storage.prepareSnapshot(.snapshot, preparedAt: 5)
        var seen = Self.databasePaths(world)
        for round in 0..<4 {
            try Self.churn(storage, from: 10_000 * Int64(round + 1))
            let now = Self.databasePaths(world)
            #expect(seen.subtracting(now).isEmpty, "round \(round)")
            #expect(!now.contains { $0.hasSuffix(".tmp") })
            seen = now
        }
        _ = try storage.commit(Transaction(edits: [.dropTable(id: id)]))
        try storage.flush()
        #expect(seen.subtracting(Self.databasePaths(world)).isEmpty)
        #expect(storage.snapshotStatus.retainedBytes > 0)
        #expect(try storage.completeSnapshot(.snapshot))

        let left = Self.databasePaths(world)
        #expect(left.filter { $0.contains("trades~") }.isEmpty)
        #expect(left.filter { $0.hasSuffix(".wal") }.count < 3)
        #expect(storage.snapshotStatus == SnapshotStatus(prepared: nil, retainedBytes: 0))
        #expect(!world.disk.paths().contains { $0.hasPrefix(Self.root + "/snapshot") })
    }

    @Test("a temporary name never lies below db")
    func temporariesLieElsewhere() throws {
        let world = SimulatedPlatform(seed: 2)
        defer { world.end() }
        let storage = try Self.open(world)

        try Self.churn(storage, from: 0)

        let inside = world.trace.filter { $0.contains("open /root/db/") && $0.contains(".tmp") }
        #expect(inside.isEmpty)
    }

    @Test("the second one waits, whatever it is called, and completing nothing is no error")
    func oneAtATime() throws {
        let world = SimulatedPlatform(seed: 3)
        defer { world.end() }
        let storage = try Self.open(world)
        #expect(try !storage.completeSnapshot(.snapshot))
        for (kind, ending) in [
            (PreparedKind.snapshot, "SNAPSHOT COMPLETE"), (.checkpoint, "CHECKPOINT RELEASE"),
        ] {
            _ = try storage.prepareSnapshot(kind, preparedAt: 7)
            for other in PreparedKind.allCases {
                let error = failure { _ = try storage.prepareSnapshot(other, preparedAt: 8) }
                #expect(error?.state == .notInPrerequisiteState)
                #expect(error?.message == "Waiting for \(ending) to be called")
                #expect(error?.position == 0)
            }
            #expect(storage.snapshotStatus.prepared?.preparedAt == 7)
            #expect(try storage.completeSnapshot(kind))
        }
    }

    @Test("after a restart and after a power cut the pin is back", arguments: [true, false])
    func survives(isCrash: Bool) throws {
        let world = SimulatedPlatform(seed: 4)
        defer { world.end() }
        var storage = try Self.open(world)
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<100))
        let prepared = try storage.prepareSnapshot(.snapshot, preparedAt: 9)
        _ = try storage.commit(Transaction(edits: [.truncateTable(id: id)]))
        try Self.churn(storage, from: 0)
        let seen = Self.databasePaths(world)
        if !isCrash { try storage.close() }
        if isCrash { world.crash() }

        storage = try Self.open(world)
        let lost = seen.subtracting(Self.databasePaths(world))
        #expect(lost.filter { !isCrash || $0.hasSuffix(".seg") }.isEmpty)
        #expect(storage.snapshotStatus.prepared == prepared)
        #expect(failure { _ = try storage.prepareSnapshot(.snapshot, preparedAt: 10) } != nil)
        #expect(try storage.completeSnapshot(.snapshot))

        #expect(
            !Self.databasePaths(world).contains { $0.contains("trades~") && $0.hasSuffix(".seg") })
        try Self.churn(storage, from: 50_000)
        try storage.close()
        #expect(try Self.open(world).snapshotStatus.prepared == nil)
    }

    @Test("what it keeps of dropped tables is counted after a restart as before")
    func retainedBytes() throws {
        let world = SimulatedPlatform(seed: 6)
        defer { world.end() }
        var storage = try Self.open(world)
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<1_000))
        try storage.flush()
        let bytes = storage.snapshot().table(id: id)?.segments.reduce(0) { $0 + $1.bytes } ?? 0
        _ = try storage.prepareSnapshot(.snapshot, preparedAt: 1)
        _ = try storage.commit(Transaction(edits: [.dropTable(id: id)]))
        // A checkpoint writes down that it is dropped: the log forgets it.
        try storage.flush()
        let before = storage.snapshotStatus.retainedBytes
        try storage.close()

        for _ in 0..<2 {
            storage = try Self.open(world)
            #expect(bytes > 1_000)
            #expect(before >= bytes)
            #expect(storage.snapshotStatus.retainedBytes >= bytes)
            try storage.close()
        }
    }

    @Test("a timeline that begins while it is prepared leaves it prepared after a restart")
    func timeline() throws {
        let world = SimulatedPlatform(seed: 7)
        defer { world.end() }
        var storage = try Self.open(world)
        let prepared = try storage.prepareSnapshot(.snapshot, preparedAt: 1)
        let timeline = storage.makeTimeline()
        _ = try storage.commit(Transaction(edits: [.beginTimeline(timeline)]))
        try storage.close()

        storage = try Self.open(world)

        #expect(storage.snapshotStatus.prepared == prepared)
        #expect(storage.identity.timeline == timeline)
        #expect(try storage.completeSnapshot(.snapshot))
        try storage.close()
    }

    @Test("whatever call of PREPARE or COMPLETE fails, the server goes on and both work again")
    func failuresAreSurvived() throws {
        for number in 1...400 {
            let world = SimulatedPlatform(seed: UInt64(number))
            defer { world.end() }
            let storage = try Self.open(world)
            let id = try storage.makeTrades()
            _ = try storage.commit(TradesTable.append(id, 0..<100))
            try storage.flush()
            let before = world.disk.callCount
            world.disk.failCall(
                number: number,
                with: number % 2 == 0 ? ErrorNumber.noSpace : ErrorNumber.tooManyOpen)
            var error = failure { _ = try storage.prepareSnapshot(.snapshot, preparedAt: 1) }
            if error == nil { error = failure { _ = try storage.completeSnapshot(.snapshot) } }
            let calls = world.disk.callCount - before
            world.disk.clearFaults()
            if storage.failure != nil { continue }

            _ = try storage.completeSnapshot(.snapshot)
            #expect(try TradesTable.numbers(storage.snapshot().tables.first) == Array(0..<100))
            _ = try storage.prepareSnapshot(.snapshot, preparedAt: 2)
            #expect(try storage.completeSnapshot(.snapshot), "call \(number)")
            if calls < number { return }
            #expect(error != nil || calls >= number, "call \(number) failed unseen")
        }
    }

    @Test("a dropped table whose removal meets a PREPARE keeps the mark of it to the last")
    func dropMeetsPrepare() throws {
        let world = SimulatedPlatform(seed: 1)
        defer { world.end() }
        let hold = RemovalHold()
        let files = CopyableTree(
            world.platform.files, below: "/db", temporaries: nil, except: "/db/_wal", hold: hold)
        try files.makeDurableDirectory("/db/t~1")
        for name in ["_manifest.2", "_manifest.4"] { try files.publish([1], as: "/db/t~1/" + name) }
        func remove() throws -> Bool {
            try DroppedTable.remove("/db/t~1", files: files, keepingLast: "_manifest.4")
        }

        hold.begin()
        let isGone = try remove()
        hold.end()

        #expect(!isGone)
        #expect(hold.takePaths() == ["/db/t~1/_manifest.2"])
        #expect(try remove())
        #expect(try files.info("/db/t~1") == nil)
    }
}
