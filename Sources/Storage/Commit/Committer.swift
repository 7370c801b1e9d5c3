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
    var log: WALWriter
    var database: DatabaseFile
    var tables: [UInt64: LiveTable]
    var names: [String: UInt64] = [:]
    var lastLSN: LSN
    var removals = RemovalQueue()
    var failure: DatabaseError?
    var bytesAtCheckpoint = 0

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
        database = recovered.database
        tables = recovered.tables
        lastLSN = recovered.lastLSN
        for (id, table) in tables { names[DatabaseState.key(table.definition)] = id }
        removals = recovered.removals
        core.publish(state)
    }

    /// The current state as readers see it.
    var state: DatabaseState {
        DatabaseState(lsn: lastLSN, tables: tables.mapValues(\.version), names: names)
    }

    /// Works until the storage is closed.
    func run() {
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

    private typealias Commit = (
        transaction: Transaction,
        completion: @Sendable (Result<CommitResult, DatabaseError>) -> Void
    )

    private func takeCommits(_ jobs: inout ArraySlice<CommitterJob>) -> [Commit] {
        var commits: [Commit] = []
        while case .commit(let transaction, let completion) = jobs.first {
            commits.append((transaction, completion))
            jobs.removeFirst()
        }
        return commits
    }

    /// Does one job that is not a commit; true when it was the last.
    private func perform(_ job: CommitterJob) -> Bool {
        switch job {
        case .commit: preconditionFailure("commits are taken in groups")
        case .flush(nil, let answer): answer.give(attempt(flushAll))
        case .flush(let ids?, let answer):
            answer.give(
                attempt { () throws(DatabaseError) in
                    try self.flush(ids)
                    return self.lastLSN
                })
        case .pin(let owner, let answer):
            answer.give(attempt { () throws(DatabaseError) in try self.pinOnDisk(owner) })
        case .close(let answer):
            answer.give(attempt(flushAll))
            return true
        case .abandon: return true
        }
        return false
    }

    private func attempt<T>(_ body: () throws(DatabaseError) -> T) -> Result<T, DatabaseError> {
        if let failure { return .failure(.storageFailed(failure)) }
        do throws(DatabaseError) { return .success(try body()) } catch { return .failure(error) }
    }

    private func commit(_ commits: [Commit]) {
        var rest = commits[...]
        while let first = rest.first {
            var plan: CommitPlan
            do throws(DatabaseError) {
                try flushBeforeAltering(first.transaction)
                plan = CommitPlan(tables: tables, names: names, nextLSN: lastLSN.next)
            } catch {
                first.completion(.failure(error))
                rest.removeFirst()
                continue
            }
            repeat {
                guard let next = rest.popFirst() else { break }
                add(next, to: &plan)
                // What alters a table is first in its group: see `flushBeforeAltering`.
            } while plan.payload.count < Limits.groupBytes
                && rest.first?.transaction.alteredTables.isEmpty == true
            if !plan.items.isEmpty { commit(plan) }
        }
        keepLimits()
    }

    private func add(_ commit: Commit, to plan: inout CommitPlan) {
        do throws(DatabaseError) {
            if let failure { throw .storageFailed(failure) }
            try plan.add(commit.transaction, commit.completion)
        } catch {
            commit.completion(.failure(error))
        }
    }

    /// Rows in memory have the columns of their table's definition, so that a new one finds none.
    private func flushBeforeAltering(_ transaction: Transaction) throws(DatabaseError) {
        let full = transaction.alteredTables.filter { tables[$0]?.memtable != nil }
        if !full.isEmpty { try flush(full) }
    }

    private func commit(_ plan: CommitPlan) {
        do throws(DatabaseError) {
            for definition in plan.created {
                let path = Path.join(directory, TableDirectory.name(for: definition))
                try platform.files.makeDurableDirectory(path)
            }
            try append(
                plan.payload.bytes, count: plan.items.count,
                isSynced: settings.commitMode == .sync)
        } catch {
            for item in plan.items { item.completion(.failure(error)) }
            return
        }
        for item in plan.items { apply(item.entry, lsn: item.lsn) }
        core.publish(state)
        for item in plan.items { item.completion(.success(CommitResult(lsn: item.lsn))) }
        if settings.commitMode == .async {
            // The commits are answered; a failure here shows in the next one.
            do throws(DatabaseError) { try syncLog() } catch _ {}
        }
    }

    /// Appends one frame; turns a failure that leaves the log unknown into the failed state.
    func append(_ payload: [UInt8], count: Int, isSynced: Bool) throws(DatabaseError) {
        if let failure { throw .storageFailed(failure) }
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

    /// Takes an entry that the log holds into the tables. Cannot fail.
    private func apply(_ entry: LogEntry, lsn: LSN) {
        for edit in entry.edits {
            switch edit {
            case .create(let definition):
                tables[definition.id] = LiveTable(
                    definition: definition, directory: TableDirectory.name(for: definition))
                names[DatabaseState.key(definition)] = definition.id
            case .drop(let id):
                guard let table = tables.removeValue(forKey: id) else { continue }
                names[DatabaseState.key(table.definition)] = nil
                removals.add(table: table, droppedAt: lsn)
            case .truncate(let id):
                guard var table = tables[id] else { continue }
                removals.add(
                    segments: table.segments, of: Path.join(directory, table.directory), at: lsn)
                table.segments = []
                table.memtable = nil
                table.isManifestStale = true
                tables[id] = table
            case .alter(let definition): alter(definition)
            case .replace(let replacement): replace(replacement, lsn: lsn)
            case .attach: preconditionFailure("transactions do not attach segments")
            }
        }
        for append in entry.appends { tables[append.table]?.append(append, lsn: lsn) }
    }

    private func alter(_ definition: TableDefinition) {
        guard var table = tables[definition.id] else { return }
        names[DatabaseState.key(table.definition)] = nil
        names[DatabaseState.key(definition)] = definition.id
        table.definition = definition
        table.isManifestStale = true
        tables[definition.id] = table
    }

    private func replace(_ replacement: SegmentReplacement, lsn: LSN) {
        guard var table = tables[replacement.table] else { return }
        let path = Path.join(directory, table.directory)
        let gone = table.replace(replacement, lsn: lsn, directory: path, files: platform.files)
        removals.add(segments: gone, of: path, at: lsn)
        tables[replacement.table] = table
    }
}
