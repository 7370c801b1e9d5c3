import Diagnostics
import Foundation
import Platform
import Storage
import Synchronization
import Testing

@testable import Backup

@Suite("BackupService")
struct BackupServiceTests {
    @Test("a backup holds every pinned file, conf and its manifest, and verifies")
    func holdsEverything() throws {
        let rig = try BackupRig()

        let summary = try rig.service().backup(BackupRequest(scope: .database, name: "one"))

        #expect(summary.path == rig.root + "/backup/one")
        #expect(summary.lsn == 7)
        #expect(summary.tables == 2)
        #expect(summary.rows == 1_200_010)
        #expect(summary.files == 6)
        let copied = try rig.platform.files.readAll(
            summary.path + "/conf/server.conf", upTo: 1_000)
        #expect(copied == Array("line.tcp.enabled=false\n".utf8))
        #expect(try rig.service().verify("one").files == 6)
        #expect(try rig.destinationNames() == [".lock", ".reading", ".verified", "one"])
        #expect(rig.releasedPins == 1)
    }

    @Test("without a name the day is the name, and the next ones get a number")
    func namesOfTheDay() throws {
        let rig = try BackupRig()
        let service = rig.service()

        let names = try (0..<3).map { _ in try service.backup(.init(scope: .database)).name }

        #expect(names[0].utf8.count == 10)
        #expect(names[1] == names[0] + ".1")
        #expect(names[2] == names[0] + ".2")
    }

    @Test("BACKUP TABLE takes the named tables only, without conf")
    func tablesOnly() throws {
        let rig = try BackupRig()

        let summary = try rig.service().backup(.init(scope: .tables(["TRADES"]), name: "t"))

        #expect(summary.tables == 1)
        #expect(try rig.platform.files.info(summary.path + "/conf") == nil)
        #expect(try rig.platform.files.info(summary.path + "/db/empty~2") == nil)
    }

    @Test("an unknown table is refused before anything is created")
    func unknownTable() throws {
        let rig = try BackupRig()

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service().backup(.init(scope: .tables(["nope"])))
        }

