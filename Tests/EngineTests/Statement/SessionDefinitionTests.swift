import Backup
import Diagnostics
import Machines
import Platform
import Storage
import Testing

@testable import Engine

/// What has the name of a table that cannot be opened would hide it for ever.
@Suite("the name of a damaged table")
struct SessionDefinitionTests {
    private final class Rig {
        let machine = SimulatedPlatform(seed: 9)
        private(set) var client: Client
        private var storage: Storage
        let manifest: String

        /// Tables t, u and the sequence t_id_seq with their backup `one`; then the manifests of t and
        /// of its sequence are damaged.
        init(isSchemaKnown: Bool = true) throws {
            let platform = machine.platform
            try platform.files.makeDurableDirectory("/root")
            (storage, client) = try Self.open(platform)
            try client.run("CREATE TABLE t (id SERIAL, v LONG)")
            try client.run("CREATE TABLE u (v LONG)")
            try client.run("INSERT INTO t (v) VALUES (1), (2)")
            try client.run("INSERT INTO u VALUES (3)")
            try client.run("BACKUP DATABASE AS 'one'")
            try storage.close()
            let manifests = machine.disk.paths().filter {
                $0.contains("/root/db/t") && $0.contains("_manifest.")
            }
            manifest = try #require(manifests.first { $0.contains("/t~") })
            for path in manifests {
                let end = try #require(machine.disk.contents(of: path)).count - 1
                machine.disk.flipBit(path, offset: isSchemaKnown ? end : 24)
            }
            (storage, client) = try Self.open(platform)
        }

        deinit {
            try? storage.close()
            machine.end()
        }

        private static func open(_ platform: Platform) throws -> (Storage, Client) {
            let storage = try Storage.open(root: "/root", platform: platform)
            let backup = BackupService(
                storage: storage, platform: platform,
                settings: BackupSettings(root: "/root", backupRoot: "backup"))
            let engine = Engine(storage: storage, platform: platform, backup: backup)
            return (storage, Client(engine.makeSession(), platform))
        }
    }

    @Test(
        "nothing takes it: the damage is named, and the ways out",
        arguments: [
            "CREATE TABLE t (v LONG)", "CREATE TABLE IF NOT EXISTS T (v LONG)",
            "CREATE TABLE t AS (SELECT * FROM u)", "CREATE TABLE t (LIKE u)",
            "ALTER TABLE u RENAME TO t", "RENAME TABLE u TO t", "CREATE SEQUENCE t",
            "CREATE TABLE w (LIKE t)", "ALTER TABLE t ADD COLUMN w INT", "TRUNCATE TABLE t",
            "COPY t FROM STDIN", "SHOW COLUMNS FROM t", "SHOW CREATE TABLE t",
            "CREATE UNIQUE INDEX ON t (v)", "BACKUP TABLE t", "BACKUP TABLE u, t",
            "BACKUP TABLE t ASYNC", "BACKUP DATABASE",
            "RESTORE TABLE u FROM 'one' INTO t",
        ], [true, false])
    func nothingTakesIt(text: String, isSchemaKnown: Bool) throws {
        let rig = try Rig(isSchemaKnown: isSchemaKnown)

        let error = rig.client.failure(text)

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains("\(rig.manifest)") == true)
        #expect(error?.hint?.contains("RESTORE TABLE … FULL") == true)
        #expect(error?.hint?.contains("DROP TABLE") == true)
        #expect(try rig.client.run("SELECT v FROM u") == ["3"])
    }

    @Test(
        "a restore takes it with FULL only, which removes what is damaged",
        arguments: [true, false])
    func restored(isSchemaKnown: Bool) throws {
        let rig = try Rig(isSchemaKnown: isSchemaKnown)

        for text in ["RESTORE TABLE u FROM 'one' AS t", "RESTORE TABLE t FROM 'one'"] {
            let error = rig.client.failure(text)
            #expect(error?.state == .duplicateTable, "\(text)")
            #expect(error?.detail?.contains(rig.manifest) == true, "\(text)")
            #expect(error?.hint?.contains("FULL") == true, "\(text)")
        }
        try rig.client.run("RESTORE TABLE t FROM 'one' AS beside")
        try rig.client.run("INSERT INTO beside (v) VALUES (4)")
        #expect(try rig.client.run("SELECT v FROM beside ORDER BY id") == ["1", "2", "4"])
        #expect(rig.client.failure("SELECT * FROM t")?.state == .corrupted)
        try rig.client.run("RESTORE TABLE t FROM 'one' FULL")

        #expect(try rig.client.run("SELECT v FROM t ORDER BY id") == ["1", "2"])
        try rig.client.run("BACKUP DATABASE AS 'two'")
    }

    @Test("a sequence that a column needs has another name than a damaged one")
    func sequenceOfColumn() throws {
        let rig = try Rig()
        try rig.client.run("DROP TABLE t")

        try rig.client.run("CREATE TABLE t (id SERIAL, v LONG)")

        try rig.client.run("INSERT INTO t (v) VALUES (7)")
        #expect(try rig.client.run("SELECT id, v FROM t") == ["1|7"])
        #expect(rig.client.failure("SELECT nextval('t_id_seq')")?.state == .corrupted)
    }

    @Test("DROP TABLE frees it, and BACKUP of another table works all along")
    func dropped() throws {
        let rig = try Rig()
        try rig.client.run("BACKUP TABLE u AS 'two'")

        try rig.client.run("DROP TABLE t")

        try rig.client.run("CREATE TABLE t (v LONG)")
        #expect(try rig.client.run("SELECT count(*) FROM t") == ["0"])
    }
}
