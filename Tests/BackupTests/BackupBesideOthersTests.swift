import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Backup

@Suite("BACKUP beside others")
struct BackupBesideOthersTests {
    /// Tables for every kind of change; `crumbs` has segments that a compaction makes one of.
    private static func rig() throws -> RestoreRig {
        let rig = try RestoreRig(seed: 8)
        for name in ["trades", "dropped", "emptied", "renamed"] {
            try rig.createSmall(name, 0..<30)
        }
        try rig.create("crumbs", columns: RestoreRig.smallColumns)
        for begin in stride(from: Int64(0), to: 40, by: 4) {
            try rig.append("crumbs", (begin..<begin + 4).map { $0 * 7 % 24 })
            try rig.storage.flush()
        }
        return rig
    }

    /// Where a held backup comes to lie.
    private static let path = RestoreRig.root + "/backup/held"

    private static func stored(_ rig: RestoreRig, _ path: String) throws -> [String: [String]] {
        let root = try ReadableRoot(root: path, platform: rig.platform)
        defer { root.close() }
        var found: [String: [String]] = [:]
        for table in root.tables { found[table.definition.name] = try RestoreRig.rows(table.view) }
        return found
    }

    @Test(
        "writers, readers, DDL, DROP, TRUNCATE and compaction end while a backup stands still",
        arguments: [BackupProgress.Stage.pinning, .planning, .copying, .verifying])
    func nobodyWaits(stage: BackupProgress.Stage) throws {
        let rig = try Self.rig()
        let before = try rig.contents()
        let (storage, machine) = (rig.storage, rig.machine)
        let ids = try Dictionary(
            uniqueKeysWithValues: before.keys.map { ($0, try rig.definition(of: $0)) })
        let trades = try #require(ids["trades"])
        let dropped = try #require(ids["dropped"]?.id)
        let emptied = try #require(ids["emptied"]?.id)
        let renamed = try #require(ids["renamed"])
        let crumbs = try #require(ids["crumbs"]?.id)
        let late = RestoreRig.definition(
            storage.reserveTableID(), "late", columns: RestoreRig.smallColumns)
        let droppedFiles = rig.files().filter { $0.contains("/dropped~") && $0.hasSuffix(".seg") }

        let held = HeldJob.backup(in: stage, rig)
        #expect(held.isHeld)
        try rig.meanwhile { () throws(DatabaseError) in
            let batch = RestoreRig.batch(trades, 30..<50)
            let append = Append(table: trades.id, definitionVersion: 1, batch: batch)
            _ = try storage.commit(Transaction(appends: [append]))
            for edit: Edit in [
                .createTable(late), .dropTable(id: dropped), .truncateTable(id: emptied),
                .alterTable(renamed.withName("other")),
            ] { _ = try storage.commit(Transaction(edits: [edit])) }
            try storage.flush()
            try storage.compact(tables: [crumbs])
        }

        #expect(try rig.rows("trades")?.count == 50)
        #expect(try rig.rows("dropped") == nil)
        #expect(try rig.rows("emptied") == [])
        #expect(try rig.rows("other")?.count == 30)
        #expect(try rig.segments("crumbs").count == 1)
        #expect(held.isHeld)
        // What it needs stays as long as it needs it.
        #expect(Set(rig.files()).isSuperset(of: droppedFiles))
        try held.goOn(machine)
        #expect(try Self.stored(rig, Self.path) == before)
        machine.runUntilIdle()
        #expect(!rig.files().contains { droppedFiles.contains($0) })
    }

    @Test(
        "other backups, lists, restores and a prepared snapshot do not wait for one that stands",
        arguments: [BackupProgress.Stage.copying, .verifying])
    func besideOthers(stage: BackupProgress.Stage) throws {
        let rig = try Self.rig()
        try rig.backup("earlier")
        let before = try rig.contents()
        let (storage, service) = (rig.storage, rig.service)

        let held = HeldJob.backup(in: stage, rig)
        try rig.meanwhile { () throws(DatabaseError) in
            _ = try service.backup(BackupRequest(scope: .database, name: "other"))
            _ = try service.verify("other")
            _ = try service.list()
            _ = try service.restore(
                .table("trades", from: "other", target: .newTable(.init(name: "copy"))),
                into: storage)
            try service.drop("other")
            _ = try storage.prepareSnapshot(.snapshot, preparedAt: 1)
            _ = try storage.completeSnapshot(.snapshot)
        }

        #expect(held.isHeld)
        #expect(try rig.rows("copy") == before["trades"])
        try held.goOn(rig.machine)
        #expect(try Self.stored(rig, Self.path) == before)
    }

