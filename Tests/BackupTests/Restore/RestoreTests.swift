import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Backup

@Suite("RESTORE")
struct RestoreTests {
    // MARK: - New tables

    @Test("AS makes a new table with the rows of the backup's instant")
    func asNewTable() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<100)
        let before = try rig.rows("trades")
        try rig.backup("one")
        try rig.append("trades", 100..<120)

        let summary = try rig.restore(
            .table("trades", from: "one", target: .newTable(.init(name: "Copy"))))

        #expect(try rig.rows("copy") == before)
        #expect(try rig.rows("trades")?.count == 120)
        #expect(summary.rows == 100)
        #expect(summary.tables == 1)
        #expect(summary.partitions == 5)
        #expect(summary.lsn == rig.storage.lastLSN.value)
        #expect(summary.bytesCopied > 0)
    }

    @Test("a name that no manifest could hold is refused", arguments: ["", longName])
    func nameTooLong(name: String) throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.backup("one")

        let error = failure { () throws(DatabaseError) in
            try rig.restore(.table("trades", from: "one", target: .newTable(.init(name: name))))
        }

        #expect(error?.state == .nameTooLong)
    }

    private static let longName = String(repeating: "x", count: 256)

    @Test("a dropped table comes back under its name, survives a power loss and takes rows")
    func droppedTable() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<100)
        let before = try rig.rows("trades")
        try rig.backup("one")
        try rig.drop("trades")

        try rig.restore(.table("TRADES", from: "one"))
        rig.machine.crash()
        try rig.reopen()

        #expect(try rig.rows("trades") == before)
        try rig.append("trades", 200..<210)
        #expect(try rig.rows("trades")?.count == 110)
    }

    @Test("an existing table is a conflict, and the hint lists the four ways out")
    func conflict() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<10)
        try rig.backup("one")

        let error = failure { () throws(DatabaseError) in
            try rig.restore(.table("trades", from: "one"))
        }

        #expect(error?.state == .duplicateTable)
        for word in ["FULL", "INCREMENTAL", "AS", "INTO"] {
            #expect(error?.hint?.contains(word) == true)
        }
    }

    @Test("an unknown backup names the newest five, an unknown table its backup")
    func unknown() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        for number in 1...6 { try rig.backup("b\(number)") }

        let backup = failure { () throws(DatabaseError) in
            try rig.restore(.table("trades", from: "nope"))
        }
        let table = failure { () throws(DatabaseError) in
            try rig.restore(.table("nope", from: "b1"))
        }

        #expect(backup?.state == .missingFile)
        #expect(backup?.hint?.contains("'b6'") == true)
        #expect(backup?.hint?.contains("'b1'") == false)
        #expect(table?.state == .undefinedTable)
        #expect(table?.message == "table does not exist [table=nope]")
    }

    // MARK: - FULL, INCREMENTAL, INTO

    @Test("FULL replaces the table: rows, columns and all")
    func fullReplaces() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<50)
        let before = try rig.rows("trades")
        try rig.backup("one")
        try rig.drop("trades")
        try rig.create(
            "trades", columns: [ColumnDefinition(id: 1, name: "other", type: .timestamp)])
        try rig.append("trades", 0..<5)

        try rig.restore(.table("trades", from: "one", .replace))

        #expect(try rig.rows("trades") == before)
    }

    @Test("FULL uses the live files again and repairs those that are damaged")
    func fullRepairs() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<100)
        try rig.backup("one")
        let before = try rig.rows("trades")
        let definition = try rig.definition(of: "trades")
        let victim = try #require(try rig.segments("trades").first)
        rig.machine.disk.flipBit(
            rig.storage.segmentPath(victim, of: definition), offset: 100)

        let summary = try rig.restore(.table("trades", from: "one", .replace))

        #expect(try rig.rows("trades") == before)
        #expect(summary.bytesCopied == victim.bytes)
        #expect(summary.bytesReused > 0)
    }

    @Test("FULL with PARTITION repairs a damaged segment in its place")
    func fullPartitionRepairs() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<48)
        try rig.backup("one")
        let before = try rig.rows("trades")
        let definition = try rig.definition(of: "trades")
        let victim = try #require(try rig.segments("trades").first)
        rig.machine.disk.flipBit(
            rig.storage.segmentPath(victim, of: definition), offset: 100)

        try rig.restore(
            .table("trades", from: "one", .replace, partitions: .list([victim.partition])))

        #expect(try rig.rows("trades") == before)
        #expect(try rig.segments("trades").contains { $0.id == victim.id } == false)
        rig.machine.crash()
        try rig.reopen()
        #expect(try rig.rows("trades") == before)
    }

    @Test("INCREMENTAL replaces what differs, adds what is missing and says what is lost")
    func incremental() throws {
        let rig = try RestoreRig()
        let definition = try rig.create("trades")
        try rig.append("trades", 0..<72)
        try rig.backup("one")
        // 1970-01-01 stays, -02 goes, -03 gets two rows, -04 is new.
        let gone = try rig.segments("trades").filter { $0.partition == "1970-01-02" }
        try rig.append("trades", [60, 61])
        try rig.append("trades", 72..<80)
        try rig.storage.flush()
        _ = try rig.storage.commit(
            Transaction(edits: [
                .replaceSegments(
                    SegmentReplacement(
                        table: definition.id, definitionVersion: 1, removed: gone.map(\.id),
                        added: []))
            ]))
        let kept = try rig.segments("trades").filter { $0.partition == "1970-01-01" }
        let notices = ProgressRecord()

        let summary = try rig.restore(
            .table("trades", from: "one", .differing), progress: notices)

        #expect(try rig.rows("trades")?.count == 80)
        #expect(summary.rowsLost == 2)
        #expect(summary.partitions == 2)
        #expect(notices.notices.withLock { $0 }.contains { $0.hasPrefix("2 rows are only in") })
        let after = try rig.segments("trades").filter { $0.partition == "1970-01-01" }
        #expect(after == kept)
    }

    @Test("rows that were only cut into other segments are not lost")
    func compactionIsNoLoss() throws {
        let rig = try RestoreRig()
        let definition = try rig.create("trades")
        try rig.append("trades", 0..<10)
        try rig.backup("one")
        let old = try rig.segments("trades")
        let merged = try rig.storage.writeSegments(
            [RestoreRig.batch(definition, 0..<13)], of: definition)
        _ = try rig.storage.commit(
            Transaction(edits: [
                .replaceSegments(
                    SegmentReplacement(
                        table: definition.id, definitionVersion: 1, removed: old.map(\.id),
                        added: merged))
            ]))

        let steps = try rig.service.explainRestore(
            .table("trades", from: "one", .differing), into: rig.storage)

        #expect(steps.map(\.action) == [.replace])
        #expect(steps.map(\.rowsLost) == [3])
        #expect(steps[0].bytesToCopy == old[0].bytes)
        #expect(steps[0].bytesToReplace == merged[0].bytes)
    }

    @Test("INTO adds partitions, maps columns by name and refuses other rows")
    func into() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<48)
        let before = try rig.rows("trades")
        try rig.backup("one")
        let columns = try rig.definition(of: "trades").columns
        // The same columns in another order and under other ids.
        let shuffled =
            [ColumnDefinition(id: 400, name: "ts", type: .timestamp)]
            + columns.dropFirst().reversed().enumerated().map {
                ColumnDefinition(id: UInt32(200 - $0), name: $1.name, type: $1.type)
            }
        try rig.create("other", columns: shuffled)
        let into = RestoreRequest.Target.existingTable(.init(name: "other"))

        try rig.restore(.table("trades", from: "one", target: into))

        #expect(try rig.rows("other") == before)
        let again = try rig.restore(.table("trades", from: "one", target: into))
        #expect(again.partitions == 0)
        try rig.append("other", [1])
        let error = failure { () throws(DatabaseError) in
            try rig.restore(.table("trades", from: "one", target: into))
        }
        #expect(error?.state == .duplicateTable)
        #expect(error?.message.contains("1970-01-01") == true)
        try rig.restore(.table("trades", from: "one", .differing, target: into))
        #expect(try rig.rows("other")?.count == 48)
    }

    @Test(
        "tables that differ are 42804 with the first difference",
        arguments: [
            ("column \"c_long\" is missing", "c_long", nil as ValueType?),
            ("column \"c_long\" is INT and in the backup LONG", "c_long", .int),
        ])
    func schemaDiffers(message: String, column: String, type: ValueType?) throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<10)
        try rig.backup("one")
        var columns = try rig.definition(of: "trades").columns
        let index = try #require(columns.firstIndex { $0.name == column })
        let old = columns.remove(at: index)
        if let type {
            columns.append(ColumnDefinition(id: old.id, name: old.name, type: type))
        }
        try rig.create("other", columns: columns)

        let error = failure { () throws(DatabaseError) in
            try rig.restore(
                .table("trades", from: "one", target: .existingTable(.init(name: "other"))))
        }

        #expect(error?.state == .datatypeMismatch)
        #expect(error?.message.contains(message) == true)
    }

    @Test("PARTITION LIST and LIKE take what they name, and complain of what is not there")
    func partitions() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<72)
        try rig.backup("one")
        try rig.drop("trades")

        try rig.restore(.table("trades", from: "one", partitions: .like("%-0?-?2")))
        #expect(try rig.segments("trades").map(\.partition) == ["1970-01-02"])
        try rig.restore(
            .table("trades", from: "one", .differing, partitions: .list(["1970-01-03"])))

        #expect(
            Set(try rig.segments("trades").map(\.partition)) == ["1970-01-02", "1970-01-03"])
        let error = failure { () throws(DatabaseError) in
            try rig.restore(
                .table("trades", from: "one", .differing, partitions: .list(["1971-01-01"])))
        }
        #expect(error?.state == .undefinedObject)
    }

    // MARK: - Databases

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
        rig.machine.crash()
        try rig.reopen()
        #expect(try rig.contents() == expected)
    }

    @Test("link = true shares the files with the backup")
    func linked() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<60)
        let before = try rig.rows("trades")
        try rig.backup("one")
        try rig.drop("trades")

        let summary = try rig.restore(.table("trades", from: "one", isLinked: true))

        #expect(summary.bytesCopied == 0)
        #expect(summary.bytesLinked > 0)
        #expect(try rig.rows("trades") == before)
    }

    @Test("where links cannot be made the files are copied, with a notice")
    func linkFallsBack() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<60)
        try rig.backup("one")
        try rig.drop("trades")
        rig.machine.disk.fail(.link, times: 99, with: ErrorNumber.crossDevice)
        let notices = ProgressRecord()

        let summary = try rig.restore(
            .table("trades", from: "one", isLinked: true), progress: notices)

        #expect(summary.bytesLinked == 0)
        #expect(try rig.rows("trades")?.count == 60)
        #expect(notices.notices.withLock { $0 }.filter { $0.contains("linked") }.count == 1)
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

    @Test("a snapshot that is prepared sees no file vanish while rows are restored")
    func whilePrepared() throws {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<60)
        try rig.backup("one")
        _ = try rig.storage.prepareSnapshot(.snapshot, preparedAt: 0)
        let before = rig.machine.disk.paths().filter { $0.hasPrefix("/root/db/") }

        try rig.restore(.table("trades", from: "one", .replace))

        #expect(try rig.rows("trades")?.count == 60)
        #expect(Set(before).isSubset(of: rig.machine.disk.paths()))
        _ = try rig.storage.completeSnapshot(.snapshot)
        rig.machine.crash()
        try rig.reopen()
        #expect(try rig.rows("trades")?.count == 60)
    }
}
