import Bytes
import Catalog
import Diagnostics
import Machines
import Platform
import Testing

@testable import Storage

/// Tables, schemas and sequences of which nothing is left but their line in `_database`.
@Suite struct RecoveryOfLostRelationsTests {
    private static let rows = "left"
    private static let names = [rows, "empty", "numbers", "sales"]
    private let world = SimulatedPlatform(seed: 61)

    private static func open(_ platform: Platform, isReadOnly: Bool = false) throws -> Storage {
        var settings = StorageSettings()
        settings.isReadOnly = isReadOnly
        settings.walFileBytes = 2_048
        return try Storage.open(root: "/root", platform: platform, settings: settings)
    }

    private static func definitions(_ storage: Storage) -> [TableDefinition] {
        [
            TradesTable.definition(id: storage.reserveTableID(), name: rows),
            TradesTable.definition(id: storage.reserveTableID(), name: "empty"),
            .sequence(
                id: storage.reserveTableID(), schema: "public", name: "numbers",
                SequenceDefinition()),
            .schema(id: storage.reserveTableID(), name: "sales"),
            TradesTable.definition(id: storage.reserveTableID(), name: "right"),
        ]
    }

    /// All kinds of relations, the log trimmed.
    private func prepare() throws {
        let storage = try Self.open(world.platform)
        let made = Self.definitions(storage)
        _ = try storage.commit(Transaction(edits: made.map { .createTable($0) }))
        for table in [made[0], made[4]] {
            _ = try storage.commit(TradesTable.append(table.id, 0..<10))
        }
        try storage.close()
    }

