import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Backup

@Suite("RESTORE of databases")
struct RestoreDatabaseTests {
    @Test("a database comes back whole at one LSN, and tables the backup lacks stay")
    func database() throws {
        let rig = try RestoreRig()
        for name in ["a", "b", "empty"] { try rig.create(name) }
        try rig.append("a", 0..<30)
        try rig.append("b", 0..<40)
        try rig.backup("one")
        let before = try rig.contents()
        try rig.append("a", 30..<35)
        try rig.drop("b")
        try rig.create("later")
        try rig.append("later", 0..<3)

        let summary = try rig.restore(
            RestoreRequest(scope: .database, source: "one", mode: .replace))

        var expected = before
        expected["later"] = try rig.rows("later")
        #expect(try rig.contents() == expected)
        #expect(summary.tables == 3)
        #expect(rig.storage.lastLSN.value == summary.lsn)
    }

    @Test("what stands in the way of a whole database names only the ways that it has")
    func waysOut() throws {
        let rig = try RestoreRig.withBackup(0..<10)

        let refused = rig.refusal(of: RestoreRequest(scope: .database, source: "one"))
        try rig.drop("trades")
        try rig.create(
            "trades", columns: [ColumnDefinition(id: 1, name: "other", type: .timestamp)])
        let differing = try rig.service.explainRestore(
            RestoreRequest(scope: .database, source: "one", mode: .differing), into: rig.storage)
        let hint = rig.refusal(
            of: RestoreRequest(scope: .database, source: "one", mode: .differing))?.hint

        #expect(refused?.state == .duplicateTable)
        #expect(differing.contains { $0.action == .conflict })
        for hint in [refused?.hint, hint] {
            #expect(hint?.contains("FULL") == true)
            #expect(hint?.contains("RESTORE TABLE") == true)
            for word in [" AS ", "INTO"] { #expect(hint?.contains(word) == false, "\(word)") }
        }
    }

    @Test("a restored database can be backed up and restored again and again")
    func generations() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<60)
        let before = try rig.rows("trades")
        try rig.backup("0")
        for number in 0..<3 {
            try rig.drop("trades")
            try rig.restore(RestoreRequest(scope: .database, source: "\(number)"))
            #expect(try rig.rows("trades") == before)
            try rig.backup("\(number + 1)", number == 1 ? .incremental(from: nil) : .full)
            _ = try rig.service.verify("\(number + 1)")
        }

        try rig.restore(
            .table("trades", from: "3", target: .newTable(.init(name: "last"))))

