import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Backup

@Suite("What a RESTORE loses")
struct RestoreLossTests {
    /// Two days in the backup; then three late rows on the first, and a third day of four rows.
    private static func rig() throws -> RestoreRig {
        let rig = try RestoreRig.withBackup(0..<48)
        try rig.append("trades", [1, 2, 3])
        try rig.append("trades", 48..<52)
        return rig
    }

    private static let full = RestoreRequest.table("trades", from: "one", .replace)

    @Test("FULL tells before: per partition, and those that go with the table")
    func explainFull() throws {
        let rig = try Self.rig()

        for scope in [RestoreRequest.Scope.database, Self.full.scope] {
            var request = Self.full
            request.scope = scope
            let steps = try rig.service.explainRestore(request, into: rig.storage)
                .filter { $0.object.hasPrefix("public.trades") }
            #expect(
                steps.map(\.object) == [
                    "public.trades", "public.trades/1970-01-01", "public.trades/1970-01-02",
                    "public.trades/1970-01-03",
                ])
            #expect(steps.map(\.action) == [.replace, .replace, .replace, .drop])
            #expect(steps.map(\.rowsLost) == [nil, 3, 0, 4])
        }
    }

    @Test("FULL names the detached partitions that go with the table")
    func detached() throws {
        let rig = try RestoreRig.withBackup(0..<48)
        let definition = try rig.definition(of: "trades")
        let gone = try rig.segments("trades").filter { $0.partition == "1970-01-02" }
        try rig.storage.keep(
            DetachedPartition(partition: "1970-01-02", definition: definition, segments: gone),
            of: definition)
        try rig.replaceSegments(gone, with: [], of: "trades")

        let steps = try rig.service.explainRestore(Self.full, into: rig.storage)

        #expect(steps.last?.object == "public.trades/1970-01-02.detached")
        #expect(steps.last?.action == .drop)
        #expect(steps.last?.rowsLost == 24)
    }

    @Test("of rows with one upsert key only the one that is seen is lost, wherever it lies")
    func upserted() throws {
        let rig = try RestoreRig()
        try rig.createUpserted("trades")
        try rig.upsert("trades", 100)
        try rig.backup("old")
        try rig.upsert("trades", 200)
        try rig.backup("one")

        // Both segments are live, and one of them is in the older backup.
        #expect(try rig.lost(from: "old") == 1)
        #expect(try rig.lost(from: "one") == 0)
        try rig.restore(RestoreRequest.table("trades", from: "old", .replace))
        // The live segment is in the backup too: hidden there.
        #expect(try rig.lost(from: "one") == 1)
    }

    @Test("FULL says what is lost in a NOTICE, and its facts count it")
    func noticeOfFull() throws {
        let rig = try Self.rig()
        let notices = ProgressRecord()

        let summary = try rig.restore(Self.full, progress: notices)

        #expect(summary.rowsLost == 7)
        #expect(try rig.rows("trades")?.count == 48)
        let told = notices.notices.withLock { $0 }.filter { $0.contains("are lost") }
        #expect(
            told == [
                "7 rows are only in the database and not in the backup; they are lost with the "
                    + "2 partitions that are replaced; 1 partitions that the backup lacks go"
            ])
    }

    @Test("FULL without a loss says nothing of one")
    func nothingLost() throws {
        let rig = try RestoreRig.withBackup(0..<48)
        let notices = ProgressRecord()

        let summary = try rig.restore(Self.full, progress: notices)

        #expect(summary.rowsLost == 0)
        #expect(!notices.notices.withLock { $0 }.contains { $0.contains("lost") })
    }

    @Test("a table that is cut otherwise is compared as a whole")
    func otherUnit() throws {
        let rig = try RestoreRig.withBackup(0..<48)
        let columns = try rig.definition(of: "trades").columns
        try rig.drop("trades")
        try rig.create("trades", unit: .month, columns: columns)
        try rig.append("trades", 0..<50)
        let notices = ProgressRecord()

        let steps = try rig.service.explainRestore(Self.full, into: rig.storage)
        let summary = try rig.restore(Self.full, progress: notices)

        #expect(steps.map(\.rowsLost) == [2, nil, nil, nil])
        #expect(steps.map(\.action) == [.replace, .replace, .replace, .drop])
        #expect(summary.rowsLost == 2)
        #expect(
            notices.notices.withLock { $0 }.contains {
                $0.contains("lost with the tables that are")
            })
    }

    @Test("INTO … FULL replaces what the backup has, and leaves the table's other partitions alone")
    func intoFull() throws {
        let rig = try Self.rig()
        let before = try #require(try rig.rows("trades")).count
        let into = RestoreRequest.table(
            "trades", from: "one", .replace, target: .existingTable(.init(name: "trades")))

        let steps = try rig.service.explainRestore(into, into: rig.storage)
        let summary = try rig.restore(into)

        #expect(steps.map(\.action) == [.replace, .replace])
        #expect(steps.map(\.rowsLost) == [3, 0])
        #expect(summary.rowsLost == 3)
        #expect(try rig.rows("trades")?.count == before - 3)
    }

    @Test(
        "FULL takes the place of what cannot be read, so that the next BACKUP DATABASE is made",
        arguments: [true, false])
    func unreadableRelations(isDatabase: Bool) throws {
        let rig = try RestoreRig()
        _ = try rig.storage.commit(
            Transaction(edits: [
                .createTable(.schema(id: rig.storage.reserveTableID(), name: "lab")),
                .createTable(
                    .sequence(
                        id: rig.storage.reserveTableID(), schema: "public", name: "counter",
                        SequenceDefinition())),
            ]))
        try rig.create("trades")
        try rig.append("trades", 0..<48)
        let before = try rig.rows("trades")
        try rig.backup("one")
        try rig.storage.close()
        let manifests = rig.machine.disk.paths().filter {
            $0.hasPrefix("/root/db/") && $0.contains("/_manifest.")
                && (isDatabase || $0.contains("trades"))
        }
        #expect(manifests.count == (isDatabase ? 3 : 1))
        for manifest in manifests { rig.machine.disk.flipBit(manifest, offset: 40) }
        try rig.reopen()
        #expect(rig.storage.damage?.state == .corrupted)
        let refusal = failure { () throws(DatabaseError) in
            _ = try rig.service.backup(.init(scope: .database, name: "refused"))
        }
        #expect(refusal?.state == .corrupted)

        var request = Self.full
        if isDatabase { request.scope = .database }
        var plain = request
        plain.mode = .refuse
        let conflict = rig.refusal(of: plain)
        #expect(conflict?.state == .duplicateTable)
        #expect(conflict?.message.contains("is damaged") == true)
        let steps = try rig.service.explainRestore(request, into: rig.storage)
        try rig.restore(request)

        #expect(steps.count { $0.action == .drop } == manifests.count)
        #expect(rig.storage.damage == nil)
        #expect(try rig.rows("trades") == before)
        try rig.backup("two")
        try rig.losePower()
        #expect(rig.storage.damage == nil)
        #expect(try rig.rows("trades") == before)
    }

    @Test(
        "FULL finds the damaged table by its name, though it has another id than in the backup",
        arguments: [Remade.restored, .dropped], [true, false])
    func unreadableOfAnotherID(remade: Remade, isLost: Bool) throws {
        for scope in [RestoreRequest.Scope.database, Self.full.scope] {
            let rig = try RestoreRig.withBackup(0..<48)
            let before = try rig.rows("trades")
            switch remade {
            case .restored: try rig.restore(Self.full)
            case .dropped:
                try rig.drop("trades")
                try rig.create("trades")
            }
            try rig.storage.close()
            try rig.reopen()
            try rig.storage.close()
            let id = try rig.definition(of: "trades").id
            let manifests = rig.machine.disk.paths().filter {
                $0.contains("/trades~\(id)/_manifest.")
            }
            #expect(manifests.count == 1)
            for manifest in manifests {
                if isLost {
                    try rig.platform.files.remove(manifest)
                } else {
                    rig.machine.disk.flipBit(manifest, offset: 45)
                }
            }
            // Segments tell a lost table from one that never was.
            if remade == .dropped, isLost { continue }
            try rig.reopen()
            #expect(rig.storage.damage?.state == .corrupted)

            var request = Self.full
            request.scope = scope
            try rig.restore(request)

            #expect(rig.storage.damage == nil)
            #expect(try rig.rows("trades") == before)
            try rig.backup("two")
        }
    }

    enum Remade { case restored, dropped }

    @Test(
        "a disk too small is told what helps: no hard links where they were asked for",
        arguments: [false, true])
    func hintOfFullDisk(isLinked: Bool) throws {
        let rig = try RestoreRig.withBackup(0..<48)
        rig.machine.disk.setCapacity(
            rig.machine.disk.paths().reduce(10_000) {
                $0 + (rig.machine.disk.contents(of: $1)?.count ?? 0)
            })

        let error = rig.refusal(
            of: .table(
                "trades", from: "one", target: .newTable(.init(name: "new")), isLinked: isLinked))

        #expect(error?.state == .diskFull)
        #expect(error?.hint?.contains("WITH (link = true)") == !isLinked)
    }
}

extension RestoreRig {
    fileprivate func createUpserted(_ name: String) throws {
        let definition = TableDefinition(
            id: storage.reserveTableID(), name: name,
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp, isNullable: false),
                ColumnDefinition(id: 2, name: "v", type: .long),
            ], timestampIndex: 0, partitionUnit: .day, dedupKeys: [1])
        _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
    }

    /// One row of the first moment, in a segment of its own.
    fileprivate func upsert(_ name: String, _ value: Int64) throws {
        let definition = try definition(of: name)
        var builders = definition.columns.map { ColumnBuilder(type: $0.type) }
        builders[0].append(.timestamp(0))
        builders[1].append(.integer(value))
        let batch = Batch(rowCount: 1, columns: builders.map { $0.makeVector() })
        let append = Append(
            table: definition.id, definitionVersion: definition.version, batch: batch)
        _ = try storage.commit(Transaction(appends: [append]))
        try storage.flush()
    }

    fileprivate func lost(from backup: String) throws -> Int? {
        try service.explainRestore(.table("trades", from: backup, .replace), into: storage)
            .compactMap(\.rowsLost).first
    }
}
