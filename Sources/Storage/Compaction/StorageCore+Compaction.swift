import Diagnostics
import Platform
import Synchronization

/// What the compactor needs of the committer's side: commits like anybody's, and counters.
extension StorageCore {
    /// Commits and waits; not on the committer's thread.
    func commit(_ transaction: Transaction, workers: any Workers) throws(DatabaseError)
        -> CommitResult
    {
        let answer = Answer<CommitResult>(workers)
        let queued = QueuedCommit(transaction: transaction) { answer.give($0) }
        if let refusal = submit(.commit(queued)) { throw refusal }
        return try answer.wait()
    }

    /// Whether somebody else is rewriting a table.
    func isRewritten(_ table: UInt64) -> Bool {
        let asked = state.withLock { $0.isRewritten }
        return asked?(table) ?? false
    }

    /// Changes the counters of tables.
    func count(_ change: (inout [UInt64: TableCounters]) -> Void) {
        state.withLock { change(&$0.counters) }
    }

    func counters(of table: UInt64) -> TableCounters {
        state.withLock { $0.counters[table] ?? TableCounters() }
    }

    /// Notes what a flush wrote and tells compaction of it.
    func noteFlushed(_ table: UInt64, bytes: Int) {
        let compactor = state.withLock { state in
            state.counters[table, default: TableCounters()].flushed += bytes
            return state.compactor
        }
        compactor?.wake()
    }

    /// Notes what a replacement wrote and tells compaction of what it did not make itself.
    func noteReplaced(_ replacement: SegmentReplacement) {
        let bytes = replacement.added.reduce(0) { $0 + $1.bytes }
        let isLoad = replacement.removed.isEmpty
        let compactor = state.withLock { state in
            if isLoad {
                state.counters[replacement.table, default: TableCounters()].loaded += bytes
            } else {
                state.counters[replacement.table, default: TableCounters()].replaced += bytes
            }
            return state.compactor
        }
        if isLoad { compactor?.wake() }
    }
}