        #expect(try rig.rows("last") == before)
    }

    @Test("a restored database goes on under a new timeline, and finds parents among its ancestors")
    func timelines() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<60)
        let first = rig.storage.identity
        try rig.backup("one")
        try rig.append("trades", 60..<90)
        rig.machine.clock.advance(microseconds: 1_000_000)
        try rig.backup("given up")
        let notices = ProgressRecord()

        let summary = try rig.restore(
            RestoreRequest(scope: .database, source: "one", mode: .replace), progress: notices)

        let identity = rig.storage.identity
        #expect(summary.timeline == identity.timeline)
        #expect(identity.uuid == first.uuid)
        #expect(identity.timeline != first.timeline)
        #expect(identity.ancestors == [first.timeline])
        #expect(notices.notices.withLock { $0 }.contains { $0.contains(identity.timeline) })
        let next = try rig.backup("next", .incremental(from: nil))
        let (_, manifest) = try rig.service.manifest(of: "next")
        #expect(next.parent == "given up")
        #expect(next.bytesLinked > 0)
        #expect(manifest.timeline == identity.timeline)
        try rig.storage.close()
        try rig.reopen()
        #expect(rig.storage.identity == identity)
        let unchanged = try rig.restore(
            RestoreRequest(scope: .database, source: "next", mode: .differing))
        #expect(unchanged.timeline == nil)
        try rig.restore(.table("trades", from: "one", target: .newTable(.init(name: "copy"))))
        #expect(rig.storage.identity == identity)
        #expect(try rig.rows("trades")?.count == 60)
        // The given up backup is whole all the same, and one may go back to it.
        try rig.restore(RestoreRequest(scope: .database, source: "given up", mode: .replace))
        #expect(try rig.rows("trades")?.count == 90)
        #expect(rig.storage.identity.ancestors.count == 2)
        _ = try rig.service.verify("next", mode: .deep)
    }

    @Test("rows that only the log of an adopted backup has are restored as well")
    func adoptedAndKilled() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.create("other")
        try rig.append("trades", 0..<60)
        let path = try rig.backup("one").path
        try rig.reopen(path)
        try rig.append("trades", 60..<100)
        try rig.append("other", 0..<5)
        let expected = try rig.contents()
        rig.machine.crash()
        let before = rig.machine.disk.paths().filter { $0.hasPrefix(path) }
        try rig.reopen()

        try rig.restore(
            RestoreRequest(scope: .database, source: "one", mode: .differing))

        #expect(try rig.contents() == expected)
        #expect(rig.machine.disk.paths().filter { $0.hasPrefix(path) } == before)
        #expect(!rig.machine.disk.paths().contains { $0.contains("backup-cut-") })
        try rig.losePower()
        #expect(try rig.contents() == expected)
    }

    @Test("a restore into another database of other commits keeps every row")
    func otherDatabase() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        for number in 0..<40 { try rig.append("trades", [Int64(number)]) }
        let before = try rig.rows("trades")
        let path = try rig.backup("one").path
        try rig.reopen("/second")

        let summary = try rig.service.restore(
            RestoreRequest(scope: .database, source: path), into: rig.storage)
        #expect(summary.rows == 40)
        #expect(try rig.rows("trades") == before)
    }

    @Test("all partition units and awkward names come back")
    func unitsAndNames() throws {
        let rig = try RestoreRig()
        let names = [
            "dots.and spaces", "quo\"te's", "größe-数据", "%2F~7", String(repeating: "x", count: 255),
            "..",
        ]
        for (name, unit) in zip(names, PartitionUnit.allCases) {
            try rig.create(name, unit: unit)
            try rig.append(name, stride(from: 0, to: 20_000, by: 1_000).map(Int64.init))
        }
        let before = try rig.contents()
        try rig.backup("deep")
        #expect(try rig.service.verify("deep", mode: .deep).rows == names.count * 20)
        let backupName = "o'ne \"b\" größe." + String(repeating: "y", count: 238)
        try rig.backup(backupName)
        for name in names { try rig.drop(name) }

        try rig.restore(RestoreRequest(scope: .database, source: backupName))

        #expect(try rig.contents() == before)
        #expect(backupName.utf8.count == 255)
    }

    @Test("a backup that a server ran on is restored as it is by then")
    func adopted() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<60)
        let path = try rig.backup("one").path
        try rig.storage.close()
        try rig.reopen(path)
        try rig.append("trades", 60..<70)

        let running = failure { () throws(DatabaseError) in
            _ = try ReadableRoot(root: path, platform: rig.platform)
        }
        try rig.storage.close()
        try rig.reopen()
        try rig.restore(.table("trades", from: "one", target: .newTable(.init(name: "copy"))))

        #expect(running?.state == .inUse)
        #expect(try rig.rows("trades")?.count == 60)
        #expect(try rig.rows("copy")?.count == 70)
    }

    @Test("a segment that grew in an adopted backup, for which nothing vouches, is XX001")
    func grownInAdopted() throws {
        let rig = try RestoreRig.withBackup(0..<20)
        let path = "/root/backup/one"
        try rig.storage.close()
        try rig.reopen(path)
        let segment = try #require(try rig.segments("trades").first)
        let file = rig.storage.segmentPath(segment, of: try rig.definition(of: "trades"))
        try rig.storage.close()
        try rig.platform.files.open(file, .readWrite, permissions: 0)
            .write([1], at: segment.bytes)
        try rig.reopen()

        let error = rig.refusal(
            of: .table("trades", from: "one", target: .newTable(.init(name: "copy"))))

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains(file) == true)
        #expect(try rig.rows("copy") == nil)
    }
}
