import Backup
import Diagnostics
import Machines
import Platform
import Storage
import Testing

@testable import Engine

@Suite("errors of BACKUP statements")
struct SessionBackupErrorsTests {
    private final class Rig {
        let machine: SimulatedPlatform
        let engine: Engine

        init(capacity: Int? = nil, backupRoot: String = "backup") throws {
            machine = SimulatedPlatform(seed: 5, capacity: capacity)
            let platform = machine.platform
            try platform.files.makeDurableDirectory("/root")
            let storage = try Storage.open(root: "/root", platform: platform)
            let backup = BackupService(
                storage: storage, platform: platform,
                settings: BackupSettings(root: "/root", backupRoot: backupRoot))
            engine = Engine(storage: storage, platform: platform, backup: backup)
        }

        deinit { machine.end() }

        func connect(isReadOnly: Bool = false) -> Client {
            Client(engine.makeSession(isReadOnly: isReadOnly), engine.platform)
        }

        func filled() throws -> Client {
            let client = connect()
            try client.run("CREATE TABLE t (ts TIMESTAMP, v LONG) TIMESTAMP(ts) PARTITION BY DAY")
            try client.run("INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 2)")
            return client
        }
    }

    private struct Case: CustomTestStringConvertible, Sendable {
        let sql: String
        let state: SQLState
        let message: String
        let position: Int?
        var testDescription: String { sql }

        init(_ sql: String, _ state: SQLState, _ message: String, at position: Int?) {
            self.sql = sql
            self.state = state
            self.message = message
            self.position = position
        }
    }

    private static let cases = [
        Case(
            "BACKUP TABLE nope", .undefinedTable, "table does not exist [table=nope]", at: 13),
        Case(
            "BACKUP TABLE t, s.nope", .undefinedTable, "table does not exist [table=s.nope]",
            at: 18),
        Case(
            "EXPLAIN BACKUP TABLE nope", .undefinedTable, "table does not exist [table=nope]",
            at: 21),
        Case(
            "BACKUP TABLE nope ASYNC", .undefinedTable, "table does not exist [table=nope]",
            at: 13),
        Case(
            "BACKUP DATABASE AS 'one'", .duplicateObject,
            "backup already exists [name=one, path=/root/backup]", at: 19),
        Case(
            "BACKUP DATABASE AS '.x'", .invalidName,
            "backup name is not usable, it begins with a dot \".x\"", at: 19),
        Case(
            "BACKUP DATABASE AS ''", .invalidName,
            "backup name is not usable, it is empty \"\"", at: 19),
        Case(
            "BACKUP TABLE t AS '' ASYNC", .invalidName,
            "backup name is not usable, it is empty \"\"", at: 18),
        Case(
            "BACKUP DATABASE TO '/elsewhere'", .insufficientPrivilege,
            "backup destination is not allowed, it lies outside of the allowed directories "
                + "\"/elsewhere\"", at: 19),
        Case(
            "BACKUP DATABASE INCREMENTAL FROM 'two'", .missingFile,
            "backup does not exist [name=two, path=/root/backup]", at: 33),
        Case(
            "VERIFY BACKUP 'two'", .missingFile,
            "backup does not exist [name=two, path=/root/backup]", at: 14),
        Case(
            "DROP BACKUP 'two'", .missingFile,
            "backup does not exist [name=two, path=/root/backup]", at: 12),
        Case(
            "RESTORE DATABASE FROM 'two'", .missingFile,
            "backup does not exist [name=two, path=/root/backup]", at: 22),
        Case(
            "snapshot commit", .syntaxError, "'prepare' or 'complete' expected", at: 9),
        Case(
            "RESTORE TABLE t FROM 'one'", .duplicateTable, "table already exists [table=t]",
            at: 14),
        Case(
            "RESTORE TABLE t FROM 'one' WHERE v = 1", .featureNotSupported,
            "RESTORE with WHERE is not supported", at: nil),
        Case(
            "BACKUP DATABASE TO STDOUT", .featureNotSupported,
            "BACKUP TO STDOUT is not supported", at: nil),
    ]

    @Test("each names what is wrong, and where", arguments: cases)
    private func words(_ example: Case) throws {
        let rig = try Rig()
        let client = try rig.filled()
        try client.run("BACKUP DATABASE AS 'one'")

        let error = client.failure(example.sql)

        #expect(error?.state == example.state)
        if example.state == .featureNotSupported {
            #expect(error?.message.hasPrefix(example.message.prefix(16)) == true)
            #expect(error?.position != nil)
        } else {
            #expect(error?.message == example.message)
            #expect(error?.position == example.position)
        }
        #expect(try client.run("SELECT name FROM backups() WHERE status = 'complete'") == ["one"])
    }

