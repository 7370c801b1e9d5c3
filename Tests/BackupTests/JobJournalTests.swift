import Diagnostics
import Platform
import Storage
import Synchronization
import Testing

@testable import Backup

@Suite("JobJournal")
struct JobJournalTests {
    private func filled() throws -> RestoreRig {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", 0..<30)
        try rig.backup("one")
        return rig
    }

    @Test("backups, restores and verifications are told with their ends after a restart")
    func survives() throws {
        let rig = try filled()
        _ = try rig.service.verify("one", requestedBy: "ann")
        try rig.restore(.table("trades", from: "one", .replace))
        _ = failure { () throws(DatabaseError) in try rig.restore(.table("nope", from: "one")) }
        _ = failure { () throws(DatabaseError) in
            _ = try rig.service.backup(.init(scope: .database, name: "one"))
        }
        // Looking at a plan is no job.
        _ = try rig.service.explainRestore(
            .table("trades", from: "one", .differing), into: rig.storage)
        _ = try rig.service.explainBackup(.init(scope: .database))
        let before = rig.service.listJobs()
        try rig.storage.close()
        try rig.reopen()

        let jobs = rig.service.listJobs()

        #expect(jobs == before)
        #expect(jobs.map(\.act) == [.backup, .restore, .restore, .verify, .backup])
        #expect(jobs.map(\.status) == [.failed, .failed, .complete, .complete, .complete])
        #expect(jobs[0].error?.contains("already exists") == true)
        #expect(jobs[3].requestedBy == "ann")
        #expect(jobs.allSatisfy { $0.finishedAt != nil })
        // The name is the good one's.
        #expect(try rig.service.list().map(\.status) == [.complete])
    }

    @Test("a backup that is refused since its name is taken says nothing of the one that has it")
    func refused() throws {
        let rig = try filled()
        let again = BackupRequest(scope: .database, name: "one")
        #expect(
            failure { () throws(DatabaseError) in _ = try rig.service.announce(again) }?.state
                == .duplicateObject)
        // Two at once: the second finds the name free, and taken when its turn comes.
        let next = BackupRequest(scope: .database, name: "next")
        let first = try rig.service.announce(next)
        let second = try rig.service.announce(next)
        _ = try rig.service.perform(first)
        #expect(
            failure { () throws(DatabaseError) in _ = try rig.service.perform(second) }?.state
                == .duplicateObject)
        for _ in 0..<2 {
            #expect(Set(try rig.service.list().map(\.name)) == ["one", "next"])
            #expect(try rig.service.list().allSatisfy { $0.status == .complete })
            #expect(rig.service.listJobs().filter { $0.status == .failed }.count == 2)
            try rig.storage.close()
            try rig.reopen()
        }
        try rig.service.drop("one")
        #expect(try rig.service.list().map(\.name) == ["next"])
    }

    @Test("a job that runs shows its progress, and one that a power loss ended has failed")
    func interrupted() throws {
        let rig = try filled()
        let service = rig.service
        let seen = Mutex<[JobRecord]>([])
        rig.machine.runTask("backup") { [machine = rig.machine] in
            _ = try? service.backup(.init(scope: .database, name: "two")) {
                let running = service.listJobs().first { $0.name == "two" }
                if let running { seen.withLock { $0.append(running) } }
                if running?.progress?.hasPrefix("copying") == true {
                    machine.disk.crashAtCall(1)
                }
                return false
            }
        }
        if rig.machine.isDown { rig.machine.restart() } else { rig.machine.crash() }
        rig.machine.disk.crashAtCall(nil)
        try rig.reopen()

        let job = try #require(rig.service.listJobs().first)

        #expect(seen.withLock { $0.last?.status } == .running)
        #expect(job.name == "two")
        #expect(job.status == .failed)
        #expect(job.error == "the server ended while it ran")
        #expect(try rig.service.list().contains { $0.name == "two" && $0.status == .failed })
    }

    @Test("only the last ones stay, a thousand of them")
    func limit() throws {
        let rig = try filled()
        let journal = JobJournal(
            in: "/root", files: rig.platform.files, log: rig.storage.log, limit: 5)
        for number in 0..<12 {
            journal.note(
                JobRecord(
                    id: "\(number)", act: .verify, status: .complete, name: "n", path: "/p",
                    kind: "verify", startedAt: 1, finishedAt: 2, requestedBy: "", error: nil,
                    comment: nil))
        }

        let again = JobJournal(in: "/root", files: rig.platform.files, log: rig.storage.log)

        #expect(journal.jobs.map(\.id) == ["7", "8", "9", "10", "11"])
        #expect(again.jobs == journal.jobs)
        #expect(Limits.rememberedJobs == 1_000)
    }

    @Test("every cut and every flipped bit of the file is an error and no job is lost for it")
    func damage() throws {
        let record = JobRecord(
            id: "1", act: .verify, status: .failed, name: "n", path: "/p", kind: "verify",
            startedAt: 1, finishedAt: nil, requestedBy: "u", error: "e", comment: nil)
        let bytes = JobFile.encode([record])
        #expect(try JobFile.decode(bytes) == [record])

        for index in bytes.indices {
            #expect(throws: (any Error).self) { try JobFile.decode(Array(bytes[..<index])) }
            var flipped = bytes
            flipped[index] ^= 1
            #expect(throws: (any Error).self) { try JobFile.decode(flipped) }
        }
        let rig = try filled()
        try rig.storage.close()
        rig.machine.disk.flipBit("/root/db/_jobs", offset: 80, bit: 2)
        try rig.reopen()
        #expect(rig.service.listJobs().isEmpty)
        try rig.backup("two")
        #expect(rig.service.listJobs().map(\.name) == ["two"])
    }

    @Test("a diary that cannot be written to fails nobody")
    func unwritable() throws {
        let rig = try filled()
        rig.machine.disk.fail(.rename, pathContaining: "_jobs", times: 99, with: 5)

        try rig.backup("two")

        #expect(rig.service.listJobs().first?.name == "two")
        rig.machine.disk.clearFaults()
        _ = try rig.service.verify("two")
    }
}
