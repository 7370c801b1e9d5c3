import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Backup

@Suite("Options of BACKUP")
struct BackupOptionsTests {
    /// Three days of an hourly table in a backup of their own.
    private static func rig(_ seed: UInt64 = 1) throws -> RestoreRig {
        let rig = try RestoreRig(seed: seed)
        try rig.create("trades", columns: RestoreRig.smallColumns)
        try rig.create("other", columns: RestoreRig.smallColumns)
        try rig.append("trades", 0..<72)
        try rig.append("other", 0..<10)
        return rig
    }

    private static func rows(_ rig: RestoreRig, _ path: String, _ table: String) throws -> [String]
    {
        let root = try ReadableRoot(root: path, platform: rig.platform)
        defer { root.close() }
        return try RestoreRig.rows(
            try #require(root.tables.first { $0.definition.name == table }).view)
    }

    @Test(
        "PARTITION takes the partitions that are meant and no others",
        arguments: [
            (PartitionChoice.list(["1970-01-02"]), 24), (.list(["1970-01-01", "1970-01-03"]), 48),
            (.like("1970-01-0?"), 72), (.like("%-03"), 24),
        ])
    func partitions(choice: PartitionChoice, count: Int) throws {
        let rig = try Self.rig()
        var request = BackupRequest(scope: .tables(["trades"]), name: "p")
        request.partitions = choice

        let summary = try rig.service.backup(request)

        #expect(summary.rows == count)
        #expect(try Self.rows(rig, summary.path, "trades").count == count)
        #expect(try rig.service.verify("p", mode: .deep).rows == count)
        let listed = try rig.service.partitions(of: "p", table: "TRADES")
        #expect(listed.reduce(0) { $0 + $1.rows } == count)
        #expect(listed.allSatisfy { choice.contains($0.partition) && !$0.isSharedWithParent })
    }

    @Test("a partition that is not there, two tables or a database are refused")
    func refusedSelections() throws {
        let rig = try Self.rig()
        var request = BackupRequest(scope: .tables(["trades"]), name: "p")
        request.partitions = .list(["1999-01-01"])
        #expect(
            failure { () throws(DatabaseError) in _ = try rig.service.backup(request) }?.state
                == .undefinedObject)
        request.scope = .tables(["trades", "other"])
        #expect(
            failure { () throws(DatabaseError) in _ = try rig.service.backup(request) }?.state
                == .invalidParameter)
        request.scope = .database
        #expect(
            failure { () throws(DatabaseError) in _ = try rig.service.backup(request) }?.state
                == .invalidParameter)
    }

    @Test("WHERE takes whole segments as files, writes cut ones anew, and leaves nothing behind")
    func filters() throws {
        let rig = try Self.rig()
        var request = BackupRequest(scope: .tables(["trades"]), name: "w")
        request.filterText = "ts >= 30 hours"
        let filter = Self.lateRows
        try rig.storage.flush()
        let live = try #require(
            rig.storage.snapshot().table(schema: "public", name: "trades")?.segments)

        let summary = try rig.service.backup(request, filter: filter)

        #expect(summary.rows == 42)
        let kept = try #require(try rig.rows("trades")).count
        #expect(kept == 72)
        #expect(try Self.rows(rig, summary.path, "trades").count == 42)
        #expect(try rig.service.verify("w", mode: .deep).rows == 42)
        let (_, manifest) = try rig.service.manifest(of: "w")
        let shared = Set(manifest.files.compactMap(\.segment)).intersection(live.map(\.id))
        // The third day as it is, the second with a new id, the first not at all.
        #expect(manifest.files.compactMap(\.segment).count == 2)
        #expect(shared.count == 1)
        #expect(manifest.selection == "WHERE ts >= 30 hours")
        #expect(!rig.machine.disk.paths().contains { $0.contains("backup-cut-") })
    }

    @Test("EXPLAIN of a backup with WHERE tells the rows and bytes that are copied then")
    func explainsFilters() throws {
        let rig = try Self.rig()
        var request = BackupRequest(scope: .tables(["trades"]), name: "w")
        request.filterText = "ts >= 30 hours"

        let plan = try rig.service.explainBackup(request, filter: Self.lateRows)
        let summary = try rig.service.backup(request, filter: Self.lateRows)

        #expect(plan.map(\.action) == [.cut, .copy, .copy])
        #expect(plan.reduce(0) { $0 + $1.rows } == summary.rows)
        let (_, manifest) = try rig.service.manifest(of: "w")
        let segments = manifest.files.filter { $0.segment != nil }.map(\.bytes)
        #expect(plan.prefix(2).map(\.bytesToCopy).sorted() == segments.sorted())
    }

    /// The rows from the thirtieth hour on.
    private static let lateRows = RowFilter { run throws(DatabaseError) in
        let batch = try run.batch(columns: [0, 1], rows: 0..<run.rowCount)
        let rows = (0..<run.rowCount).filter { row in
            if case .timestamp(let time) = batch.columns[0].value(at: row) {
                return time >= 30 * RestoreRig.hour
            }
            return false
        }
        if rows.count == run.rowCount { return .all }
        var builders = batch.columns.map { ColumnBuilder(type: $0.type) }
        for row in rows {
            for column in 0..<2 {
                builders[column].append(batch.columns[column].value(at: row))
            }
        }
        return .some(
            Batch(rowCount: rows.count, columns: builders.map { $0.makeVector() }))
    }

    @Test("a power loss at any call of a backup with WHERE leaves no rows behind")
    func filterAndPowerLoss() throws {
        var number = 0
        var isDone = false
        while !isDone {
            number += 1
            let rig = try Self.rig(UInt64(number))
            try rig.storage.flush()
            var request = BackupRequest(scope: .tables(["trades"]), name: "w")
            request.filterText = "ts >= 30 hours"
            let (service, asked) = (rig.service, request)
            rig.machine.disk.crashAtCall(number)
            rig.machine.runTask("backup") {
                _ = try? service.backup(asked, filter: Self.lateRows)
            }
            isDone = !rig.machine.isDown
            rig.machine.crash()
            rig.machine.disk.crashAtCall(nil)
            try rig.reopen()

            try rig.service.sweep()

            let left = rig.machine.disk.paths().filter {
                $0.contains("backup-cut-") || $0.contains(".staging-")
            }
            #expect(left == [], "call \(number)")
            let isThere = try rig.service.list().contains { $0.status == .complete }
            if isThere { #expect(try rig.service.verify("w", mode: .deep).rows == 42) }
        }
        #expect(number > 50)
    }

    @Test("rows chosen by WHERE that find no room are 53100, and nothing stays")
    func filterAndFullDisk() throws {
        let rig = try Self.rig()
        try rig.storage.flush()
        rig.machine.disk.setCapacity(1)
        var request = BackupRequest(scope: .tables(["trades"]), name: "w")
        request.filterText = "ts >= 30 hours"

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service.backup(request, filter: Self.lateRows)
        }

        rig.machine.disk.setCapacity(nil)
        #expect(error?.state == .diskFull)
        let left = rig.machine.disk.paths().filter {
            $0.contains("backup-cut-") || $0.contains(".staging-")
        }
        #expect(left == [])
    }

    @Test("a part is no parent of the whole, and an earlier whole one is")
    func partsAreNoParents() throws {
        let rig = try Self.rig()
        _ = try rig.service.backup(BackupRequest(scope: .tables(["trades"]), name: "whole"))
        var part = BackupRequest(scope: .tables(["trades"]), name: "part")
        part.partitions = .list(["1970-01-02"])
        rig.machine.clock.advance(microseconds: 1_000_000)
        _ = try rig.service.backup(part)

        let next = try rig.service.backup(
            BackupRequest(
                scope: .tables(["trades"]), kind: .incremental(from: nil), name: "next"))

        #expect(next.parent == "whole")
        #expect(next.bytesLinked > 0)
    }

    @Test(
        "a parent of a timeline that this one did not come from is none", arguments: [true, false])
    func strangeTimelines(isDescendant: Bool) throws {
        let rig = try Self.rig()
        let first = try rig.service.backup(BackupRequest(scope: .database, name: "first"))
        try rig.storage.close()
        // Two roots go on from one backup: their timelines are sisters.
        for name in ["left", "right"] {
            try Self.copyTree(rig.platform.files, first.path, "/\(name)")
            _ = try Storage.adopt(root: "/\(name)", platform: rig.platform)
        }
        let settings = BackupSettings(root: "/left", backupRoot: "/root/backup")
        let left = try Storage.open(root: "/left", platform: rig.platform)
        let leftService = BackupService(
            storage: left, platform: rig.platform, settings: settings)
        rig.machine.clock.advance(microseconds: 1_000_000)
        _ = try leftService.backup(BackupRequest(scope: .database, name: "of-left"))
        let right = try Storage.open(root: "/right", platform: rig.platform)
        let service = BackupService(
            storage: right, platform: rig.platform,
            settings: BackupSettings(root: "/right", backupRoot: "/root/backup"))

        if isDescendant {
            let next = try service.backup(
                BackupRequest(scope: .database, kind: .incremental(from: nil), name: "next"))
            #expect(next.parent == "first")
        } else {
            let error = failure { () throws(DatabaseError) in
                _ = try service.backup(
                    BackupRequest(scope: .database, kind: .incremental(from: "of-left")))
            }
            #expect(error?.state == .invalidParameter)
        }
    }

    private static func copyTree(_ files: any FileSystem, _ from: String, _ to: String) throws {
        guard try files.info(from)?.kind == .directory else {
            try files.publish(try files.readAll(from, upTo: 1 << 30), as: to)
            return
        }
        try files.makeDurableDirectory(to)
        for name in try files.list(from) {
            try copyTree(files, Path.join(from, name), Path.join(to, name))
        }
    }

    /// A table and its restored twin, whose segments have the same ids.
    private static func twins() throws -> RestoreRig {
        let rig = try RestoreRig.withBackup(0..<40)
        try rig.restore(.table("trades", from: "one", target: .newTable(.init(name: "twin"))))
        #expect(
            try rig.segments("twin").map(\.id).sorted()
                == rig.segments("trades").map(\.id).sorted())
        return rig
    }

    @Test("EXPLAIN tells tables apart that share segments since a restore")
    func explainsTwins() throws {
        let rig = try Self.twins()

        let full = try rig.service.explainBackup(.init(scope: .database))
        let next = try rig.service.explainBackup(
            .init(scope: .database, kind: .incremental(from: "one")))

        for name in ["trades", "twin"] {
            let entries = try rig.segments(name)
            for partition in ["1970-01-01", "1970-01-02"] {
                let object = "public.\(name)/\(partition)"
                let rows = entries.filter { $0.partition == partition }.reduce(0) { $0 + $1.rows }
                #expect(full.filter { $0.object == object }.map(\.rows) == [rows])
                #expect(full.first { $0.object == object }?.action == .copy)
                #expect(next.filter { $0.object == object }.map(\.rows) == [rows])
                #expect(next.first { $0.object == object }?.action == .link)
            }
        }
        #expect(full.count == 5)
    }

    @Test("of tables that share segments the one is named whose file is damaged")
    func namesTheDamagedTwin() throws {
        for name in ["trades", "twin"] {
            let rig = try Self.twins()
            _ = try rig.damageSegment(of: name)

            let error = failure { () throws(DatabaseError) in
                _ = try rig.service.backup(.init(scope: .database, name: "two"))
            }

            #expect(error?.state == .corrupted)
            #expect(error?.message.contains("segment of table \"\(name)\" is damaged") == true)
            #expect(error?.message.contains("/\(name)~") == true)
        }
    }

    @Test("a rate is kept by the clock, and without one no time passes")
    func rate() throws {
        let rig = try Self.rig()
        let before = rig.platform.clock.now()
        let free = try rig.service.backup(BackupRequest(scope: .database, name: "free"))
        #expect(rig.platform.clock.now() == before)

        let slow = try rig.service.backup(
            BackupRequest(
                scope: .database, name: "slow", bytesPerSecond: max(1, free.bytesCopied / 10)))

        let seconds = Double(rig.platform.clock.now() - before) / 1_000_000
        #expect(seconds > 8 && seconds < 12)
        #expect(slow.bytesCopied == free.bytesCopied)
    }

    @Test("progress comes at most once a second and tells bytes, rate and time left")
    func progress() throws {
        let rig = try Self.rig()
        let record = ProgressRecord()
        let free = try rig.service.backup(BackupRequest(scope: .database, name: "free"))

        _ = try rig.service.backup(
            BackupRequest(
                scope: .database, name: "slow", bytesPerSecond: max(1, free.bytesCopied / 10)),
            progress: record)

        let seen = record.stages.withLock { $0 }.filter { $0.stage == .copying }
        #expect(seen.count > 2 && seen.count < 13)
        #expect(seen.last?.bytesDone ?? 0 > 0)
        #expect(seen.last?.bytesPerSecond ?? 0 > 0)
        #expect(seen.last?.secondsLeft != nil)
    }

    @Test("who looks while a backup runs sees what it will hold, how far it is and how fast")
    func runningRow() throws {
        let rig = try Self.rig()
        let free = try rig.service.backup(BackupRequest(scope: .database, name: "free"))
        let seen = Mutex<[BackupInfo]>([])
        let service = rig.service

        _ = try service.backup(
            BackupRequest(
                scope: .database, name: "slow", bytesPerSecond: max(1, free.bytesCopied / 10))
        ) {
            let row = try? service.list().first { $0.name == "slow" }
            if let row { seen.withLock { $0.append(row) } }
            return false
        }

        let rows = seen.withLock { $0 }.filter { $0.status == .running }
        let copying = rows.filter { $0.progress?.hasPrefix("copying") == true }
        #expect(rows.first?.bytes == nil)
        let last = try #require(copying.last)
        let made = try #require(try service.list().first { $0.name == "slow" })
        #expect(last.lsn == made.lsn)
        #expect(last.tables == made.tables)
        #expect(last.partitions == made.partitions)
        #expect(last.rows == made.rows)
        #expect(last.bytes == made.bytes)
        #expect(copying.first?.bytesCopied == 0)
        #expect((last.bytesCopied ?? 0) > 0)
        #expect(last.progress?.contains(" of \(free.bytesCopied) bytes, ") == true)
        #expect(last.progress?.contains(" bytes/s, ") == true)
        #expect(last.progress?.hasSuffix(" s left") == true)
        #expect(rows.last?.bytesCopied == made.bytesCopied)
    }

    @Test("no rate and no time left is told before a second has passed")
    func earlyRate() throws {
        let rig = try RestoreRig()
        let job = BackupJob(
            id: "1", request: BackupRequest(scope: .database), clock: rig.platform.clock,
            sink: SilentProgress(), isCancelled: { false })
        try job.begin(.copying, bytes: 19_061_046)
        rig.machine.clock.advance(microseconds: 17_000)
        try job.advance(116)
        #expect(job.info.progress == "copying 0 %, 116 of 19061046 bytes")
        rig.machine.clock.advance(microseconds: 1_983_000)
        try job.advance(9_530_523 - 116)
        #expect(
            job.info.progress
                == "copying 50 %, 9530523 of 19061046 bytes, 4765261 bytes/s, 2 s left")
    }

    @Test("INCREMENTAL with link = false is FULL and says so, but knows what it is asked")
    func incrementalWithoutLinks() throws {
        let rig = try RestoreRig.withBackup(0..<20)
        let record = ProgressRecord()
        func backup(from parent: String) throws(DatabaseError) -> BackupSummary {
            try rig.service.backup(
                BackupRequest(
                    scope: .database, kind: .incremental(from: parent), name: "two",
                    allowsLinks: false), progress: record)
        }

        let error = failure { () throws(DatabaseError) in _ = try backup(from: "nope") }
        let summary = try backup(from: "one")

        #expect(error?.state == .missingFile)
        #expect(!summary.isIncremental && summary.bytesLinked == 0)
        #expect(try rig.service.list().first { $0.name == "two" }?.kind == "full")
        #expect(record.notices.withLock { $0 }.contains { $0.contains("link = false") })
    }

    @Test("several workers copy the same as one, and one's error ends all")
    func parallel() throws {
        let rig = try Self.rig()
        var request = BackupRequest(scope: .database, name: "many")
        request.workers = 4
        let many = try rig.service.backup(request)
        let one = try rig.service.backup(BackupRequest(scope: .database, name: "one"))
        #expect(many.files == one.files)
        #expect(try rig.service.verify("many", mode: .deep).rows == 82)
        let segments = try ["many", "one"].map {
            try rig.service.manifest(of: $0).manifest.files.compactMap(\.segment)
        }
        #expect(segments[0] == segments[1])

        request.name = "broken"
        rig.machine.disk.fail(
            .read, pathContaining: ".seg", skip: 2, with: ErrorNumber.inputOutput)
        #expect(
            failure { () throws(DatabaseError) in _ = try rig.service.backup(request) }?.state
                == .inputOutput)
        rig.machine.disk.clearFaults()
        #expect(try rig.service.list().first { $0.name == "broken" }?.status == .failed)
        #expect(!rig.machine.disk.paths().contains { $0.contains(".staging") })
    }

    @Test("a linked file is read again when nobody has for long, and only then")
    func rereads() throws {
        let rig = try Self.rig()
        let full = try rig.service.backup(BackupRequest(scope: .database, name: "full"))
        let victim = try #require(
            rig.machine.disk.paths().first {
                $0.hasPrefix(full.path + "/db/trades") && $0.hasSuffix(".seg")
            })
        let size = try #require(rig.machine.disk.contents(of: victim)).count
        // In a block, so that header and footer are right.
        rig.machine.disk.flipBit(victim, offset: min(size / 4, 100))
        func linked(_ name: String) throws -> Int {
            try rig.service.manifest(of: name).manifest.files.count { $0.origin == .linked }
        }
        func next(_ name: String) throws(DatabaseError) -> BackupSummary {
            try rig.service.backup(
                BackupRequest(scope: .database, kind: .incremental(from: "full"), name: name))
        }

        rig.machine.clock.advance(microseconds: 20 * 86_400_000_000)
        let early = try next("early")
        #expect(early.bytesLinked > 0)
        rig.machine.clock.advance(microseconds: 11 * 86_400_000_000)
        _ = try next("late")
        #expect(try linked("late") == linked("early") - 1)
        let (_, manifest) = try rig.service.manifest(of: "late")
        let now = rig.platform.clock.now()
        #expect(manifest.files.allSatisfy { $0.readAt == now })
    }

    @Test("a failed backup is listed by the name it was to have")
    func failedNames() throws {
        let rig = try Self.rig()
        rig.machine.disk.fail(.makeDirectory, pathContaining: "backup", with: ErrorNumber.noSpace)

        #expect(
            failure { () throws(DatabaseError) in
                _ = try rig.service.backup(.init(scope: .database, name: "n"))
            } != nil)
        rig.machine.disk.clearFaults()

        let row = try rig.service.list().first
        #expect(row?.name == "n")
        #expect(row?.status == .failed)
        #expect(row?.error?.isEmpty == false)
        #expect(rig.service.metrics.failed == 1)
    }

    @Test("of a chain of 50 incrementals each is whole when the first is deleted")
    func chain() throws {
        let rig = try RestoreRig()
        try rig.create("trades", columns: RestoreRig.smallColumns)
        for step in 0..<50 {
            try rig.append("trades", Int64(step) * 24..<Int64(step + 1) * 24)
            rig.machine.clock.advance(microseconds: 1_000_000)
            let kind: BackupRequest.Kind = step == 0 ? .full : .incremental(from: nil)
            let summary = try rig.service.backup(
                BackupRequest(scope: .database, kind: kind, name: "b\(step)"))
            #expect(summary.parent == (step == 0 ? nil : "b\(step - 1)"))
        }
        try rig.service.drop("b0")

        for step in [1, 17, 49] {
            #expect(try rig.service.verify("b\(step)", mode: .deep).rows == 24 * (step + 1))
        }
        let own = try rig.service.list().map { $0.bytesOwn ?? 0 }
        #expect(own.allSatisfy { $0 < 200_000 })
    }

    @Test("500 small tables are one backup and one root")
    func manyTables() throws {
        let rig = try RestoreRig()
        var edits: [Edit] = []
        for number in 0..<500 {
            edits.append(
                .createTable(
                    RestoreRig.definition(
                        rig.storage.reserveTableID(), "t\(number)", columns: RestoreRig.smallColumns
                    )))
        }
        _ = try rig.storage.commit(Transaction(edits: edits))
        for number in 0..<500 where number % 5 == 0 { try rig.append("t\(number)", 0..<3) }

        let summary = try rig.service.backup(BackupRequest(scope: .database, name: "wide"))

        #expect(summary.tables == 500)
        #expect(try rig.service.verify("wide", mode: .deep).rows == 300)
    }

    @Test("tables dropped, emptied and added to meanwhile are inside as they were")
    func changesMeanwhile() throws {
        let rig = try Self.rig()
        let expected = try (rig.rows("trades"), rig.rows("other"))
        let gate = rig.platform.workers.makeGate()
        let storage = rig.storage
        let other = try rig.definition(of: "other").id
        let trades = try rig.definition(of: "trades").id
        let late = RestoreRig.definition(
            storage.reserveTableID(), "late", columns: RestoreRig.smallColumns)
        // Begins to change things when the pin is taken.
        let sink = ChangingSink { [platform = rig.platform] in
            platform.workers.start("changes") {
                _ = try? storage.commit(Transaction(edits: [.dropTable(id: other)]))
                _ = try? storage.commit(Transaction(edits: [.truncateTable(id: trades)]))
                _ = try? storage.commit(Transaction(edits: [.createTable(late)]))
                _ = try? storage.flush()
                gate.open()
            }
        }

        let summary = try rig.service.backup(
            BackupRequest(scope: .database, name: "b", bytesPerSecond: 20_000), progress: sink)
        gate.wait()

        #expect(try rig.rows("other") == nil)
        #expect(try rig.rows("trades") == [])
        #expect(try Self.rows(rig, summary.path, "trades") == expected.0)
        #expect(try Self.rows(rig, summary.path, "other") == expected.1)
    }
}

/// Does something at the first report.
private final class ChangingSink: ProgressSink {
    private let act: Mutex<(@Sendable () -> Void)?>
    init(_ act: @escaping @Sendable () -> Void) { self.act = Mutex(act) }

    func report(_ progress: BackupProgress) {
        let act = act.withLock { act in
            defer { act = nil }
            return act
        }
        act?()
    }

    func notice(_ message: String) {}
}
