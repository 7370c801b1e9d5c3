import Diagnostics
import Platform
import Synchronization

/// A backup, restore or verification that runs or has ended in this process: its progress, and the
/// flag that cancels it.
///
/// Written by the thread that runs it, read by any thread that lists backups.
final class BackupJob: Sendable {
    struct State {
        var name = ""
        var path = ""
        var kind = "full"
        var parent: String?
        var status = BackupInfo.Status.running
        var stage = BackupProgress.Stage.binding
        var bytesDone = 0
        var bytesTotal = 0
        var finishedAt: Int64?
        var error: String?
        var isCancelled = false
        var claim: RestoreClaim?
        var contents: Contents?
        var bytesCopied = 0
        var stageBegan: UInt64 = 0
        var lastReport: UInt64 = 0
    }

    /// What a backup is going to hold, once it is planned.
    struct Contents: Sendable {
        let lsn: UInt64
        let tables: Int
        let partitions: Int
        let rows: Int
        let bytes: Int
    }

    let id: String
    let act: JobRecord.Act
    let startedAt: Int64
    let comment: String?
    let requestedBy: String
    private let clock: any WorldClock
    private let bytesPerSecond: Int?
    private let sink: any ProgressSink
    private let isCancelledByCaller: @Sendable () -> Bool
    private let state: Mutex<State>

    init(
        id: String, _ act: JobRecord.Act = .backup, request: BackupRequest, clock: any WorldClock,
        sink: any ProgressSink, isCancelled: @escaping @Sendable () -> Bool
    ) {
        self.id = id
        self.act = act
        startedAt = clock.now()
        comment = request.comment
        requestedBy = request.requestedBy
        bytesPerSecond = request.bytesPerSecond
        self.clock = clock
        self.sink = sink
        isCancelledByCaller = isCancelled
        state = Mutex(State())
    }

    func name(_ name: String, path: String, isIncremental: Bool, parent: String?) {
        state.withLock {
            $0.name = name
            $0.path = path
            $0.kind = isIncremental ? "incremental" : "full"
            $0.parent = parent
        }
    }

    /// The place belongs to another backup, and what becomes of this job says nothing of it.
    func giveUpPlace() { state.withLock { $0.path = "" } }

    /// Names the backup that a restore or a verification reads.
    func reads(_ name: String, path: String) {
        state.withLock {
            $0.name = name
            $0.path = path
            $0.kind = act.rawValue
        }
    }

    /// What a restore has for itself as long as it runs.
    var runningClaim: RestoreClaim? {
        state.withLock { $0.status == .running ? $0.claim : nil }
    }

    func claims(_ claim: RestoreClaim) { state.withLock { $0.claim = claim } }

    func holds(_ contents: Contents) { state.withLock { $0.contents = contents } }

    func begin(_ stage: BackupProgress.Stage, bytes: Int = 0) throws(DatabaseError) {
        try checkCancelled()
        let now = clock.monotonicNanoseconds()
        state.withLock {
            $0.stage = stage
            $0.bytesTotal = bytes
            $0.bytesDone = 0
            $0.stageBegan = now
        }
    }

    /// Counts bytes that are done, reports when a second has gone by, and stops when cancelled.
    func advance(_ bytes: Int) throws(DatabaseError) {
        try checkCancelled()
        state.withLock {
            $0.bytesDone += bytes
            if $0.stage == .copying { $0.bytesCopied += bytes }
        }
        reportWhenDue()
        try keepRate()
    }

    private func reportWhenDue() {
        let now = clock.monotonicNanoseconds()
        let due = state.withLock { state -> BackupProgress? in
            guard now >= state.lastReport + Limits.progressIntervalNanoseconds else { return nil }
            state.lastReport = now
            return progress(of: state, now: now)
        }
        if let due { sink.report(due) }
    }

    /// Waits while more was copied than the rate allows.
    private func keepRate() throws(DatabaseError) {
        guard let rate = bytesPerSecond, rate > 0 else { return }
        while true {
            let now = clock.monotonicNanoseconds()
            let ahead = state.withLock { state -> UInt64 in
                guard state.stage == .copying else { return 0 }
                let due = Double(state.bytesDone) / Double(rate) * 1_000_000_000
                let elapsed = Double(now - min(now, state.stageBegan))
                return due > elapsed ? UInt64(min(due - elapsed, 1e18)) : 0
            }
            if ahead == 0 { return }
            try checkCancelled()
            clock.wait(nanoseconds: min(ahead, Limits.rateWaitNanoseconds))
            reportWhenDue()
        }
    }

    func notice(_ message: String) { sink.notice(message) }

    func warn(_ message: String) { sink.warn(message) }

    func cancel() { state.withLock { $0.isCancelled = true } }

    func checkCancelled() throws(DatabaseError) {
        if state.withLock({ $0.isCancelled }) || isCancelledByCaller() { throw .backupCancelled() }
    }

    func end(_ error: DatabaseError?) {
        let now = clock.now()
        let nanoseconds = clock.monotonicNanoseconds()
        let last = state.withLock { state -> BackupProgress? in
            state.finishedAt = now
            state.error = error?.message
            if let error {
                state.status = error.state == .cancelled ? .cancelled : .failed
                return nil
            }
            state.status = .complete
            state.stage = .complete
            return progress(of: state, now: nanoseconds)
        }
        if let last { sink.report(last) }
    }

    /// The job as `_jobs` keeps it.
    var record: JobRecord {
        let state = state.withLock { $0 }
        return JobRecord(
            id: id, act: act, status: state.status, name: state.name, path: state.path,
            kind: state.kind, startedAt: startedAt, finishedAt: state.finishedAt,
            requestedBy: requestedBy, error: state.error, comment: comment)
    }

    /// The job as a row of `backups()`.
    var info: BackupInfo {
        let state = state.withLock { $0 }
        var info = BackupInfo(id: id, name: state.name, path: state.path, status: state.status)
        info.kind = state.kind
        info.parent = state.parent
        info.startedAt = startedAt
        info.finishedAt = state.finishedAt
        info.error = state.error
        info.comment = comment
        guard state.status == .running else { return info }
        info.progress = progress(of: state, now: clock.monotonicNanoseconds()).text
        if let contents = state.contents {
            info.lsn = contents.lsn
            info.tables = contents.tables
            info.partitions = contents.partitions
            info.rows = contents.rows
            info.bytes = contents.bytes
            info.bytesCopied = state.bytesCopied
        }
        return info
    }

    private func progress(of state: State, now: UInt64) -> BackupProgress {
        let nanoseconds = now - min(now, state.stageBegan)
        let rate =
            nanoseconds >= Limits.rateAfterNanoseconds
            ? Double(state.bytesDone) / (Double(nanoseconds) / 1_000_000_000) : 0
        return BackupProgress(
            id: id, name: state.name, stage: state.stage, bytesDone: state.bytesDone,
            bytesTotal: state.bytesTotal, bytesPerSecond: Int(min(rate, 1e15)))
    }
}