        #expect(error?.state == .undefinedTable)
        #expect(error?.message == "table does not exist [table=nope]")
        #expect(try rig.platform.files.info(rig.root + "/backup") == nil)
    }

    @Test("an empty backup root switches BACKUP off")
    func disabled() throws {
        let rig = try BackupRig()

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service(backupRoot: "").backup(.init(scope: .database))
        }

        #expect(error?.state == .notInPrerequisiteState)
        #expect(
            error?.message
                == "backup is disabled, server.conf property 'cairo.sql.backup.root' is not set")
    }

    @Test("a taken name is 42710 and the first backup stays as it was")
    func takenName() throws {
        let rig = try BackupRig()
        let service = rig.service()
        _ = try service.backup(.init(scope: .database, name: "a"))

        let error = failure { () throws(DatabaseError) in
            _ = try service.backup(.init(scope: .database, name: "a"))
        }

        #expect(error?.state == .duplicateObject)
        #expect(try service.verify("a").files == 6)
    }

    @Test(
        "destinations and names that lead elsewhere are refused",
        arguments: [
            ("/etc", "x", SQLState.insufficientPrivilege), ("../out", "x", .insufficientPrivilege),
            ("", "../x", .invalidName), ("", "a/b", .invalidName), ("", ".hidden", .invalidName),
            ("", "", .invalidName),
        ])
    func refused(destination: String, name: String, state: SQLState) throws {
        let rig = try BackupRig()

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service().backup(
                .init(scope: .database, name: name, destination: destination))
        }

        #expect(error?.state == state)
    }

    @Test(
        "a destination whose files come and go with others is refused",
        arguments: [
            ("/backup/one", SQLState.invalidParameter), ("/backup/one/db", .invalidParameter),
            ("/backup/one/new/deep", .invalidParameter), ("/snapshot", .invalidParameter),
            ("/tmp/x", .invalidParameter), ("/conf", .invalidParameter),
            ("/backup/.verified", .insufficientPrivilege),
            ("/backup/.staging-0/x", .insufficientPrivilege),
        ])
    func placesOfOthers(place: String, state: SQLState) throws {
        let rig = try BackupRig()
        let service = rig.service(allowed: [rig.root])
        _ = try service.backup(.init(scope: .database, name: "one"))

        let error = failure { () throws(DatabaseError) in
            _ = try service.backup(
                .init(scope: .database, name: "two", destination: rig.root + place))
        }

        #expect(error?.state == state)
        #expect(try service.verify("one").files > 2)
        #expect(try rig.platform.files.info(rig.root + place + "/two") == nil)
    }

    @Test("a destination inside db is 22023, an allowed path elsewhere works")
    func allowedPaths() throws {
        let rig = try BackupRig()
        let service = rig.service(allowed: [rig.root])

        let error = failure { () throws(DatabaseError) in
            _ = try service.backup(.init(scope: .database, destination: rig.root + "/db/x"))
        }
        let summary = try service.backup(
            .init(scope: .database, name: "n", destination: rig.root + "/elsewhere"))

        #expect(error?.state == .invalidParameter)
        #expect(summary.path == rig.root + "/elsewhere/n")
    }

    @Test("cancelling at any chunk leaves nothing but the lock", arguments: [0, 1, 2, 5, 7, 9])
    func cancelled(after calls: Int) throws {
        let rig = try BackupRig()
        let left = Mutex(calls)

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service().backup(.init(scope: .database, name: "c")) {
                left.withLock {
                    $0 -= 1
                    return $0 < 0
                }
            }
        }

        #expect(error?.state == .cancelled)
        #expect(try rig.destinationNames() == [".lock"])
    }

    @Test(
        "a segment that is damaged, or grew, ends the backup with XX001 and nothing is published",
        arguments: [3, 10])
    func damagedSource(offset: Int) throws {
        let rig = try BackupRig()
        let day = rig.root + "/db/trades~1/2026-11-21"
        let segment = try #require(try rig.platform.files.list(day).first)
        try rig.overwrite(day + "/" + segment, at: offset, with: [0xff])

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service().backup(.init(scope: .database))
        }

        #expect(error?.state == .corrupted)
        #expect(try rig.destinationNames() == [".lock"])
        #expect(rig.releasedPins == 1)
    }

    @Test("staging of a dead writer is swept, another database's is left alone")
    func sweeps() throws {
        let rig = try BackupRig()
        try rig.put("backup/.staging-1/_staging", Array(#"{"database":"d-1"}"#.utf8))
        try rig.put("backup/.staging-1/db/half.seg", [1])
        try rig.put("backup/.staging-2/_staging", Array(#"{"database":"other"}"#.utf8))
        try rig.platform.files.makeDirectory(rig.root + "/backup/.staging-3", permissions: 0o700)
        // Its removal was cut short.
        try rig.put("backup/.staging-4/db/half.seg", [1])

        _ = try rig.service().backup(.init(scope: .database, name: "a"))

        #expect(try rig.destinationNames() == [".lock", ".staging-2", "a"])
    }

    @Test("whoever keeps a destination to himself is waited for, and 55006 in the end")
    func busy() throws {
        let rig = try RestoreRig()
        try rig.backup("a")
        let lock = try rig.platform.files.lock("/root/backup/.lock", .exclusive)
        let begin = rig.platform.clock.monotonicNanoseconds()

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service.backup(.init(scope: .database, name: "b"))
        }
        lock.release()

        #expect(error?.state == .inUse)
        #expect(rig.platform.clock.monotonicNanoseconds() - begin >= 60_000_000_000)
        #expect(try rig.service.list().filter { $0.status == .complete }.map(\.name) == ["a"])
    }

    @Test("two at once in one destination are both made, with names of their own")
    func twoAtOnce() throws {
        let rig = try BackupRig()
        let service = rig.service()
        let calls = Mutex(0)
        let inner = Mutex<(names: [String], error: DatabaseError?)>(([], nil))

        let outer = try service.backup(.init(scope: .database)) {
            let isFirst = calls.withLock {
                $0 += 1
                return $0 == 6
            }
            guard isFirst else { return false }
            do throws(DatabaseError) {
                let name = try service.backup(.init(scope: .database)).name
                inner.withLock { $0.names.append(name) }
                _ = try service.backup(.init(scope: .database, name: String(name.dropLast(2))))
            } catch {
                inner.withLock { $0.error = error }
            }
            return false
        }

        let (names, error) = inner.withLock { $0 }
        // The name that the first has not published yet is taken.
        #expect(names == [outer.name + ".1"])
        #expect(error?.state == .duplicateObject)
        for name in names + [outer.name] {
            #expect(try service.verify(name, mode: .full).files == 6)
        }
        #expect(try !rig.destinationNames().contains { $0.hasPrefix(".staging") })
    }

    @Test("what an incremental backup, a verification or a restore reads is not dropped")
    func dropWhileRead() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<40)
        try rig.backup("one")
        let (service, storage) = (rig.service, rig.storage)
        let errors = Mutex<[DatabaseError]>([])
        let dropOnce: @Sendable () -> Bool = {
            let error = failure { () throws(DatabaseError) in try service.drop("one") }
            if let error { errors.withLock { $0.append(error) } }
            return false
        }

        _ = try service.verify("one", isCancelled: { dropOnce() })
        _ = try service.restore(
            .table("trades", from: "one", target: .newTable(.init(name: "copy"))),
            into: storage, isCancelled: { dropOnce() })
        // Before it is admitted nobody knows of which backup it will be an increment.
        let calls = Mutex(0)
        _ = try service.backup(
            .init(scope: .database, kind: .incremental(from: "one"), name: "two")
        ) {
            calls.withLock {
                $0 += 1
                return $0
            } > 2 ? dropOnce() : false
        }

        #expect(errors.withLock { $0.count } > 6)
        #expect(errors.withLock { $0 }.allSatisfy { $0.state == .inUse })
        #expect(
            errors.withLock { $0 }.allSatisfy { $0.message == "backup is being read [name=one]" })
        try service.drop("one")
        #expect(try service.verify("two", mode: .deep).rows == 80)
    }

    @Test("an incremental backup links what the parent has and outlives it")
    func incremental() throws {
        let rig = try BackupRig()
        let service = rig.service()
        _ = try service.backup(.init(scope: .database, name: "full"))
        try rig.addTable("late", segments: ["2026-11-22": 50])

        let summary = try service.backup(
            .init(scope: .database, kind: .incremental(from: nil), name: "inc"))
        try service.drop("full")

        #expect(summary.parent == "full")
        #expect(summary.bytesLinked == 1_200_010)
        #expect(try service.verify("inc").bytes == summary.bytesLinked + summary.bytesCopied)
        let rows = try service.list()
        #expect(rows.map(\.name) == ["inc"])
        #expect(rows[0].bytesOwn == rows[0].bytes)
    }

    @Test("what lies behind a link in a parent is not shared: it would be somebody else's file")
    func parentBehindLink() throws {
        let rig = try BackupRig()
        let service = rig.service()
        let path = try service.backup(.init(scope: .database, name: "full")).path
        try rig.platform.files.rename(
            path + "/db/trades~1", to: rig.root + "/moved", replacing: false)
        try FileManager.default.createSymbolicLink(
            atPath: path + "/db/trades~1", withDestinationPath: rig.root + "/moved")

        let summary = try service.backup(
            .init(scope: .database, kind: .incremental(from: "full"), name: "inc"))

        #expect(summary.bytesLinked == 0)
        #expect(try service.verify("inc").files > 2)
    }

    @Test("a parent's segment whose header or footer is damaged is copied anew, with a notice")
    func damagedParent() throws {
        let rig = try RestoreRig.withBackup(0..<20)
        let segment = try #require(
            rig.filesWithBytes(below: "/root/backup/one/db/").first { $0.hasSuffix(".seg") })
        rig.machine.disk.flipBit(segment, offset: 0)
        let record = ProgressRecord()

        let summary = try rig.service.backup(
            .init(scope: .database, kind: .incremental(from: "one"), name: "two"),
            progress: record)

        #expect(summary.bytesLinked == 0)
        #expect(record.notices.withLock { $0 }.contains { $0.contains("is not shared") })
        #expect(try rig.service.verify("two", mode: .deep).rows == 20)
    }

    @Test("INCREMENTAL without an earlier backup is FULL, with a notice")
    func incrementalWithoutParent() throws {
        let rig = try BackupRig()
        let record = ProgressRecord()

        let summary = try rig.service().backup(
            .init(scope: .database, kind: .incremental(from: nil)), progress: record)

        #expect(!summary.isIncremental)
        #expect(record.notices.withLock { $0 }.contains { $0.contains("this one is FULL") })
    }

    @Test("the owner is told that the backup shares device and root with the database")
    func placement() throws {
        let rig = try BackupRig()
        let record = ProgressRecord()

        _ = try rig.service().backup(.init(scope: .database), progress: record)

        let notices = record.notices.withLock { $0 }
        #expect(notices.contains { $0.contains("device of the database") })
        #expect(notices.contains { $0.contains("inside the root") })
        #expect(record.stages.withLock { $0.last?.stage } == .complete)
    }

    @Test("a name that none may have is refused before anything is listed", arguments: ["", "a/b"])
    func namelessBackup(name: String) throws {
        let rig = try RestoreRig.withBackup(0..<1)

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service.backup(.init(scope: .database, name: name))
        }

        #expect(error?.state == .invalidName)
        #expect(error?.hint?.contains("1 to 255 bytes") == true)
        #expect(try rig.service.list().map(\.name) == ["one"])
        #expect(rig.service.listJobs().count == 1)
    }

    @Test("an unknown backup is 58P01 and the hint names those there are")
    func unknownBackup() throws {
        let rig = try BackupRig()
        let service = rig.service()
        _ = try service.backup(.init(scope: .database, name: "known"))

        let error = failure { () throws(DatabaseError) in _ = try service.verify("unknown") }

        #expect(error?.state == .missingFile)
        #expect(error?.hint?.contains("'known'") == true)
    }

    @Test("a name that something else has, or a backup being made, is told with what works")
    func takenNames() throws {
        let rig = try RestoreRig.withBackup(0..<10)
        let place = "/root/backup/part"
        try rig.platform.files.makeDurableDirectory(place + "/db")
        func refusal(_ name: String) -> DatabaseError? {
            failure { () throws(DatabaseError) in
                _ = try rig.service.backup(.init(scope: .database, name: name))
            }
        }

        let part = refusal("part")
        let one = refusal("one")

        #expect(part?.state == .duplicateObject)
        #expect(part?.hint?.contains("remove \"\(place)\" by hand") == true)
        #expect(part?.hint?.contains("DROP BACKUP") == false)
        #expect(one?.hint?.contains("DROP BACKUP 'one'") == true)
        #expect(
            try rig.service.explainBackup(.init(scope: .database, name: "part")).first?.conflict
                == part?.message)
        let held = HeldJob.backup(in: .copying, rig)
        let reserved = refusal("held")
        #expect(reserved?.state == .duplicateObject)
        #expect(reserved?.hint?.contains("wait for its end") == true)
        try held.goOn(rig.machine)
        try rig.platform.files.removeTree(place)
        #expect(refusal("part") == nil)
    }

    @Test("a plain file beside the backups is none and disturbs nothing")
    func plainFile() throws {
        let rig = try BackupRig()
        try rig.put("backup/readme.txt", [1])
        let service = rig.service()
        _ = try service.backup(.init(scope: .database, name: "one"))

        let next = try service.backup(
            .init(scope: .database, kind: .incremental(from: nil), name: "two"))

        #expect(next.parent == "one")
        #expect(Set(try service.list().map(\.name)) == ["one", "two"])
        let error = failure { () throws(DatabaseError) in _ = try service.verify("nope") }
        #expect(error?.state == .missingFile)
    }

    @Test("a refused backup without a name does not show one that the next backup takes")
    func refusedWithoutName() throws {
        let rig = try RestoreRig.withBackup(0..<10)
        var request = BackupRequest(scope: .tables(["trades"]))
        request.partitions = .list(["x"])

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service.backup(request)
        }

        #expect(error?.state == .undefinedObject)
        #expect(try rig.service.list().map(\.name) == ["one"])
        #expect(rig.service.listJobs().first?.status == .failed)
        request.name = "mine"
        #expect(
            failure { () throws(DatabaseError) in _ = try rig.service.backup(request) } != nil)
        #expect(try rig.service.list().first { $0.name == "mine" }?.status == .failed)
    }

    @Test("a failed backup is no longer listed where another one has its place")
    func failedAndMadeAgain() throws {
        let rig = try RestoreRig.withBackup(0..<10)
        let request = BackupRequest(scope: .database)
        rig.machine.disk.fail(.read, pathContaining: ".seg", with: ErrorNumber.inputOutput)
        _ = failure { () throws(DatabaseError) in _ = try rig.service.backup(request) }
        rig.machine.disk.clearFaults()
        let failed = try #require(try rig.service.list().first { $0.status == .failed })

        let name = try rig.service.backup(request).name

        #expect(failed.name == name)
        for _ in 0..<2 {
            let rows = try rig.service.list()
            #expect(rows.filter { $0.name == name }.map(\.status) == [.complete])
            #expect(rig.service.listJobs().filter { $0.name == name }.count == 2)
            try rig.storage.close()
            try rig.reopen()
        }
    }

    @Test("a failed backup stays listed with its error")
    func failedIsListed() throws {
        let rig = try BackupRig()
        let service = rig.service()
        _ = failure { () throws(DatabaseError) in
            _ = try service.backup(.init(scope: .tables(["nope"])))
        }

        let row = try #require(try service.list().first)

        #expect(row.status == .failed)
        #expect(row.error == "table does not exist [table=nope]")
    }
}
