import Bytes
import Catalog
import Diagnostics
import Machines
import Platform
import Testing
import Values

@testable import Storage

/// `_database` lost or damaged, and made anew: `basalt repair --rebuild-identity`.
@Suite struct IdentityRebuildTests {
    private let world = SimulatedPlatform(seed: 51)
    private let path = "/root/db/_database"

    private func open(isReadOnly: Bool = false) throws -> Storage {
        var settings = StorageSettings()
        settings.isReadOnly = isReadOnly
        settings.walFileBytes = 2_048
        return try Storage.open(root: "/root", platform: world.platform, settings: settings)
    }

    /// Rows 0 to 9 in segments; when killed, 10 to 19 in the log.
    private func prepare(isKilled: Bool) throws -> DatabaseIdentity {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<10))
        let identity = storage.identity
        try storage.close()
        if isKilled {
            let killed = try open()
            for number in 10..<20 as Range<Int64> {
                _ = try killed.commit(TradesTable.append(id, [number]))
            }
            world.crash()
        }
        return identity
    }

    private func spoil(isMissing: Bool) throws {
        if !isMissing {
            world.disk.flipBit(path, offset: 30)
            return
        }
        try world.platform.files.remove(path)
        try world.platform.files.syncDirectory("/root/db")
    }

    private func rebuild() throws -> [String] {
        try Storage.rebuildIdentity(
            root: "/root", destinations: ["/elsewhere", "/missing"], platform: world.platform)
    }

    private func numbers(adding extra: Int64) throws -> [Int64] {
        let storage = try open()
        let table = try #require(storage.snapshot().table(schema: "public", name: "trades"))
        _ = try storage.commit(TradesTable.append(table.definition.id, [extra]))
        let now = storage.snapshot().table(schema: "public", name: "trades")
        let found = try TradesTable.numbers(now)
        try storage.close()
        return found
    }

    @Test(
        "refused with the way out, after which every row is there under a new timeline",
        arguments: [false, true], [false, true])
    func rebuilt(isMissing: Bool, isKilled: Bool) throws {
        let old = try prepare(isKilled: isKilled)
        try spoil(isMissing: isMissing)

        for isReadOnly in [false, true] {
            let refused = failure { try open(isReadOnly: isReadOnly).close() }
            #expect(refused?.state == .corrupted)
            #expect(refused?.message.contains(path) == true)
            #expect(
                refused?.hint?.contains("basalt repair -d \"/root\" --rebuild-identity") == true)
        }
        #expect(try Storage.isRoot("/root", platform: world.platform))
        _ = try rebuild()

        let storage = try open()
        #expect(storage.identity.uuid != old.uuid)
        #expect(storage.identity.timeline != old.timeline)
        #expect(storage.identity.ancestors == [old.timeline])
        let next = storage.reserveTableID()
        #expect(next == 2)
        try storage.close()
        let expected = Array(0..<(isKilled ? 20 : 10)) as [Int64]
        #expect(try numbers(adding: 99) == expected + [99])
        #expect(try numbers(adding: 100) == expected + [99, 100])
    }

    @Test(
        "a copy in a backup of the same history tells the database, one of another does not",
        arguments: ["/root/backup", "/elsewhere"])
    func copies(place: String) throws {
        let old = try prepare(isKilled: true)
        let files = world.platform.files
        let bytes = try #require(world.disk.contents(of: path))
        var foreign = try DatabaseFile.decode(bytes, path: path)
        foreign.uuid = "another"
        foreign.timeline = "another"
        foreign.highestLSN = LSN(1_000_000)
        for (name, content) in [("one", bytes), ("two", foreign.encode()), ("bad", [1, 2, 3])] {
            try files.makeDurableDirectory("\(place)/\(name)/db")
            try files.publish(content, as: "\(place)/\(name)/db/_database")
        }
        try files.publish([], as: "\(place)/.lock")
        try spoil(isMissing: true)

        let lines = try rebuild()

        #expect(lines.contains { $0.contains("\(place)/one/db/_database") })
        let storage = try open()
        #expect(storage.identity.uuid == old.uuid)
        #expect(storage.identity.ancestors == [old.timeline])
        try storage.close()
    }

    @Test("one of a backup put beside a log with rows is told apart, and made anew")
    func backupsFile() throws {
        _ = try prepare(isKilled: false)
        let storage = try open()
        let pin = try storage.pinOnDisk(owner: "test")
        let sealed = pin.databaseBytes
        pin.release()
        let id = try #require(storage.snapshot().table(schema: "public", name: "trades"))
        _ = try storage.commit(TradesTable.append(id.definition.id, [10]))
        world.crash()
        try world.platform.files.publish(sealed, as: path, replacing: .atomically)

        let refused = failure { try open().close() }

        #expect(refused?.hint?.contains("--rebuild-identity") == true)
        _ = try rebuild()
        #expect(try numbers(adding: 99) == Array(0...10) + [99])
    }

    @Test("without a log too the rows of segments come back, and no staged segment is swept")
    func withoutLog() throws {
        _ = try prepare(isKilled: true)
        let storage = try open()
        let definition = TradesTable.definition(id: storage.reserveTableID(), name: "new")
        _ = try storage.writeSegments([TradesTable.batch(0..<3)], of: definition)
        world.crash()
        try world.platform.files.removeTree("/root/db/_wal")
        try spoil(isMissing: true)

        _ = try rebuild()

        #expect(try numbers(adding: 99) == Array(0..<10) + [99])
        let opened = try open()
        #expect(opened.damage?.message.contains("new~2/_manifest.") == true)
        try opened.close()
    }

    @Test("a sound file, one of a newer release and an empty directory are refused")
    func refusals() throws {
        #expect(failure { _ = try rebuild() }?.state == .missingFile)
        _ = try prepare(isKilled: false)
        #expect(failure { _ = try rebuild() }?.state == .notInPrerequisiteState)
        let storage = try open()
        #expect(failure { _ = try rebuild() }?.state == .inUse)
        try storage.close()

        var bytes = Array(try #require(world.disk.contents(of: path)).dropLast(4))
        bytes[8] = 9
        var writer = ByteWriter()
        writer.append(bytes)
        writer.integer(CRC32C.checksum(bytes))
        try world.platform.files.publish(writer.bytes, as: path, replacing: .atomically)
        #expect(failure { _ = try rebuild() }?.state == .featureNotSupported)
        #expect(failure { try open().close() }?.state == .featureNotSupported)
    }

    @Test("a crash at any call leaves it to be done again", arguments: 1...16)
    func crash(call: Int) throws {
        _ = try prepare(isKilled: true)
        try spoil(isMissing: true)
        let platform = world.platform
        world.disk.crashAtCall(call)
        world.runTask("rebuild") {
            _ = try? Storage.rebuildIdentity(root: "/root", platform: platform)
        }
        world.disk.crashAtCall(nil)
        world.crash()

        let again = failure { _ = try rebuild() }

        #expect(again == nil || again?.state == .notInPrerequisiteState)
        #expect(try numbers(adding: 99) == Array(0..<20) + [99])
        world.end()
    }
}
