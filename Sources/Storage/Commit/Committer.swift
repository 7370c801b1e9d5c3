import Bytes
import Catalog
import Diagnostics
import Platform
import Synchronization

/// The one task that changes anything: it takes what waits, validates it, appends it to the log
/// with one write and one sync, applies it, publishes the new state in one swap and answers all.
///
/// INV-1 nothing is visible before the log holds it as durably as the commit mode asks.
/// INV-2 after a failed sync nothing more is acknowledged.
// SAFETY: all stored variables are touched only by the task that `run` is started on; before that
// by the opener alone. What others see goes through `core`.
final class Committer: @unchecked Sendable {
    let core: StorageCore
    let platform: Platform
    let settings: StorageSettings
    let directory: String
    let onFatal: @Sendable (DatabaseError) -> Void
    let flusher: Flusher
    var log: WALWriter
    var database: DatabaseFile
    /// Changed through `update` alone, which keeps what is derived from it.
    private(set) var tables: [UInt64: LiveTable] = [:]
    private(set) var names: [String: UInt64] = [:]
    /// What readers get at the next `publish`.
    private var next = DatabaseState()
    /// Tables with rows that no segment holds, and their bytes in memory.
    private(set) var unflushed: [UInt64: Int] = [:]
    /// Tables whose newest manifest on disk is behind.
    private(set) var stale: Set<UInt64> = []
    var lastLSN: LSN
    var removals: RemovalQueue
    var failure: DatabaseError?
    var bytesAtCheckpoint = 0
    /// While there are any the log is kept: it may hold what they need.
    private(set) var damaged: [UInt64: DamagedTable]
    /// A part of the log was given up: no damaged table can be made whole with it any more.
    let isLogGivenUp: Bool
    /// Bytes kept by a prepared snapshot when the log last told of them.
    var retainedAtReport = 0
    /// Flushes of rows that were truncated meanwhile: their files go when they are written.
    var abandoned: [FlushTask] = []
    /// When flushes that failed are tried again, and why the last one did.
    var flushRetry: (at: UInt64, error: DatabaseError)?

    init(
        core: StorageCore, platform: Platform, settings: StorageSettings, directory: String,
        recovered: RecoveredDatabase, log: WALWriter,
        onFatal: @escaping @Sendable (DatabaseError) -> Void
    ) {
        self.core = core
        self.platform = platform
        self.settings = settings
        self.directory = directory
        self.onFatal = onFatal
        self.log = log
        flusher = Flusher(
            platform: platform, directory: directory, limit: settings.segmentSize, core: core)
        database = recovered.database
        lastLSN = recovered.lastLSN
        removals = recovered.removals
        damaged = recovered.damaged
        isLogGivenUp = recovered.isLogGivenUp
        for (id, table) in recovered.tables { update(id, table) }
        next.damaged = recovered.damaged
        publish()
    }

    /// Shows readers the newest state.
    func publish() {
        next.lsn = lastLSN
        next.identity = database.identity
        next.names = names
        core.publish(next)
    }

    /// Drops a table that nothing is known of but its directory.
    func dropDamaged(_ id: UInt64, at lsn: LSN) {
        guard let table = damaged.removeValue(forKey: id) else { return }
        next.damaged = damaged
        removals.tables.append(table.removal(at: lsn))
    }

    /// Puts a table's new state in the place of the old one; nil drops it.
    func update(_ id: UInt64, _ table: LiveTable?) {
        let old = tables[id]
        if let old, old.definition != table?.definition {
            let key = DatabaseState.key(old.definition)
            if names[key] == id { names[key] = nil }
        }
        tables[id] = table
        next.tables[id] = table?.version
        stale.remove(id)
        unflushed[id] = nil
        guard let table else { return }
        if old?.definition != table.definition {
            names[DatabaseState.key(table.definition)] = id
        }
        if table.isManifestStale { stale.insert(id) }
        if table.hasUnflushedRows { unflushed[id] = table.memoryBytes }
    }

    /// Works until the storage is closed.
    func run() {
        defer { flusher.stop() }
        while true {
            core.gate.wait()
            var jobs = core.takeJobs()[...]
            while !jobs.isEmpty {
                let commits = takeCommits(&jobs)
                if !commits.isEmpty { commit(commits) }
                guard let job = jobs.popFirst() else { break }
                if perform(job) { return }
            }
            if failure == nil { sweep() }
        }
    }

    private func takeCommits(_ jobs: inout ArraySlice<CommitterJob>) -> [QueuedCommit] {
        var commits: [QueuedCommit] = []
        while case .commit(let commit) = jobs.first {
            commits.append(commit)
            jobs.removeFirst()
        }
        return commits
    }

    /// Does one job that is not a commit; true when it was the last.
    private func perform(_ job: CommitterJob) -> Bool {
        switch job {
        case .commit: preconditionFailure("commits are taken in groups")
        case .freeze(let ids, let answer):
            answer.give(attempt { () throws(DatabaseError) in self.freeze(ids) })
        case .flushed(let tasks): collect(tasks)
        case .settle(let ids, let answer):
            answer.give(attempt { () throws(DatabaseError) in try self.settle(ids) })
        case .cut(let owner, let answer):
            answer.give(attempt { () throws(DatabaseError) in try self.cut(owner) })
        case .sweep(let answer):
            if failure == nil { sweep() }
            answer.give(.success(lastLSN))
        case .close(let answer):
            answer.give(attempt { () throws(DatabaseError) in try self.settle(nil) })
            return true
        case .abandon: return true
        }
        return false
    }

    private func attempt<T>(_ body: () throws(DatabaseError) -> T) -> Result<T, DatabaseError> {
        if let failure { return .failure(.storageFailed(failure)) }
        do throws(DatabaseError) { return .success(try body()) } catch { return .failure(error) }
    }

    /// Appends one frame; turns a failure that leaves the log unknown into the failed state.
    func append(_ payload: [UInt8], count: Int, isSynced: Bool) throws(DatabaseError) {
        if let failure { throw .storageFailed(failure) }
        let begun = platform.clock.monotonicNanoseconds()
        defer {
            let took = platform.clock.monotonicNanoseconds() - begun
            core.diskNanoseconds.wrappingAdd(took, ordering: .relaxed)
        }
        do throws(WALFailure) {
            try log.append(
                payload, firstLSN: lastLSN.next, transactions: count, isSynced: isSynced)
        } catch {
            throw note(error)
        }
        lastLSN = log.lastLSN
    }

    /// Makes the whole log durable.
    func syncLog() throws(DatabaseError) {
        if let failure { throw .storageFailed(failure) }
        do throws(WALFailure) { try log.sync() } catch { throw note(error) }
    }

    /// Begins a new log file, so that those before may go.
    func rollLog() throws(DatabaseError) {
        do throws(WALFailure) { try log.roll(to: lastLSN.next) } catch { throw note(error) }
    }

    private func note(_ failure: WALFailure) -> DatabaseError {
        switch failure {
        case .rejected(let error): return error
        case .fatal(let error):
            let answer = DatabaseError.storageFailed(error)
            self.failure = error
            core.state.withLock { $0.failure = error }
            onFatal(answer)
            return answer
        }
    }
}
