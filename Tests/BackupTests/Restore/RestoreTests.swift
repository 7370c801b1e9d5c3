import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Backup

@Suite("RESTORE of tables")
struct RestoreTests {
    // MARK: - New tables

    @Test("AS makes a new table with the rows of the backup's instant")
    func asNewTable() throws {
        let rig = try RestoreRig.withBackup(0..<100)
        let before = try rig.rows("trades")
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
        let rig = try RestoreRig.withBackup(0..<1)

        let error = rig.refusal(
            of: .table("trades", from: "one", target: .newTable(.init(name: name))))

        #expect(error?.state == .nameTooLong)
    }

    private static let longName = String(repeating: "x", count: 256)

    @Test("a dropped table comes back under its name, survives a power loss and takes rows")
    func droppedTable() throws {
        let rig = try RestoreRig.withBackup(0..<100)
        let before = try rig.rows("trades")
        try rig.drop("trades")

        try rig.restore(.table("TRADES", from: "one"))
        try rig.losePower()

        #expect(try rig.rows("trades") == before)
        try rig.append("trades", 200..<210)
        #expect(try rig.rows("trades")?.count == 110)
    }

    @Test("an existing table is a conflict, and the hint lists the four ways out")
    func conflict() throws {
        let rig = try RestoreRig.withBackup(0..<10)

        let error = rig.refusal(of: .table("trades", from: "one"))

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

        let backup = rig.refusal(of: .table("trades", from: "nope"))
        let table = rig.refusal(of: .table("nope", from: "b1"))

        #expect(backup?.state == .missingFile)
        #expect(backup?.hint?.contains("'b6'") == true)
        #expect(backup?.hint?.contains("'b1'") == false)
        #expect(table?.state == .undefinedTable)
        #expect(table?.message == "table does not exist [table=nope]")
    }

    // MARK: - FULL, INCREMENTAL, INTO

    @Test("FULL replaces the table: rows, columns and all")
    func fullReplaces() throws {
        let rig = try RestoreRig.withBackup(0..<50)
        let before = try rig.rows("trades")
        try rig.drop("trades")
        try rig.create(
            "trades", columns: [ColumnDefinition(id: 1, name: "other", type: .timestamp)])
        try rig.append("trades", 0..<5)

        try rig.restore(.table("trades", from: "one", .replace))

        #expect(try rig.rows("trades") == before)
    }

    @Test("FULL uses the live files again and repairs those that are damaged")
    func fullRepairs() throws {
        let rig = try RestoreRig.withBackup(0..<100)
        let before = try rig.rows("trades")
        let victim = try rig.damageSegment(of: "trades")

        let summary = try rig.restore(.table("trades", from: "one", .replace))

        #expect(try rig.rows("trades") == before)
        #expect(summary.bytesCopied == victim.bytes)
        #expect(summary.bytesReused > 0)
    }

    @Test("FULL with PARTITION repairs a damaged segment in its place")
    func fullPartitionRepairs() throws {
        let rig = try RestoreRig.withBackup(0..<48)
        let before = try rig.rows("trades")
        let victim = try rig.damageSegment(of: "trades")

        try rig.restore(
            .table("trades", from: "one", .replace, partitions: .list([victim.partition])))

        #expect(try rig.rows("trades") == before)
        #expect(try rig.segments("trades").contains { $0.id == victim.id } == false)
        try rig.losePower()
        #expect(try rig.rows("trades") == before)
    }

    @Test(
        "INCREMENTAL repairs the partition of a segment that is known to be damaged",
        arguments: [true, false])
    func incrementalRepairs(isVerified: Bool) throws {
        let rig = try RestoreRig.withBackup(0..<72)
        let before = try rig.rows("trades")
        // Forgets the blocks that were read.
        try rig.storage.close()
        try rig.reopen()
        let victim = try rig.damageSegment(of: "trades")
        var request = RestoreRequest.table("trades", from: "one", .differing)
        request.isVerified = isVerified
        func actions() throws -> [PlanStep.Action] {
            try rig.service.explainRestore(request, into: rig.storage).map(\.action)
        }
        #expect(try actions() == [.reuse, .reuse, .reuse])
        #expect(throws: DatabaseError.self) { _ = try rig.rows("trades") }
        #expect(try actions().sorted { $0.rawValue < $1.rawValue } == [.replace, .reuse, .reuse])

        let summary = try rig.restore(request)

        #expect(summary.partitions == 1)
        #expect(summary.bytesCopied == victim.bytes)
        #expect(summary.rowsLost == 0)
        #expect(try rig.rows("trades") == before)
        try rig.losePower()
        #expect(try rig.rows("trades") == before)
    }

    @Test("FULL replaces a damaged live segment that the backup does not have")
    func fullReplacesUnknownDamage() throws {
        let rig = try RestoreRig.withBackup(0..<24)
        let before = try rig.rows("trades")
        try rig.append("trades", 24..<30)
        try rig.append("trades", [3])
        try rig.storage.flush()
        for segment in try rig.segments("trades") {
            rig.machine.disk.flipBit(
                rig.storage.segmentPath(segment, of: try rig.definition(of: "trades")),
                offset: 100)
        }
        #expect(throws: DatabaseError.self) { _ = try rig.rows("trades") }
        let live = try rig.segments("trades").reduce(0) { $0 + $1.rows }

        let partly = try rig.restore(
            .table("trades", from: "one", .replace, partitions: .list(["1970-01-01"])))
        let summary = try rig.restore(.table("trades", from: "one", .replace))

        #expect((partly.rowsLost ?? 0) > 0)
        #expect((summary.rowsLost ?? 0) > 0 && (summary.rowsLost ?? 0) <= live)
        #expect(try rig.rows("trades") == before)
    }

