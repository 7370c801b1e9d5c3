import Diagnostics
import Platform
import Synchronization

/// A task for the committer.
enum CommitterJob: Sendable {
    case commit(Transaction, @Sendable (Result<CommitResult, DatabaseError>) -> Void)
    /// Flushes some tables, or all of them and trims the log.
    case flush([UInt64]?, Answer<LSN>)
    case pin(owner: String, Answer<DiskPin>)
    /// Flushes everything and ends the committer.
    case close(Answer<LSN>)
    /// Ends the committer without writing anything more.
    case abandon
}

/// A result that one task makes and another waits for.
final class Answer<Success: Sendable>: Sendable {
    private let gate: any Gate
    private let result = Mutex<Result<Success, DatabaseError>?>(nil)

    init(_ workers: any Workers) { gate = workers.makeGate() }

    func give(_ value: Result<Success, DatabaseError>) {
        result.withLock { $0 = value }
        gate.open()
    }

    func wait() throws(DatabaseError) -> Success {
        gate.wait()
        guard let value = result.withLock({ $0 }) else { throw .storageClosed() }
        return try value.get()
    }
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
        /// How many snapshots and disk pins hold each LSN.
        var pins: [LSN: Int] = [:]
    }

    let state = Mutex(State())
    let gate: any Gate

    init(gate: any Gate) { self.gate = gate }

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
            case .commit, .flush, .pin: break
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

    func pinCurrent() -> DatabaseState {
        state.withLock { state in
            state.pins[state.current.lsn, default: 0] += 1
            return state.current
        }
    }

    func pin(_ lsn: LSN) { state.withLock { $0.pins[lsn, default: 0] += 1 } }

    func unpin(_ lsn: LSN) {
        state.withLock { state in
            guard let count = state.pins[lsn] else { return }
            state.pins[lsn] = count > 1 ? count - 1 : nil
        }
        gate.open()
    }

    /// The oldest pinned LSN, or nil when nothing is pinned.
    var oldestPin: LSN? { state.withLock { $0.pins.keys.min() } }
}
