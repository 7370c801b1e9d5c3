import Catalog
import Diagnostics
import Platform
import Storage
import Testing

@testable import Engine

@Suite("StorageRelations")
struct StorageRelationsTests {
    private let rig: EngineRig
    private let client: Client

    init() throws {
        rig = try EngineRig()
        client = rig.connect()
        try client.run("CREATE TABLE sound (x INT)")
        try client.run("CREATE TABLE hurt (x INT)")
        try client.run("INSERT INTO sound VALUES (1)")
        try client.run("INSERT INTO hurt VALUES (1)")
        let snapshot = rig.engine.storage.snapshot()
        defer { snapshot.release() }
        try rig.engine.storage.flush(tables: snapshot.tables.map(\.definition.id))
    }

    /// A file of the table `hurt`.
    private func file(_ isWanted: (String) -> Bool) throws -> String {
        let files = rig.platform.files
        let database = "\(rig.root)/db"
        let table = try #require(try files.list(database).first { $0.hasPrefix("hurt~") })
        var found: [String] = []
        for name in try files.list("\(database)/\(table)") {
            let path = "\(database)/\(table)/\(name)"
            if try files.info(path)?.kind == .directory {
                found += try files.list(path).map { "\(path)/\($0)" }
            } else {
                found.append(path)
            }
        }
        let path = found.first(where: isWanted)
        return try #require(path)
    }

    @Test("a table of which a segment is known to be missing is damaged, the others are not")
    func segment() throws {
        let before = try client.run("SELECT table_name, damaged FROM tables() ORDER BY 1")
        try rig.platform.files.remove(try file { $0.hasSuffix(".seg") })

        let error = client.failure("SELECT * FROM hurt")

        #expect(before == ["hurt|f", "sound|f"])
        #expect(error?.state == .corrupted)
        #expect(
            try client.run("SELECT table_name, damaged, rows FROM tables() ORDER BY 1") == [
                "hurt|t|1", "sound|f|1",
            ])
        #expect(try client.run("SELECT table_name FROM table_damage()") == ["hurt"])
    }

    @Test("a table that cannot be opened is listed as damaged until it is dropped")
    func manifest() throws {
        try rig.engine.storage.close()
        let files = rig.platform.files
        let path = try file { $0.contains("_manifest.") }
        try files.remove(path)
        try files.publish([UInt8](repeating: 7, count: 200), as: path, permissions: 0o600)
        let storage = try Storage.open(root: rig.root, platform: rig.platform)
        let client = Client(
            Engine(storage: storage, platform: rig.platform).makeSession(), rig.platform)

        let listed = try client.run(
            "SELECT table_name, damaged, rows, partitionBy FROM tables() ORDER BY 1")
        try client.run("BEGIN")
        try client.run("DROP TABLE hurt")
        let inBlock = try client.run("SELECT table_name FROM tables()")
        try client.run("COMMIT")

        #expect(listed == ["hurt|t|(null)|(null)", "sound|f|1|NONE"])
        #expect(inBlock == ["sound"])
        #expect(try client.run("SELECT table_name FROM tables()") == ["sound"])
        try storage.close()
    }
}