    private func directory(_ name: String) throws -> String {
        let names = try world.platform.files.list("/root/db")
        return "/root/db/" + (try #require(names.first { $0.hasPrefix("\(name)~") }))
    }

    /// Takes a relation away as no server does: for good, and at once.
    private func lose(_ name: String, isManifestAlone: Bool) throws {
        let path = try directory(name)
        let files = world.platform.files
        if isManifestAlone {
            for file in try files.list(path) where file.hasPrefix("_manifest.") {
                try files.remove("\(path)/\(file)")
            }
        } else {
            try files.removeTree(path)
        }
        try files.syncFileSystem(of: "/")
    }

    private static func schema(of name: String) -> String { name == "sales" ? "" : "public" }

    @Test(
        "whatever is lost is marked and named, every time, and the others work",
        arguments: names, [true, false])
    func marked(name: String, isManifestAlone: Bool) throws {
        defer { world.end() }
        try prepare()
        try lose(name, isManifestAlone: isManifestAlone)

        let reader = try Self.open(world.platform, isReadOnly: true)
        #expect(reader.damage?.state == .corrupted)
        try reader.close()
        for number in 0..<3 {
            let storage = try Self.open(world.platform)
            let snapshot = storage.snapshot()
            let damage = snapshot.damage(schema: Self.schema(of: name), name: name)
            #expect(damage?.state == .corrupted)
            #expect(damage?.message.contains("~") == true)
            let right = try #require(snapshot.table(schema: "public", name: "right"))
            #expect(right.rowCount == 10 + number)
            _ = try storage.commit(TradesTable.append(right.definition.id, [100]))
            snapshot.release()
            try storage.close()
        }
    }

    @Test("DROP ends it for good", arguments: names, [true, false])
    func dropped(name: String, isManifestAlone: Bool) throws {
        defer { world.end() }
        try prepare()
        let path = try directory(name)
        let id = try #require(TableDirectory.id(of: path))
        try lose(name, isManifestAlone: isManifestAlone)
        let storage = try Self.open(world.platform)
        _ = try storage.commit(Transaction(edits: [.dropTable(id: id)]))
        #expect(storage.damage == nil)
        world.crash()

        for _ in 0..<2 {
            let again = try Self.open(world.platform)
            #expect(again.damage == nil)
            try again.close()
        }
        #expect(!world.disk.paths().contains { $0.hasPrefix(path) })
    }

    @Test("a backup, a restored snapshot and a rebuilt identity list nothing, and miss nothing")
    func copiesListNothing() throws {
        defer { world.end() }
        try prepare()
        let files = world.platform.files
        let path = "/root/db/_database"
        #expect(try DatabaseFile.read(path, files).relations?.count == 5)
        let storage = try Self.open(world.platform)
        let pin = try storage.pinOnDisk(owner: "backup")
        #expect(try DatabaseFile.decode(pin.databaseBytes, path: path).relations == nil)
        pin.release()
        _ = try storage.prepareSnapshot(.snapshot, preparedAt: 1)
        let late = try storage.makeTrades("late")
        try storage.close()
        try files.publish([], as: "/root/_restore")

        let restored = try Self.open(world.platform)

        #expect(restored.damage == nil)
        #expect(restored.snapshot().table(id: late) == nil)
        try restored.close()
        try files.removeTree(try directory("sales"))
        try files.remove(path)
        _ = try Storage.rebuildIdentity(root: "/root", platform: world.platform)
        let rebuilt = try Self.open(world.platform)
        #expect(rebuilt.damage == nil)
        try rebuilt.close()
    }

    @Test("a file without the list, and one with it, read as they were written")
    func roundTrip() throws {
        var database = DatabaseFile(
            uuid: "u", timeline: "t", highestLSN: LSN(7), highestTableID: 9, firstLSN: LSN(3),
            hasLog: true, ancestors: ["a"])
        for relations in [
            nil, [], [KnownRelation(id: 1, schema: "", name: "sales")],
            (1...9).map { KnownRelation(id: $0, schema: "public", name: "") },
        ] as [[KnownRelation]?] {
            database.relations = relations
            let bytes = database.encode()
            #expect(try DatabaseFile.decode(bytes, path: "/f") == database)
            for count in 0..<bytes.count {
                let error = failure { () throws(DatabaseError) in
                    _ = try DatabaseFile.decode(Array(bytes.prefix(count)), path: "/f")
                }
                #expect(error?.state == .corrupted)
            }
        }
        let many = (0...Limits.namedRelations).map {
            KnownRelation(id: UInt64($0), schema: "public", name: "t\($0)")
        }
        #expect(KnownRelation.list(many)?.allSatisfy { $0.name.isEmpty } == true)
        #expect(KnownRelation.list(Array(many.dropLast()))?.last?.name == "t4095")
    }

    @Test(
        "a crash at any call while relations come and go marks none of them",
        arguments: [false, true])
    func crashes(isKill: Bool) throws {
        var number = 0
        while true {
            number += isKill ? 3 : 1
            let world = SimulatedPlatform(seed: UInt64(number))
            defer { world.end() }
            if isKill { world.disk.killAtCall(number) } else { world.disk.crashAtCall(number) }
            let platform = world.platform
            world.runTask("churn") { try? Self.churn(platform) }
            let isDone = !world.isDown
            if world.isDown { world.restart() } else { world.crash() }
            // The recovery is cut short too, and so is what comes after it.
            let again = world.platform
            world.disk.crashAtCall(1 + number * 5 % 71)
            world.runTask("again") { try? Self.churn(again) }
            world.crash()

            let opened = try Self.open(world.platform)
            #expect(opened.damage == nil, "call \(number)")
            if isDone || opened.damage != nil { break }
        }
        #expect(number > 200)
    }

    private static func churn(_ platform: Platform) throws {
        let storage = try open(platform)
        for _ in 0..<2 {
            let made = definitions(storage)
            _ = try storage.commit(Transaction(edits: made.map { .createTable($0) }))
            _ = try storage.commit(TradesTable.append(made[0].id, 0..<5))
            try storage.flush()
            _ = try storage.commit(
                Transaction(edits: made.dropLast().map { .dropTable(id: $0.id) }))
            _ = try storage.commit(TradesTable.append(made[4].id, 0..<5))
            let renamed = TradesTable.definition(id: made[4].id, name: "r\(made[4].id)", version: 2)
            _ = try storage.commit(Transaction(edits: [.alterTable(renamed)]))
            try storage.flush()
        }
        try storage.close()
    }
}