    @Test("a reader that stands still keeps neither a backup nor the release of its files waiting")
    func readerStands() throws {
        let rig = try Self.rig()
        let before = try rig.contents()
        let view = rig.storage.snapshot()
        defer { view.release() }
        let service = rig.service

        try rig.meanwhile { () throws(DatabaseError) in
            _ = try service.backup(BackupRequest(scope: .database, name: "one"))
        }

        #expect(try Self.stored(rig, RestoreRig.root + "/backup/one") == before)
    }

    @Test("a destination that is removed is told by name, and the next backup makes it again")
    func destinationGoes() throws {
        let rig = try Self.rig()
        let before = try rig.contents()
        for place in ["/root/backup", "/root/backup/.staging"] {
            let held = HeldJob.backup(in: .copying, rig)
            let victim = try #require(
                rig.machine.disk.paths().first {
                    $0.hasPrefix(place) && $0.hasSuffix("/") && $0.count < 45
                })
            try rig.platform.files.removeTree(String(victim.dropLast()))

            let error = failure { () throws(DatabaseError) in try held.goOn(rig.machine) }

            #expect(error?.state == .inputOutput)
            #expect(error?.message.contains("\"/root/backup\"") == true)
            #expect(error?.hint?.contains("next BACKUP") == true)
            #expect(try rig.service.list().filter { $0.status == .complete }.isEmpty)
            let next = try rig.backup("next")
            #expect(try Self.stored(rig, next.path) == before)
            try rig.service.drop("next")
        }
    }

    @Test("lock files of backups that nobody reads are swept, and those of others stay")
    func readingIsSwept() throws {
        let rig = try Self.rig()
        let reading = "/root/backup/.reading/"
        try rig.backup("one")
        try rig.backup("two")
        _ = try rig.service.verify("one")
        _ = try rig.service.verify("two")
        let id = try rig.service.manifest(of: "two").manifest.id
        let destination = Destination(path: "/root/backup", files: rig.platform.files)
        let lock = try #require(try destination.beginReading(id, "two", rig.platform.clock))

        try rig.backup("three")

        let left = rig.machine.disk.paths().filter { $0.hasPrefix(reading) && $0 != reading }
        #expect(left == [reading + id])
        let error = failure { () throws(DatabaseError) in try rig.service.drop("two") }
        #expect(error?.state == .inUse)
        lock.release()
        try rig.service.drop("two")
        #expect(!rig.machine.disk.paths().contains { $0.hasPrefix(reading) && $0 != reading })
    }

    @Test(
        "a backup is listed from its beginning on, at its end too",
        arguments: 1...20 as ClosedRange<UInt64>)
    func isListedThroughout(seed: UInt64) throws {
        let rig = try RestoreRig(seed: seed)
        try rig.createSmall("trades", 0..<30)
        // Reading what these are takes a while, in which the new one may come to its end.
        for name in ["one", "two", "three"] { try rig.backup(name) }
        let (service, hasEnded, hasLooked) = (rig.service, Flag(), Flag())
        let seen = Mutex<[[BackupInfo.Status]]>([])
        var request = BackupRequest(scope: .database, name: "held")
        request.workers = 1

        rig.platform.workers.start("looks") {
            var isLast = false
            while !isLast {
                isLast = hasEnded.isSet
                let rows = (try? service.list()) ?? []
                let states = rows.filter { $0.name == "held" }.map(\.status)
                seen.withLock { $0.append(states) }
            }
            hasLooked.isSet = true
        }
        rig.machine.runTask("backup") { [request] in
            _ = try? service.backup(request)
            hasEnded.isSet = true
        }
        rig.machine.run { hasLooked.isSet }

        let states = seen.withLock { $0 }
        let began = states.drop { $0.isEmpty }
        #expect(began.allSatisfy { $0 == [.running] || $0 == [.complete] }, "\(states)")
        #expect(began.first == [.running], "\(states)")
        #expect(began.last == [.complete], "\(states)")
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool {
        get { value.load(ordering: .acquiring) }
        set { value.store(newValue, ordering: .releasing) }
    }
}
