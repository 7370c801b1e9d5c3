import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Backup

/// Shared files that BACKUP … INCREMENTAL reads again after `backup.reverify`, and finds rotten.
@Suite("Rereading")
struct RereadingTests {
    private static let day: Int64 = 86_400_000_000

    /// A full backup `f` of two days, twenty days later an incremental `i1` that shares them and has
    /// a third, and later rows. Eleven days later what is of `f` is to be read again.
    private static func rig(seed: UInt64 = 1, isLive: Bool = false) throws -> RestoreRig {
        let rig = try RestoreRig(seed: seed)
        try rig.createSmall("trades", 0..<48)
        try rig.backup("f")
        rig.machine.clock.advance(microseconds: 20 * day)
        try rig.append("trades", 48..<72)
        try rig.backup("i1", .incremental(from: "f"))
        if isLive {
            try rig.drop("trades")
            try rig.storage.flush()
            try rig.restore(.table("trades", from: "i1", isLinked: true))
        }
        try rig.append("trades", 72..<96)
        rig.machine.clock.advance(microseconds: 11 * day)
        return rig
    }

    private static func segments(_ rig: RestoreRig, below directory: String) -> [String] {
        rig.machine.disk.paths().filter { $0.hasPrefix(directory) && $0.hasSuffix(".seg") }
    }

