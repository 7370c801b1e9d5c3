import Diagnostics
import Platform
import Synchronization

/// A transaction that waits for the committer, and whom to tell.
struct QueuedCommit: Sendable {
    let transaction: Transaction
    let completion: @Sendable (Result<CommitResult, DatabaseError>) -> Void
}

/// A task for the committer.
enum CommitterJob: Sendable {
    case commit(QueuedCommit)
    /// Begins to flush some tables, or all; the answer is what is under way.
    case freeze([UInt64]?, Answer<[FlushTask]>)
    /// The flusher has ended some tasks.
    case flushed([FlushTask])
    /// Attaches what was flushed of some tables; of all, with a checkpoint.
    case settle([UInt64]?, Answer<LSN>)
    case cut(owner: String, Answer<FrozenCut>)
    /// Unlinks what has waited for a prepared snapshot.
    case sweep(Answer<LSN>)
    /// Writes a checkpoint and ends the committer.
    case close(Answer<LSN>)
    /// Ends the committer without writing anything more.
    case abandon
}

/// What the committer shares with everyone: the current state, its queue and the pins.
///
/// The Mutex is never held across a Platform call. Pins are taken under the same lock as the state
/// they pin, so that nothing can be swept in between: this is the one registry of pins.
final class StorageCore: Sendable {
    struct State {
        var current = DatabaseState()
        var jobs: [CommitterJob] = []
        var failure: DatabaseError?
        var isClosed = false
        var nextTableID: UInt64 = 1
        var pins = PinRegistry()
        /// Whether files or tables wait for pins to go: else the committer sleeps on.
        var hasRemovals = false
        /// Bytes written for each table since the start.
        var counters: [UInt64: TableCounters] = [:]
        /// Told of new segments. Weak: it holds this object itself.
        weak var compactor: Compactor?
        var preparation = SnapshotPreparation.none
        /// Bytes that would come free if no snapshot were prepared.
        var retainedBytes = 0
        /// Directories of detached partitions that count no more and are still there. The log is kept
        /// while there are any: nothing else tells.
        var forgotten: Set<ForgottenPartition> = []
        /// Tables that somebody else is rewriting: compaction comes later.
        var isRewritten: (@Sendable (UInt64) -> Bool)?
    }

    let state = Mutex(State())
    /// How long the log was written and synced so far, all commits together, and segments of
    /// statements' rows.
    let diskNanoseconds = Atomic<UInt64>(0)
    let gate: any Gate
    /// Held while a snapshot is prepared: nothing below `db/` is unlinked then.
    let hold: RemovalHold

    /// Room for what gives room back; nil where none is kept.
    let reserve: SpaceReserve?

    init(gate: any Gate, hold: RemovalHold, reserve: SpaceReserve? = nil) {
        self.gate = gate
        self.hold = hold
        self.reserve = reserve
    }

    /// Queues a job, or returns why it cannot be taken.
    func submit(_ job: CommitterJob) -> DatabaseError? {
        let refusal = state.withLock { state -> DatabaseError? in
            if state.isClosed { return .storageClosed() }
            if case .commit = job {
                if let failure = state.failure { return .storageFailed(failure) }
                if state.jobs.count >= Limits.waitingCommits { return .tooManyCommits() }
            }
            switch job {
            case .close, .abandon: state.isClosed = true
            case .commit, .freeze, .flushed, .settle, .cut, .sweep: break
            }
            state.jobs.append(job)
            return nil
        }
        if refusal == nil { gate.open() }
        return refusal
    }

    func takeJobs() -> [CommitterJob] {
        state.withLock { state in
            let jobs = state.jobs
            state.jobs = []
            return jobs
        }
    }

    func publish(_ next: DatabaseState) { state.withLock { $0.current = next } }

    /// Pins the current state.
    func pinCurrent(owner: String, since: Int64) -> (state: DatabaseState, pin: UInt64) {
        state.withLock { state in
            let lsn = state.current.lsn
            let pin = state.pins.add(PinRegistry.Pin(owner: owner, lsn: lsn, since: since))
            return (state.current, pin)
        }
    }

    func pin(owner: String, lsn: LSN, since: Int64) -> UInt64 {
        state.withLock { $0.pins.add(PinRegistry.Pin(owner: owner, lsn: lsn, since: since)) }
    }

    func unpin(_ pin: UInt64) {
        let isWaitedFor = state.withLock { state in
            state.pins.remove(pin)
            return state.hasRemovals
        }
        if isWaitedFor { gate.open() }
    }

    /// The oldest pinned LSN, or nil when nothing is pinned.
    var oldestPin: LSN? { state.withLock { $0.pins.oldest } }
}
