import Catalog
import Diagnostics
import Machines
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

@Suite("_restore in a copied root")
struct SnapshotRestoreTests {
    static let live = "/live"
    static let copied = "/copied"

    private static var settings: StorageSettings {
        var settings = StorageSettings()
        settings.walFileBytes = 2_048
        settings.flushRows = 50
        return settings
    }

    static func open(_ root: String, _ platform: Platform) throws(DatabaseError) -> Storage {
        try Storage.open(root: root, platform: platform, settings: settings)
    }

    /// What a plain copier does, name by name: `between` happens in the middle of it.
    static func copy(
        _ platform: Platform, from: String, to: String, between: () throws -> Void = {}
    ) throws {
        let files = platform.files
        try files.makeDurableDirectory(to)
        var names = try files.list(from).filter { $0 != "tmp" }
        // db first and half of it, so that what happens between is seen in part.
        names.sort { $0 == "db" || ($1 != "db" && $0 < $1) }
        for name in names {
            let isHalf = name == "db"
            try copyTree(files, Path.join(from, name), Path.join(to, name)) {
                if isHalf { try between() }
            }
        }
    }

    private static func copyTree(
        _ files: any FileSystem, _ from: String, _ to: String, _ halfway: () throws -> Void
    ) throws {
        guard try #require(try files.info(from)).kind == .directory else {
            try files.publish(try files.readAll(from, upTo: 1 << 30), as: to)
            return
        }
        if try files.info(to) == nil { try files.makeDurableDirectory(to) }
        let names = try files.list(from)
        for (index, name) in names.enumerated() {
            if index == names.count / 2 { try halfway() }
            try copyTree(files, Path.join(from, name), Path.join(to, name)) {}
        }
    }

    /// A live root with a prepared snapshot of the numbers 0..<120, and later changes.
    static func prepare(_ platform: Platform) throws -> Storage {
        let storage = try open(live, platform)
        let id = try storage.makeTrades()
        let gone = try storage.makeTrades("gone")
        _ = try storage.makeTrades("empty")
        _ = try storage.commit(TradesTable.append(id, 0..<120) { $0 * 3_600_000_000 })
        _ = try storage.commit(TradesTable.append(gone, 0..<10))
        _ = try storage.prepareSnapshot(.snapshot, preparedAt: 1)
        return storage
    }

    static func change(_ storage: Storage) throws {
        let tables = storage.snapshot().tables
        let trades = try #require(tables.first { $0.name == "trades" }).definition.id
        let gone = try #require(tables.first { $0.name == "gone" }).definition.id
        _ = try storage.commit(Transaction(edits: [.truncateTable(id: trades)]))
        _ = try storage.commit(Transaction(edits: [.dropTable(id: gone)]))
        _ = try storage.commit(TradesTable.append(trades, 500..<560))
        let late = try storage.makeTrades("late")
        _ = try storage.commit(TradesTable.append(late, 0..<70))
        try storage.flush()
    }

    static func touch(_ platform: Platform, _ root: String) throws {
        try platform.files.publish([], as: Path.join(root, "_restore"))
    }

    /// What is wrong with a restored root, nil when nothing is.
    static func complaint(_ storage: Storage) throws -> String? {
        let tables = storage.snapshot().tables
        let names = tables.map(\.name).sorted()
        if names != ["empty", "gone", "trades"] { return "tables \(names)" }
        for (name, count) in [("trades", Int64(120)), ("gone", 10), ("empty", 0)] {
            let numbers = try TradesTable.numbers(tables.first { $0.name == name })
            if numbers != Array(0..<count) { return "\(name) has \(numbers)" }
        }
        return nil
    }

    @Test("gives back the instant of PREPARE, whatever was done during the copy and after it")
    func givesBackTheInstant() throws {
        let world = SimulatedPlatform(seed: 1)
        defer { world.end() }
        let platform = world.platform
        let storage = try Self.prepare(platform)
        try Self.copy(platform, from: Self.live, to: Self.copied) { try Self.change(storage) }
        try Self.touch(platform, Self.copied)

        let restored = try Self.open(Self.copied, platform)

        #expect(try Self.complaint(restored) == nil)
        #expect(restored.identity.uuid == storage.identity.uuid)
        #expect(restored.identity.timeline != storage.identity.timeline)
        #expect(restored.identity.ancestors == [storage.identity.timeline])
        let left = world.disk.paths().filter {
            $0 == "/copied/_restore" || $0.hasPrefix("/copied/snapshot")
        }
        #expect(left.isEmpty)
        // It is a database like any other from now on.
        let id = try #require(restored.snapshot().table(schema: "public", name: "trades"))
        _ = try restored.commit(TradesTable.append(id.definition.id, 120..<130))
        try restored.close()
        let again = try Self.open(Self.copied, platform)
        #expect(
            try TradesTable.numbers(again.snapshot().table(schema: "public", name: "trades"))
                == Array(0..<130))
        // And the live one is not touched.
        #expect(storage.snapshotStatus.prepared != nil)
        #expect(storage.snapshot().table(schema: "public", name: "late")?.rowCount == 70)
    }

    @Test("a copy without the trigger refuses to start and names both choices")
    func refusesCopies() throws {
        let world = SimulatedPlatform(seed: 2)
        defer { world.end() }
        let platform = world.platform
        let storage = try Self.prepare(platform)
        try Self.copy(platform, from: Self.live, to: Self.copied)

        let error = failure { _ = try Self.open(Self.copied, platform) }

        #expect(error?.state == .notInPrerequisiteState)
        #expect(error?.hint?.contains("touch /copied/_restore") == true)
        #expect(error?.hint?.contains("remove /copied/snapshot") == true)
        try storage.close()
        #expect(try Self.open(Self.live, platform).snapshotStatus.prepared != nil)
    }

    @Test("a root that was emptied and filled again is a copy, though its inode is the same")
    func refusesRefilledRoot() throws {
        let world = SimulatedPlatform(seed: 3)
        defer { world.end() }
        let platform = world.platform
        let storage = try Self.prepare(platform)
        try Self.copy(platform, from: Self.live, to: Self.copied)
        try storage.close()
        for name in try platform.files.list(Self.live) {
            let path = Path.join(Self.live, name)
            try platform.files.removeTree(path)
        }
        try Self.copy(platform, from: Self.copied, to: Self.live)

        #expect(
            failure { _ = try Self.open(Self.live, platform) }?.state == .notInPrerequisiteState)
        try Self.touch(platform, Self.live)
        #expect(try Self.complaint(Self.open(Self.live, platform)) == nil)
    }

    @Test("without a snapshot the trigger and the missing directory are named")
    func namesWhatIsMissing() throws {
        let world = SimulatedPlatform(seed: 4)
        defer { world.end() }
        try Self.open(Self.live, world.platform).close()
        try Self.touch(world.platform, Self.live)

        let error = failure { _ = try Self.open(Self.live, world.platform) }

        #expect(error?.state == .missingFile)
        #expect(error?.message.contains("/live/snapshot") == true)
        #expect(error?.detail?.contains("/live/_restore") == true)
    }

    @Test("a copy that lacks or spoils a file changes nothing and names it")
    func checksFirst() throws {
        let world = SimulatedPlatform(seed: 5)
        defer { world.end() }
        let platform = world.platform
        let storage = try Self.prepare(platform)
        try Self.copy(platform, from: Self.live, to: Self.copied) { try Self.change(storage) }
        try Self.touch(platform, Self.copied)
        let sums = try platform.files.readAll("/copied/snapshot/SHA256SUMS", upTo: 1 << 20)
        let segments = String(decoding: sums, as: UTF8.self).split(separator: "\n").map {
            "/copied/" + $0.dropFirst(66)
        }
        #expect(segments.count > 5)
        let before = world.disk.paths().filter { $0.hasPrefix("/copied/db/") }
        for segment in segments {
            let bytes = try platform.files.readAll(segment, upTo: 1 << 20)
            for (spoiled, state) in [
                (nil, SQLState.corrupted), (Array(bytes.dropLast()), .corrupted),
                ([UInt8](repeating: 0, count: bytes.count), .corrupted),
            ] {
                try platform.files.remove(segment)
                if let spoiled { try platform.files.publish(spoiled, as: segment) }
                let error = failure { _ = try Self.open(Self.copied, platform) }
                #expect(error?.state == state)
                #expect(error?.message.contains(Path.name(of: segment)) == true)
                if spoiled != nil { try platform.files.remove(segment) }
                try platform.files.publish(bytes, as: segment)
            }
        }
        let packed = "/copied/snapshot/_files"
        let length = try #require(world.disk.contents(of: packed)?.count)
        let places = stride(from: 0, to: length, by: 7).map { (packed, $0) }
        for (name, offset) in places + [("/copied/snapshot/_snapshot", 30)] {
            world.disk.flipBit(name, offset: offset)
            #expect(failure { _ = try Self.open(Self.copied, platform) }?.state == .corrupted)
            world.disk.flipBit(name, offset: offset)
        }

        #expect(world.disk.paths().filter { $0.hasPrefix("/copied/db/") } == before)
        #expect(try Self.complaint(Self.open(Self.copied, platform)) == nil)
    }

    @Test("a snapshot of the first format, with a file for every manifest, is restored as well")
    func readsFirstFormat() throws {
        let world = SimulatedPlatform(seed: 6)
        defer { world.end() }
        let files = world.platform.files
        let storage = try Self.prepare(world.platform)
        try Self.copy(world.platform, from: Self.live, to: Self.copied) {
            try Self.change(storage)
        }
        let snapshot = SnapshotDirectory(root: Self.copied, kind: .snapshot, files: files)
        var record = try #require(try snapshot.record())
        for (file, bytes) in zip(record.files, try snapshot.contents(of: record)) {
            let path = Path.join(snapshot.path, file.path)
            try files.makeDurableDirectory(Path.directory(of: path))
            try files.publish(bytes, as: path)
        }
        record.format = SnapshotRecord.formatOfSingleFiles
        try files.remove(Path.join(snapshot.path, SnapshotDirectory.contentsName))
        try files.publish(
            record.encode(), as: Path.join(snapshot.path, SnapshotRecord.fileName),
            replacing: .atomically)
        try Self.touch(world.platform, Self.copied)

        #expect(try Self.complaint(Self.open(Self.copied, world.platform)) == nil)
    }

    @Test("a restore whose end is not durable is made so before its trigger goes")
    func endIsDurable() throws {
        for cut in 1...24 {
            let world = SimulatedPlatform(seed: UInt64(cut))
            defer { world.end() }
            try Self.prepare(world.platform).close()
            try Self.copy(world.platform, from: Self.live, to: Self.copied)
            try Self.touch(world.platform, Self.copied)
            try world.platform.files.syncFileSystem(of: "/")
            // The process ends when the name of the mark is there and not durable.
            world.disk.fail(
                .syncDirectory, pathContaining: "/copied/snapshot",
                with: ErrorNumber.inputOutput)
            #expect(throws: DatabaseError.self) { try Self.open(Self.copied, world.platform) }
            #expect(world.disk.contents(of: "/copied/snapshot/restored") != nil)

            world.disk.crashAtCall(cut)
            let next = world.platform
            world.runTask("next") { _ = try? Self.open(Self.copied, next) }
            world.crash()

            let complaint = try Self.complaint(Self.open(Self.copied, world.platform))
            #expect(complaint == nil, "cut at call \(cut)")
        }
    }

    @Test("cut the power at any call of the restore: the next start ends the same")
    func survivesPowerCuts() throws {
        var number = 0
        while true {
            number += 1
            let world = SimulatedPlatform(seed: UInt64(number))
            defer { world.end() }
            let storage = try Self.prepare(world.platform)
            try Self.copy(world.platform, from: Self.live, to: Self.copied) {
                try Self.change(storage)
            }
            try Self.touch(world.platform, Self.copied)
            try world.platform.files.syncFileSystem(of: "/")
            world.disk.crashAtCall(number)
            let first = world.platform
            world.runTask("restore") { _ = try? Self.open(Self.copied, first) }
            let isDone = !world.isDown
            world.crash()

            // A second cut, somewhere in the repetition.
            world.disk.crashAtCall(1 + number * 7 % 97)
            let second = world.platform
            world.runTask("repeat") { _ = try? Self.open(Self.copied, second) }
            world.crash()
            let restored = try Self.open(Self.copied, world.platform)

            let complaint = try Self.complaint(restored)
            #expect(complaint == nil, "call \(number)")
            #expect(restored.snapshotStatus.prepared == nil)
            #expect(restored.identity.ancestors.contains(storage.identity.timeline))
            if isDone || complaint != nil { break }
        }
        // Else nothing was tried.
        #expect(number > 60)
    }

    @Test("cut the power at any call of PREPARE and COMPLETE: prepared or not, never half")
    func preparingSurvivesPowerCuts() throws {
        var number = 0
        var found: Set<Bool> = []
        while true {
            number += 1
            let world = SimulatedPlatform(seed: UInt64(number) + 1_000)
            defer { world.end() }
            let storage = try Self.open(Self.live, world.platform)
            let id = try storage.makeTrades()
            _ = try storage.commit(TradesTable.append(id, 0..<120) { $0 * 3_600_000_000 })
            let prepared = Mutex(false)
            let completed = Mutex(false)
            world.disk.crashAtCall(number)
            world.runTask("prepare") {
                guard (try? storage.prepareSnapshot(.checkpoint, preparedAt: 1)) != nil else {
                    return
                }
                prepared.withLock { $0 = true }
                _ = try? storage.commit(Transaction(edits: [.truncateTable(id: id)]))
                _ = try? storage.flush()
                guard (try? storage.completeSnapshot(.checkpoint)) == true else { return }
                completed.withLock { $0 = true }
            }
            let isDone = !world.isDown
            world.crash()
            let after = try Self.open(Self.live, world.platform)
            let status = after.snapshotStatus.prepared
            found.insert(status != nil)
            if completed.withLock({ $0 }) { #expect(status == nil, "call \(number)") }
            if status != nil {
                // Then every file of the cut is there: a copy restores.
                try Self.copy(world.platform, from: Self.live, to: Self.copied)
                try Self.touch(world.platform, Self.copied)
                let copy = try Self.open(Self.copied, world.platform)
                #expect(
                    try TradesTable.numbers(copy.snapshot().tables.first) == Array(0..<120),
                    "call \(number)")
            }
            if isDone { break }
        }
        #expect(number > 60)
        #expect(found == [true, false])
    }
}