    @Test("with an empty backup root every statement says how to switch it on, at position 0")
    func disabled() throws {
        let rig = try Rig(backupRoot: "")
        let client = try rig.filled()

        for sql in ["BACKUP DATABASE", "BACKUP TABLE t", "RESTORE TABLE t FROM 'x'"] {
            let error = client.failure(sql)
            #expect(error?.state == .notInPrerequisiteState)
            #expect(
                error?.message == "backup is disabled, server.conf property "
                    + "'cairo.sql.backup.root' is not set")
            #expect(error?.position == 0)
        }
    }

    @Test("a second PREPARE says what it waits for, at position 0")
    func prepared() throws {
        let rig = try Rig()
        let client = try rig.filled()
        try client.run("SNAPSHOT PREPARE")

        for sql in ["SNAPSHOT PREPARE", "CHECKPOINT CREATE"] {
            let error = client.failure(sql)
            #expect(error?.state == .notInPrerequisiteState)
            #expect(error?.message == "Waiting for SNAPSHOT COMPLETE to be called")
            #expect(error?.position == 0)
        }
    }

    @Test("an unknown backup is told with the newest five in the hint")
    func newestFive() throws {
        let rig = try Rig()
        let client = try rig.filled()
        for number in 1...6 {
            rig.machine.clock.advance(microseconds: 1_000_000)
            try client.run("BACKUP DATABASE AS 'b\(number)'")
        }

        let error = client.failure("RESTORE TABLE t FROM 'b7' AS u")

        #expect(error?.hint == "The newest here are 'b6', 'b5', 'b4', 'b3', 'b2'.")
    }

    @Test("a full disk is told before anything is copied")
    func diskFull() throws {
        let rig = try Rig()
        let client = try rig.filled()
        rig.machine.disk.setCapacity(1)

        let error = client.failure("BACKUP DATABASE AS 'two'")

        rig.machine.disk.setCapacity(nil)
        #expect(error?.state == .diskFull)
        #expect(error?.message.contains("/root/backup") == true)
        #expect(try client.run("SELECT name FROM backups() WHERE status = 'complete'") == [])
    }

    @Test("who may only read is told the privilege that is missing")
    func readOnly() throws {
        let rig = try Rig()
        try rig.filled().run("BACKUP DATABASE AS 'one'")
        let reader = rig.connect(isReadOnly: true)

        for (sql, privilege) in [
            ("BACKUP DATABASE", "BACKUP"), ("BACKUP TABLE t", "BACKUP"),
            ("VERIFY BACKUP 'one'", "BACKUP"), ("DROP BACKUP 'one'", "BACKUP"),
            ("CANCEL BACKUP 'x'", "BACKUP"), ("RESTORE DATABASE FROM 'one'", "RESTORE"),
            ("SNAPSHOT PREPARE", "SNAPSHOT"), ("SNAPSHOT COMPLETE", "SNAPSHOT"),
            ("CHECKPOINT CREATE", "SNAPSHOT"),
        ] {
            let error = reader.failure(sql)
            #expect(error?.state == .insufficientPrivilege, "\(sql)")
            #expect(error?.message.contains(privilege) == true, "\(error?.message ?? "")")
        }
    }

    @Test(
        "the reason why nobody may write this way is told",
        arguments: [
            (ReadOnlyReason.user, "user reads only \"admin\""),
            (.setting("http.security.readonly"), "http.security.readonly is on"),
            (.foreignPage, "the request comes from a page of another site"),
        ])
    func readOnlyReasons(reason: ReadOnlyReason, words: String) throws {
        let rig = try Rig()
        let session = rig.engine.makeSession(isReadOnly: true, readOnlyBecause: reason)

        let error = Client(session, rig.engine.platform).failure("BACKUP DATABASE")

        #expect(error?.state == .insufficientPrivilege)
        #expect(error?.message == "permission denied for BACKUP, \(words)")
        #expect(error?.hint != nil)
    }

    @Test("RESTORE onto an existing table hints at the four ways on")
    func fourWays() throws {
        let rig = try Rig()
        let client = try rig.filled()
        try client.run("BACKUP DATABASE AS 'one'")

        let hint = try #require(client.failure("RESTORE TABLE t FROM 'one'")?.hint)

        for word in ["FULL", "INCREMENTAL", "AS", "INTO"] { #expect(hint.contains(word)) }
    }
}
