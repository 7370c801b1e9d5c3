import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Backup

@Suite("Damage that is remembered")
struct DamageNotesTests {
    /// A full backup `f` of two days, an incremental `i1` that shares them, and later rows.
    private static func rig() throws -> RestoreRig {
        let rig = try RestoreRig()
        try rig.createSmall("trades", 0..<48)
        try rig.backup("f")
        try rig.append("trades", 48..<72)
        try rig.backup("i1", .incremental(from: "f"))
        try rig.append("trades", 72..<96)
        return rig
    }

    private static func segments(_ rig: RestoreRig, of name: String) -> [String] {
        rig.machine.disk.paths().filter {
            $0.hasPrefix("/root/backup/\(name)/") && $0.hasSuffix(".seg")
        }
    }

    /// Flips a bit of a segment of `i1`: one of `f` too, or its own.
    private static func harm(_ rig: RestoreRig, isShared: Bool = true) throws {
        let shared = Set(segments(rig, of: "f").map { Path.name(of: $0) })
        let victim = try #require(
            segments(rig, of: "i1").first { shared.contains(Path.name(of: $0)) == isShared })
        rig.machine.disk.flipBit(victim, offset: 100)
    }

    private static func states(_ rig: RestoreRig) throws -> [String: BackupInfo.Status] {
        Dictionary(
            try rig.service.list().map { ($0.name, $0.status) }, uniquingKeysWith: { $1 })
    }

    private static func notes(_ rig: RestoreRig) -> [String] {
        rig.machine.disk.paths().filter { $0.contains("/.verified/damaged-") }
    }

    private static func isDamaged(_ rig: RestoreRig, _ name: String, _ mode: VerifyMode = .full)
        -> Bool
    {
        failure { () throws(DatabaseError) in _ = try rig.service.verify(name, mode: mode) }?.state
            == .corrupted
    }

    private static func next(
        _ rig: RestoreRig, from parent: String? = nil, _ record: ProgressRecord = ProgressRecord()
    ) throws -> BackupSummary {
        try rig.service.backup(
            BackupRequest(scope: .database, kind: .incremental(from: parent), name: "next"),
            progress: record)
    }

    @Test(
        "nothing links to what a verification found damaged, nor to who shares it",
        arguments: [nil, "i1", "f"], [VerifyMode.quick, .full, .deep])
    func sharedDamage(parent: String?, mode: VerifyMode) throws {
        let rig = try Self.rig()
        if mode == .quick {
            let victim = try #require(Self.segments(rig, of: "f").first)
            let file = try rig.platform.files.open(victim, .readWrite, permissions: 0)
            try file.truncate(to: try file.size() - 1)
        } else {
            try Self.harm(rig)
        }
        #expect(Self.isDamaged(rig, "i1", mode))

        #expect(try Self.states(rig) == ["f": .failed, "i1": .failed])
        let told = try rig.service.list().first { $0.name == "f" }?.error
        #expect(told?.hasPrefix("found damaged: it shares a file with 'i1': ") == true)
        try rig.losePower()
        let record = ProgressRecord()
        let next = try Self.next(rig, from: parent, record)

        #expect(!next.isIncremental && next.bytesLinked == 0 && next.parent == nil)
        let notice = record.notices.withLock { $0 }.first { $0.contains("found damaged") }
        #expect(notice?.contains("'\(parent ?? "i1")'") == true)
        #expect(notice?.contains("this one is FULL") == true)
        #expect(try rig.service.verify("next", mode: .deep).rows == 96)
    }

    @Test("a backup that shares nothing of the damage goes on to be a parent")
    func ownDamage() throws {
        let rig = try Self.rig()
        try Self.harm(rig, isShared: false)
        #expect(Self.isDamaged(rig, "i1"))

        let next = try Self.next(rig)

        #expect(try Self.states(rig) == ["f": .complete, "i1": .failed, "next": .complete])
        #expect(next.parent == "f" && next.bytesLinked > 0)
        #expect(try rig.service.verify("next", mode: .deep).rows == 96)
    }

    @Test("a verification goes on after the first damage and tells how much there is")
    func everything() throws {
        let rig = try Self.rig()
        try Self.harm(rig, isShared: false)
        try Self.harm(rig)

        let error = failure { () throws(DatabaseError) in _ = try rig.service.verify("i1") }

        #expect(error?.detail == "2 of its files are damaged.")
        #expect(try Self.states(rig) == ["f": .failed, "i1": .failed])
    }

    @Test("what a restore met is remembered as well")
    func restored() throws {
        let rig = try Self.rig()
        try Self.harm(rig)
        try rig.drop("trades")
        try rig.storage.flush()

        let error = rig.refusal(of: .table("trades", from: "i1"))

        #expect(error?.state == .corrupted)
        #expect(try Self.states(rig) == ["f": .failed, "i1": .failed])
    }

    @Test("a verification that succeeds clears it, QUICK does not, and dropping forgets it")
    func cleared() throws {
        let rig = try Self.rig()
        try Self.harm(rig)
        #expect(Self.isDamaged(rig, "i1"))
        try Self.harm(rig)

        _ = try rig.service.verify("i1", mode: .quick)
        #expect(try Self.states(rig) == ["f": .failed, "i1": .failed])
        _ = try rig.service.verify("i1")
        #expect(try Self.states(rig) == ["f": .failed, "i1": .complete])
        #expect(try Self.next(rig, from: "i1").bytesLinked > 0)
        try rig.service.drop("f")
        #expect(Self.notes(rig) == [])
    }

    @Test("what only DEEP finds is cleared by DEEP alone")
    func deep() throws {
        let rig = try Self.rig()
        let (path, manifest) = try rig.service.manifest(of: "i1")
        let place = Destination(path: Path.directory(of: path), files: rig.platform.files)
        let damage = Damage(foundAt: 1, mode: "deep", text: "order\nof\u{1}rows")
        try DamageNotes(in: place).add(damage, of: manifest.id, "i1")

        #expect(try DamageNotes(in: place).damage(of: manifest.id, "i1") == damage)
        #expect(damage.text == "order of rows")
        _ = try rig.service.verify("i1")
        #expect(try Self.states(rig)["i1"] == .failed)
        _ = try rig.service.verify("i1", mode: .deep)
        #expect(try Self.states(rig)["i1"] == .complete)
    }

    @Test("a renamed backup keeps its note, and a copy of a sound one has none of its own")
    func renamed() throws {
        let rig = try Self.rig()
        try Self.harm(rig, isShared: false)
        #expect(Self.isDamaged(rig, "i1"))
        let files = rig.platform.files
        try files.rename("/root/backup/i1", to: "/root/backup/other", replacing: false)
        #expect(try Self.states(rig) == ["f": .complete, "other": .failed])
        #expect(try Self.next(rig).parent == "f")

        // Under the first name there is another directory of the same id again, and it is sound.
        let place = Destination(path: "/root/backup", files: files)
        let notes = try DamageNotes(in: place)
        let id = try place.manifest(of: "f").id
        try notes.add(Damage(foundAt: 1, mode: "full", text: "x"), of: id, "next")
        #expect(try Self.states(rig)["f"] == .complete)
    }

    @Test(
        "a note that is damaged speaks against the backup, and a verification puts it right",
        arguments: ["", "x", "1 full", "1 other x", "99999999999999999999 full x", "huge", "place"])
    func hostile(content: String) throws {
        let rig = try Self.rig()
        try Self.harm(rig, isShared: false)
        #expect(Self.isDamaged(rig, "i1"))
        try Self.harm(rig, isShared: false)
        let note = try #require(Self.notes(rig).first)
        let files = rig.platform.files
        try files.remove(note)
        switch content {
        case "place": try files.makeDurableDirectory(note)
        case "huge": try files.publish([UInt8](repeating: 65, count: 20_000), as: note)
        default: try files.publish(Array(content.utf8), as: note)
        }

        #expect(try Self.states(rig) == ["f": .complete, "i1": .failed])
        #expect(try Self.next(rig).parent == "f")
        _ = try rig.service.verify("i1")
        #expect(try Self.states(rig)["i1"] == .complete)
    }

    @Test("on a full disk, with any call that fails and after a power cut, VERIFY tells the truth")
    func faults() throws {
        let full = try Self.rig()
        try Self.harm(full)
        full.machine.disk.setCapacity(full.machine.disk.usedBytes)
        #expect(Self.isDamaged(full, "i1"))
        full.machine.disk.setCapacity(nil)
        #expect(Self.isDamaged(full, "i1"))
        #expect(try Self.states(full)["i1"] == .failed)

        for number in [5, 20, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 90] {
            let rig = try Self.rig()
            try Self.harm(rig)
            rig.machine.disk.failCall(number: number, with: ErrorNumber.inputOutput)
            let error = failure { () throws(DatabaseError) in _ = try rig.service.verify("i1") }
            #expect([.corrupted, .inputOutput].contains(error?.state), "call \(number)")
            rig.machine.disk.clearFaults()
            #expect(Self.isDamaged(rig, "i1"))
            #expect(try Self.states(rig) == ["f": .failed, "i1": .failed], "call \(number)")

            let cut = try Self.rig()
            try Self.harm(cut)
            let service = cut.service
            cut.machine.disk.crashAtCall(number)
            cut.machine.runTask("verify") { _ = try? service.verify("i1") }
            cut.machine.crash()
            try cut.reopen()
            _ = try cut.service.list()
            #expect(Self.isDamaged(cut, "i1"))
            #expect(try !Self.next(cut).isIncremental, "call \(number)")
            #expect(try cut.service.verify("next").files > 2)
        }
    }

    @Test("a parent that is found damaged while its files are linked gives up the backup")
    func foundMeanwhile() throws {
        let rig = try Self.rig()
        let place = Destination(path: "/root/backup", files: rig.platform.files)
        let id = try place.manifest(of: "i1").id
        let disk = rig.machine.disk
        let isNoted = Mutex(false)

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service.backup(
                BackupRequest(scope: .database, kind: .incremental(from: "i1"), name: "next"),
                isCancelled: {
                    let isLinking = disk.paths().contains { $0.contains("/.staging-") }
                    guard isLinking, !isNoted.withLock({ $0 }) else { return false }
                    isNoted.withLock { $0 = true }
                    try? DamageNotes(in: place).add(
                        Damage(foundAt: 1, mode: "full", text: "found"), of: id, "i1")
                    return false
                })
        }

        #expect(error?.state == .corrupted)
        #expect(error?.message.hasPrefix("parent was found damaged") == true)
        #expect(try Self.next(rig).parent == "f")
    }
}
