import Diagnostics
import Platform
import Storage
import Synchronization

@testable import Backup

/// A backup or a restore that stops in a stage of its work, and goes on only when it is told to.
///
/// On the simulated machine whoever had to wait for it would wait for ever, and the process ends with
/// the list of who waits where: no time has to be measured.
final class HeldJob: Sendable {
    private let hasStopped = Atomic(false)
    private let hasEnded = Atomic(false)
    private let gate: any Gate
    private let failure = Mutex<DatabaseError?>(nil)

    /// - Parameter work: gets what it is to ask whether it is cancelled.
    init(
        in stage: BackupProgress.Stage, _ rig: RestoreRig, _ act: JobRecord.Act,
        _ work: @escaping @Sendable (@escaping @Sendable () -> Bool) throws(DatabaseError) -> Void
    ) {
        gate = rig.platform.workers.makeGate()
        let service = rig.service
        rig.platform.workers.start("held") { [self] in
            do throws(DatabaseError) {
                try work { [self] in stop(service, in: stage, act) }
            } catch {
                failure.withLock { $0 = error }
            }
            hasEnded.store(true, ordering: .releasing)
        }
        rig.machine.run { isStopped || isEnded }
    }

    /// A backup of the database with the name "held".
    static func backup(in stage: BackupProgress.Stage, _ rig: RestoreRig) -> HeldJob {
        var request = BackupRequest(scope: .database, name: "held")
        request.workers = 1
        return HeldJob(in: stage, rig, .backup) {
            [request, service = rig.service] isCancelled throws(DatabaseError) in
            _ = try service.backup(request, isCancelled: isCancelled)
        }
    }

    static func restore(
        _ request: RestoreRequest, in stage: BackupProgress.Stage, _ rig: RestoreRig
    ) -> HeldJob {
        HeldJob(in: stage, rig, .restore) {
            [service = rig.service, storage = rig.storage] isCancelled throws(DatabaseError) in
            _ = try service.restore(request, into: storage, isCancelled: isCancelled)
        }
    }

    private func stop(
        _ service: BackupService, in stage: BackupProgress.Stage, _ act: JobRecord.Act
    ) -> Bool {
        let isThere = service.listJobs().contains {
            $0.act == act && $0.status == .running
                && $0.progress?.hasPrefix(stage.rawValue) == true
        }
        if isThere, !hasStopped.exchange(true, ordering: .acquiringAndReleasing) { gate.wait() }
        return false
    }

    private var isStopped: Bool { hasStopped.load(ordering: .acquiring) }
    private var isEnded: Bool { hasEnded.load(ordering: .acquiring) }
    var isHeld: Bool { isStopped && !isEnded }

    /// Lets it go on to its end.
    func goOn(_ machine: SimulatedPlatform) throws(DatabaseError) {
        gate.open()
        machine.run { isEnded }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

extension RestoreRig {
    /// Runs something as a task of its own, to its end, while others may be held.
    func meanwhile(_ act: @escaping @Sendable () throws(DatabaseError) -> Void)
        throws(DatabaseError)
    {
        let failed = Mutex<DatabaseError?>(nil)
        machine.runTask("meanwhile") {
            do throws(DatabaseError) { try act() } catch { failed.withLock { $0 = error } }
        }
        if let error = failed.withLock({ $0 }) { throw error }
    }
}