    /// A segment of `i1`: one of `f` too, or its own.
    private static func victim(_ rig: RestoreRig, isShared: Bool = true) throws -> String {
        let shared = Set(segments(rig, below: "/root/backup/f/").map { Path.name(of: $0) })
        return try #require(
            segments(rig, below: "/root/backup/i1/").first {
                shared.contains(Path.name(of: $0)) == isShared
            })
    }

    /// The live file of the same segment.
    private static func twin(_ rig: RestoreRig, of victim: String) throws -> String {
        try #require(
            segments(rig, below: "/root/db/").first { Path.name(of: $0) == Path.name(of: victim) })
    }

    private static func states(_ rig: RestoreRig) throws -> [String: BackupInfo.Status] {
        Dictionary(
            try rig.service.list().map { ($0.name, $0.status) }, uniquingKeysWith: { $1 })
    }

    private static func next(
        _ rig: RestoreRig, as name: String = "next", from parent: String? = nil,
        _ record: ProgressRecord = ProgressRecord()
    ) throws(DatabaseError) -> BackupSummary {
        try rig.service.backup(
            BackupRequest(scope: .database, kind: .incremental(from: parent), name: name),
            progress: record)
    }

    private static func full(_ rig: RestoreRig) throws(DatabaseError) -> BackupSummary {
        try rig.service.backup(BackupRequest(scope: .database, name: "all"))
    }

    private static func isLinked(_ rig: RestoreRig, _ file: String, in name: String) throws -> Bool
    {
        let (_, manifest) = try rig.service.manifest(of: name)
        let found = manifest.files.first { $0.path.hasSuffix(Path.name(of: file)) }
        return try #require(found).origin == .linked
    }

    @Test(
        "BACKUP copies a rotten file from the database, says so, and nothing links to it any more",
        arguments: [nil, "i1"])
    func rotten(parent: String?) throws {
        let rig = try Self.rig()
        let victim = try Self.victim(rig)
        rig.machine.disk.flipBit(victim, offset: 100)

        let record = ProgressRecord()
        let next = try Self.next(rig, from: parent, record)

        #expect(next.parent == "i1" && next.bytesLinked > 0)
        #expect(try !Self.isLinked(rig, victim, in: "next"))
        let warnings = record.warnings.withLock { $0 }
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("the parent 'i1'") == true)
        #expect(warnings.first?.contains("\"\(victim)\"") == true)
        #expect(
            try Self.states(rig) == ["f": .failed, "i1": .failed, "next": .complete])
        let told = try rig.service.list().first { $0.name == "i1" }?.error
        #expect(told?.contains(victim) == true)
        #expect(told?.contains(".staging") == false)
        try rig.losePower()
        #expect(try rig.service.verify("next", mode: .deep).rows == 96)
        #expect(try Self.next(rig, as: "after").parent == "next")
        #expect(try rig.service.verify("after", mode: .deep).rows == 96)
    }

    @Test("with one file rotten, those are read too that would not be due")
    func readsAll() throws {
        let rig = try Self.rig()
        rig.machine.disk.flipBit(try Self.victim(rig), offset: 100)
        rig.machine.disk.flipBit(try Self.victim(rig, isShared: false), offset: 100)

        let record = ProgressRecord()
        let next = try Self.next(rig, record)

        #expect(next.parent == "i1")
        let (_, manifest) = try rig.service.manifest(of: "next")
        let now = rig.platform.clock.now()
        #expect(manifest.files.allSatisfy { $0.readAt == now })
        #expect(
            record.warnings.withLock { $0 }.first?.hasPrefix("2 files of the parent 'i1'") == true)
        #expect(try rig.service.verify("next", mode: .deep).rows == 96)
    }

    @Test(
        "a forged time of the last reading is read again or believed, and never a trap",
        arguments: [Int64.min, .max])
    func forgedTime(readAt: Int64) throws {
        let rig = try Self.rig()
        var (path, manifest) = try rig.service.manifest(of: "f")
        for index in manifest.files.indices { manifest.files[index].readAt = readAt }
        try rig.platform.files.publish(
            manifest.encoded, as: path + "/" + BackupManifest.fileName, replacing: .atomically)

        let summary = try Self.next(rig, from: "f")

        #expect(summary.bytesLinked > 0)
        let files = try rig.service.manifest(of: "next").manifest.files
        let now = rig.platform.clock.now()
        #expect(
            files.filter { $0.origin == .linked }
                .allSatisfy { $0.readAt == (readAt == .min ? now : readAt) })
    }

    @Test("a file that has grown does not count for more than it was")
    func grown() throws {
        let rig = try Self.rig()
        let before = try #require(try rig.service.list().first { $0.name == "i1" }?.bytesOwn)
        let victim = try Self.victim(rig, isShared: false)
        try rig.platform.files.setPermissions(victim, 0o600)
        try rig.platform.files.open(victim, .readWrite, permissions: 0)
            .write([1, 2, 3], at: 1 << 20)

        #expect(try rig.service.list().first { $0.name == "i1" }?.bytesOwn == before)
    }

    @Test("a backup that has its own file rotten speaks for nobody else")
    func ownFile() throws {
        let rig = try Self.rig()
        rig.machine.clock.advance(microseconds: 30 * Self.day)
        rig.machine.disk.flipBit(try Self.victim(rig, isShared: false), offset: 100)

        _ = try Self.next(rig)

        #expect(try Self.states(rig) == ["f": .complete, "i1": .failed, "next": .complete])
    }

    @Test(
        "a live file that is the same one, or rotten itself, ends BACKUP, and the damage is noted",
        arguments: [true, false])
    func liveToo(isSameFile: Bool) throws {
        let rig = try Self.rig(isLive: isSameFile)
        let victim = try Self.victim(rig)
        let live = try Self.twin(rig, of: victim)
        rig.machine.disk.flipBit(victim, offset: 100)
        if !isSameFile { rig.machine.disk.flipBit(live, offset: 200) }

        let error = failure { () throws(DatabaseError) in _ = try Self.next(rig) }

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains("segment of table \"trades\" is damaged") == true)
        #expect(error?.message.contains("\"\(live)\"") == true)
        #expect(error?.detail?.contains("\"\(victim)\"") == true)
        #expect(error?.hint?.contains("RESTORE TABLE … FULL") == true)
        #expect(error?.damagedPath == live)
        #expect(
            try Self.states(rig).filter { $0.key != "next" } == ["f": .failed, "i1": .failed])
        #expect(!rig.machine.disk.paths().contains { $0.contains(".staging") })
        // The next one copies everything, and says the same of the live file.
        let again = failure { () throws(DatabaseError) in _ = try Self.next(rig) }
        #expect(again?.state == .corrupted && again?.damagedPath == live)
        #expect(again?.detail?.contains(victim) == false)
        // Without the rows of that table there is a backup again.
        try rig.drop("trades")
        #expect(try !Self.next(rig).isIncremental)
        #expect(try rig.service.verify("next", mode: .deep).rows == 0)
    }

    @Test("a rotten live file is repaired as the error says")
    func repaired() throws {
        let rig = try Self.rig()
        let before = try rig.contents()
        let victim = try Self.victim(rig)
        let live = try Self.twin(rig, of: victim)
        rig.machine.disk.flipBit(live, offset: 100)
        #expect(
            failure { () throws(DatabaseError) in _ = try Self.full(rig) }?.damagedPath == live)

        try rig.restore(.table("trades", from: "i1", .replace))
        try rig.append("trades", 72..<96)

        try rig.backup("all")
        #expect(try rig.service.verify("all", mode: .deep).rows == 96)
        #expect(try rig.contents() == before)
    }

    @Test("the copy that takes the place of a rotten file is read back as well")
    func spoiledCopy() throws {
        let rig = try Self.rig()
        let victim = try Self.victim(rig)
        let live = try Self.twin(rig, of: victim)
        let disk = rig.machine.disk
        disk.flipBit(victim, offset: 100)
        let sound = disk.contents(of: live)
        let isSpoiled = Mutex(false)

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service.backup(
                BackupRequest(scope: .database, kind: .incremental(from: nil), name: "next"),
                isCancelled: {
                    let copy = disk.paths().first {
                        $0.contains("/.staging-") && $0.hasSuffix(Path.name(of: victim))
                    }
                    // The link has a bit that the live file has not.
                    guard let copy, disk.contents(of: copy) == sound,
                        !isSpoiled.withLock({ $0 })
                    else { return false }
                    isSpoiled.withLock { $0 = true }
                    disk.flipBit(copy, offset: 200)
                    return false
                })
        }

        #expect(isSpoiled.withLock { $0 })
        #expect(error?.state == .corrupted)
        #expect(!disk.paths().contains { $0.contains(".staging") })
        #expect(try Self.states(rig)["next"] != .complete)
    }

    @Test("what the disk does not give out is copied from the database, and no damage is noted")
    func unreadable() throws {
        // The same seed gives the same name to the directory in which a backup is made.
        let trial = try Self.rig()
        _ = try Self.next(trial)
        let rig = try Self.rig()
        let victim = try Self.victim(rig)
        let name = Path.name(of: victim)
        let staged = try #require(
            trial.machine.trace.last { call in
                ["read ", "/.staging-", name].allSatisfy(call.contains)
            }?.split(separator: " ").first { $0.hasPrefix("/") })
        rig.machine.disk.fail(
            .read, pathContaining: String(staged), with: ErrorNumber.inputOutput)

        let record = ProgressRecord()
        let next = try Self.next(rig, record)

        #expect(next.parent == "i1")
        #expect(try !Self.isLinked(rig, victim, in: "next"))
        let warning = record.warnings.withLock { $0 }.first
        #expect(warning?.contains("\"\(victim)\"") == true)
        #expect(
            try Self.states(rig) == ["f": .complete, "i1": .complete, "next": .complete])
        #expect(try rig.service.verify("next", mode: .deep).rows == 96)
    }

    @Test("a segment whose file is missing, or grew, is told with table, file and what to do")
    func liveFiles() throws {
        let rig = try Self.rig()
        let live = try Self.twin(rig, of: Self.victim(rig))
        let files = rig.platform.files
        let size = try #require(rig.machine.disk.contents(of: live)).count
        try files.open(live, .readWrite, permissions: 0).write([1], at: size)

        let grown = failure { () throws(DatabaseError) in _ = try Self.full(rig) }
        try files.remove(live)
        let missing = failure { () throws(DatabaseError) in _ = try Self.full(rig) }

        #expect(grown?.state == .corrupted)
        #expect(
            grown?.message.contains("expected \(size) bytes and found \(size + 1)") == true)
        #expect(missing?.state == .missingFile)
        for error in [grown, missing] {
            #expect(error?.message.contains("table \"trades\"") == true)
            #expect(error?.message.contains("\"\(live)\"") == true)
            #expect(error?.hint?.contains("RESTORE TABLE … FULL") == true)
        }
        #expect(!rig.machine.disk.paths().contains { $0.contains(".staging") })
    }

    @Test("cut the power or fail any call while rotten files are replaced: all or nothing")
    func faults() throws {
        var number = 0
        var outcomes: Set<Bool> = []
        while true {
            number += 1
            let cut = try Self.rig(seed: UInt64(number))
            cut.machine.disk.flipBit(try Self.victim(cut), offset: 100)
            let service = cut.service
            cut.machine.disk.crashAtCall(number)
            cut.machine.runTask("backup") {
                _ = try? service.backup(
                    BackupRequest(scope: .database, kind: .incremental(from: nil), name: "next"))
            }
            let isDone = !cut.machine.isDown
            cut.machine.crash()
            try cut.reopen()
            outcomes.insert(try Self.check(cut, "cut at call \(number)"))

            if isDone { break }
            // Every third call, for the sake of time.
            if number % 3 > 0 { continue }
            let failing = try Self.rig(seed: UInt64(number))
            failing.machine.disk.flipBit(try Self.victim(failing), offset: 100)
            failing.machine.disk.failCall(number: number, with: ErrorNumber.inputOutput)
            let error = failure { () throws(DatabaseError) in _ = try Self.next(failing) }
            failing.machine.disk.clearFaults()
            if failing.storage.failure == nil {
                let isThere = try Self.check(failing, "call \(number) fails")
                #expect(isThere || error != nil)
            }
        }
        #expect(number > 60)
        #expect(outcomes == [true, false])
    }

    /// Whether `next` is there; it is sound then, and so is the backup after it.
    private static func check(_ rig: RestoreRig, _ what: String) throws -> Bool {
        let isThere = try rig.service.list().contains {
            $0.name == "next" && $0.status == .complete
        }
        if isThere { #expect(try rig.service.verify("next", mode: .deep).rows == 96, "\(what)") }
        _ = try next(rig, as: "after")
        #expect(try rig.service.verify("after", mode: .deep).rows == 96, "\(what)")
        #expect(!rig.machine.disk.paths().contains { $0.contains(".staging") })
        return isThere
    }
}