    @Test("INCREMENTAL replaces what differs, adds what is missing and says what is lost")
    func incremental() throws {
        let rig = try RestoreRig.withBackup(0..<72)
        // 1970-01-01 stays, -02 goes, -03 gets two rows, -04 is new.
        let gone = try rig.segments("trades").filter { $0.partition == "1970-01-02" }
        try rig.append("trades", [60, 61])
        try rig.append("trades", 72..<80)
        try rig.storage.flush()
        try rig.replaceSegments(gone, with: [], of: "trades")
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
        let rig = try RestoreRig.withBackup(0..<10)
        let old = try rig.segments("trades")
        let definition = try rig.definition(of: "trades")
        let merged = try rig.storage.writeSegments(
            [RestoreRig.batch(definition, 0..<13)], of: definition)
        try rig.replaceSegments(old, with: merged, of: "trades")

        let steps = try rig.service.explainRestore(
            .table("trades", from: "one", .differing), into: rig.storage)

        #expect(steps.map(\.action) == [.replace])
        #expect(steps.map(\.rowsLost) == [3])
        #expect(steps[0].bytesToCopy == old[0].bytes)
        #expect(steps[0].bytesToReplace == merged[0].bytes)
    }

    @Test("INTO adds partitions, maps columns by name and refuses other rows")
    func into() throws {
        let rig = try RestoreRig.withBackup(0..<48)
        let before = try rig.rows("trades")
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
        let error = rig.refusal(of: .table("trades", from: "one", target: into))
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
        let rig = try RestoreRig.withBackup(0..<10)
        var columns = try rig.definition(of: "trades").columns
        let index = try #require(columns.firstIndex { $0.name == column })
        let old = columns.remove(at: index)
        if let type {
            columns.append(ColumnDefinition(id: old.id, name: old.name, type: type))
        }
        try rig.create("other", columns: columns)

        let error = rig.refusal(
            of: .table("trades", from: "one", target: .existingTable(.init(name: "other"))))

        #expect(error?.state == .datatypeMismatch)
        #expect(error?.message.contains(message) == true)
    }

    @Test("PARTITION LIST and LIKE take what they name, and complain of what is not there")
    func partitions() throws {
        let rig = try RestoreRig.withBackup(0..<72)
        try rig.drop("trades")

        try rig.restore(.table("trades", from: "one", partitions: .like("%-0?-?2")))
        #expect(try rig.segments("trades").map(\.partition) == ["1970-01-02"])
        try rig.restore(
            .table("trades", from: "one", .differing, partitions: .list(["1970-01-03"])))

        #expect(
            Set(try rig.segments("trades").map(\.partition)) == ["1970-01-02", "1970-01-03"])
        let error = rig.refusal(
            of: .table("trades", from: "one", .differing, partitions: .list(["1971-01-01"])))
        #expect(error?.state == .undefinedObject)
    }

    // MARK: - Files

    @Test("link = true shares the files with the backup")
    func linked() throws {
        let rig = try RestoreRig.withBackup(0..<60)
        let before = try rig.rows("trades")
        try rig.drop("trades")

        let summary = try rig.restore(.table("trades", from: "one", isLinked: true))

        #expect(summary.bytesCopied == 0)
        #expect(summary.bytesLinked > 0)
        #expect(try rig.rows("trades") == before)
    }

    @Test("a file that is linked is looked at: a damaged header is XX001, and no link stays")
    func linkOfDamaged() throws {
        let rig = try RestoreRig.withBackup(0..<60)
        try rig.drop("trades")
        try rig.storage.flush()
        let before = rig.files()
        let segment = try #require(
            rig.filesWithBytes(below: "/root/backup/one/db/").first { $0.hasSuffix(".seg") })
        rig.machine.disk.flipBit(segment, offset: 0)

        let error = rig.refusal(of: .table("trades", from: "one", isLinked: true))

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains(segment) == true)
        #expect(error?.hint?.contains("Use another backup") == true)
        #expect(rig.files() == before)
    }

    @Test("where links cannot be made the files are copied, with a notice")
    func linkFallsBack() throws {
        let rig = try RestoreRig.withBackup(0..<60)
        try rig.drop("trades")
        rig.machine.disk.fail(.link, times: 99, with: ErrorNumber.crossDevice)
        let notices = ProgressRecord()

        let summary = try rig.restore(
            .table("trades", from: "one", isLinked: true), progress: notices)

        #expect(summary.bytesLinked == 0)
        #expect(try rig.rows("trades")?.count == 60)
        #expect(notices.notices.withLock { $0 }.filter { $0.contains("linked") }.count == 1)
    }

    @Test("a partition that a table did not have survives a power loss")
    func newPartition() throws {
        let rig = try RestoreRig.withBackup(0..<24)
        try rig.create("other")
        try rig.append("other", 96..<98)
        try rig.storage.flush()

        try rig.restore(
            .table("trades", from: "one", target: .existingTable(.init(name: "other"))))
        try rig.losePower()

        #expect(try rig.rows("other")?.count == 26)
    }

    @Test("a snapshot that is prepared sees no file vanish while rows are restored")
    func whilePrepared() throws {
        let rig = try RestoreRig.withBackup(0..<60)
        _ = try rig.storage.prepareSnapshot(.snapshot, preparedAt: 0)
        let before = rig.machine.disk.paths().filter { $0.hasPrefix("/root/db/") }

        try rig.restore(.table("trades", from: "one", .replace))

        #expect(try rig.rows("trades")?.count == 60)
        #expect(Set(before).isSubset(of: rig.machine.disk.paths()))
        _ = try rig.storage.completeSnapshot(.snapshot)
        try rig.losePower()
        #expect(try rig.rows("trades")?.count == 60)
    }
}
