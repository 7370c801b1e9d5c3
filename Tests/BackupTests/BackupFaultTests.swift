import Catalog
import Diagnostics
import Platform
import Storage
import Testing
import Values

@testable import Backup

@Suite("BACKUP and faults")
struct BackupFaultTests {
    /// - Parameter hours: rows in the first backup, an hour apart; later some more come.
    private static func rig(_ seed: UInt64, hours: Int64 = 48, more: Int64 = 12) throws
        -> RestoreRig
    {
        let rig = try RestoreRig(seed: seed)
        try rig.createSmall("trades", 0..<hours)
        _ = try rig.service.backup(BackupRequest(scope: .database, name: "old"))
        try rig.append("trades", hours..<hours + more)
        return rig
    }

    /// Many names, which one sync of the file system makes durable, and few, which are synced one by
    /// one: both ways a power cut must leave all or nothing.
    private static let sizes: [(hours: Int64, more: Int64)] = [(48, 12), (4, 2)]

    private static let request = BackupRequest(
        scope: .database, kind: .incremental(from: "old"), name: "new")

    @Test(
        "cut the power at any call: there is a whole backup or none, and the next one works",
        arguments: sizes)
    func powerCuts(hours: Int64, more: Int64) throws {
        var number = 0
        var outcomes: Set<Bool> = []
        while true {
            number += 1
            let rig = try Self.rig(UInt64(number), hours: hours, more: more)
            let traced = rig.machine.traceLength
            let service = rig.service
            rig.machine.disk.crashAtCall(number)
            rig.machine.runTask("backup") { _ = try? service.backup(Self.request) }
            let isDone = !rig.machine.isDown
            if isDone {
                let syncs = rig.machine.trace.dropFirst(traced).count { $0.contains("syncfs") }
                #expect(syncs == (hours > 24 ? 1 : 0))
            }
            rig.machine.crash()
            try rig.reopen()

            let isThere = try rig.service.list().contains {
                $0.name == "new" && $0.status == .complete
            }
            outcomes.insert(isThere)
            if isThere {
                #expect(
                    try rig.service.verify("new", mode: .deep).rows == Int(hours + more),
                    "call \(number)")
                // Nothing that only a backup being made has came back.
                let made = rig.machine.disk.paths().filter { $0.hasPrefix("/root/backup/new/_") }
                #expect(made == ["/root/backup/new/_backup.json"], "call \(number)")
            }
            #expect(try rig.service.verify("old", mode: .deep).rows == Int(hours), "call \(number)")
            _ = try rig.service.backup(BackupRequest(scope: .database, name: "after"))
            #expect(try rig.service.verify("after").files > 2)
            #expect(!rig.machine.disk.paths().contains { $0.contains(".staging") })
            if isDone { break }
        }
        #expect(number > 40)
        #expect(outcomes == [true, false])
    }

    @Test(
        "whatever call fails, the error says so or the backup is whole, and the server goes on",
        arguments: [ErrorNumber.inputOutput, ErrorNumber.noSpace, ErrorNumber.tooManyOpen])
    func failingCalls(errorNumber: Int32) throws {
        var number = 0
        var failures = 0
        while true {
            number += 1
            let rig = try Self.rig(UInt64(number) + 7_000)
            let before = rig.machine.disk.callCount
            rig.machine.disk.failCall(number: number, with: errorNumber)
            let error = failure { () throws(DatabaseError) in
                _ = try rig.service.backup(Self.request)
            }
            let calls = rig.machine.disk.callCount - before
            rig.machine.disk.clearFaults()
            if rig.storage.failure != nil { continue }

            let isThere = try rig.service.list().contains {
                $0.name == "new" && $0.status == .complete
            }
            if let error {
                failures += 1
                // The rename was made: only the sync behind it may have failed.
                if isThere { #expect(error.state == .inputOutput || error.state == .diskFull) }
            }
            if isThere {
                #expect(try rig.service.verify("new", mode: .deep).rows == 60, "call \(number)")
            } else {
                #expect(error != nil, "call \(number)")
                _ = try rig.service.backup(Self.request)
            }
            #expect(try rig.rows("trades")?.count == 60)
            if calls < number { break }
        }
        #expect(failures > 40)
    }

    @Test("a disk too small is told before anything is copied")
    func estimate() throws {
        let rig = try Self.rig(3)
        rig.machine.disk.setCapacity(rig.machine.disk.usedBytes + 1_000_000)

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service.backup(.init(scope: .database, name: "big"))
        }

        #expect(error?.state == .diskFull)
        #expect(error?.message.contains("bytes free") == true)
        #expect(!rig.machine.disk.paths().contains { $0.contains(".staging") })
    }

    @Test("a prepared snapshot and a backup do not disturb each other")
    func besideSnapshot() throws {
        let rig = try Self.rig(4)
        _ = try rig.storage.prepareSnapshot(.snapshot, preparedAt: 1)
        try rig.append("trades", 60..<70)
        let during = try rig.service.backup(BackupRequest(scope: .database, name: "during"))
        #expect(during.rows == 70)
        #expect(try rig.storage.completeSnapshot(.snapshot))
        #expect(try rig.service.verify("during", mode: .deep).rows == 70)
        let copied = try rig.platform.files.info(during.path + "/snapshot")
        #expect(copied == nil)
    }
}
