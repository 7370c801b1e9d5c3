package import Diagnostics
import Platform
import Synchronization

/// The tables of one root: opened, recovered, changed by commits, read by snapshots.
///
/// All methods may be called from any thread but an event loop's: `open`, `pinOnDisk`, `flush` and
/// `close` block.
package final class Storage: Sendable {
    package let root: String
    package let settings: StorageSettings
    let platform: Platform
    let core: StorageCore
    let compactor: Compactor
    private let lock: (any FileLock)?

    init(
        root: String, settings: StorageSettings, platform: Platform, core: StorageCore,
        lock: (any FileLock)?
    ) {
        self.root = root
        self.settings = settings
        self.platform = platform
        self.core = core
        self.lock = lock
        compactor = Compactor(
            core: core, platform: platform, settings: settings, directory: Path.join(root, "db"))
        core.state.withLock { $0.compactor = compactor }
        if settings.compaction.isEnabled, !settings.isReadOnly { compactor.start() }
    }

    deinit {
        // Without `close` nothing more is written: the log has everything that was acknowledged.
        _ = core.submit(.abandon)
        compactor.cancel()
        lock?.release()
    }

    /// Who this is; the timeline changes when a whole database is restored.
    package var identity: DatabaseIdentity { core.state.withLock { $0.current.identity } }

    /// The name of a timeline that nobody has had yet.
    package func makeTimeline() -> String { DatabaseFile.makeUUID(platform.chance) }

    /// The directory of the tables.
    package var databaseDirectory: String { Path.join(root, "db") }

    /// The highest LSN that readers see.
    package var lastLSN: LSN { core.state.withLock { $0.current.lsn } }

    /// What is wrong with a table that could not be opened, if there is one.
    package var damage: DatabaseError? {
        core.state.withLock { $0.current.damaged }.min { $0.key < $1.key }?.value.error
    }

    /// The error after which nothing is accepted any more, if there was one.
    package var failure: DatabaseError? { core.state.withLock { $0.failure } }

    /// Issues an id for a table about to be created. Ids are never issued twice.
    package func reserveTableID() -> UInt64 {
        core.state.withLock { state in
            defer { state.nextTableID += 1 }
            return state.nextTableID
        }
    }

    /// Pins all tables at the newest LSN. Writes nothing.
    ///
    /// - Parameter owner: who shows up in `pins()`.
    package func snapshot(owner: String = "query") -> Snapshot {
        let now = platform.clock.now()
        let (state, pin) = core.pinCurrent(owner: owner, since: now)
        return Snapshot(state: state, pin: pin, core: core)
    }

    /// The same: a cut that lives in memory.
    package func pin() -> Snapshot { snapshot() }

    /// The moment it is, on the clock that pins are stamped with.
    package var now: Int64 { platform.clock.now() }

    /// Everything that holds on to a moment of the database, the oldest first.
    package var pins: [PinInfo] {
        let (pins, preparation, bytes) = core.state.withLock {
            ($0.pins, $0.preparation, $0.retainedBytes)
        }
        guard case .prepared(let snapshot) = preparation else { return pins.list }
        // Kept by files in the root and not by the registry: also after a crash.
        let held = PinInfo(
            owner: snapshot.kind.owner, lsn: snapshot.lsn, since: snapshot.preparedAt,
            retainedBytes: bytes)
        var list = pins.list
        list.insert(held, at: list.firstIndex { $0.since > held.since } ?? list.count)
        return list
    }

    /// Queues a transaction. `completion` runs on the committer's thread and must be quick.
    ///
    /// The completion gets 42P07 for a name in use, 42P01 for a table that is gone, 40001 for rows
    /// built on an older definition, 23502 for NULLs where none may be, 53100 for a full disk,
    /// 58030 after a failed sync.
    package func commit(
        _ transaction: Transaction,
        completion: @escaping @Sendable (Result<CommitResult, DatabaseError>) -> Void
    ) {
        let refusal =
            settings.isReadOnly
            ? .readOnlyRoot()
            : core.submit(
                .commit(QueuedCommit(transaction: transaction, completion: completion)))
        if let refusal { completion(.failure(refusal)) }
    }

    /// Commits and waits: for tools and tests, never for a session.
    package func commit(_ transaction: Transaction) throws(DatabaseError) -> CommitResult {
        let answer = Answer<CommitResult>(platform.workers)
        commit(transaction) { answer.give($0) }
        return try answer.wait()
    }

    /// Pins the newest LSN and waits until its rows in memory are in segments, for backup and
    /// SNAPSHOT PREPARE. Commits go on meanwhile and are not inside.
    ///
    /// - Parameter check: asked while rows become segments; what it throws ends the waiting, not the
    ///   flush.
    package func pinOnDisk(
        owner: String, check: () throws(DatabaseError) -> Void = {}
    ) throws(DatabaseError) -> DiskPin {
        if settings.isReadOnly { throw .readOnlyRoot() }
        let answer = Answer<FrozenCut>(platform.workers)
        if let refusal = core.submit(.cut(owner: owner, answer)) { throw refusal }
        let cut = try answer.wait()
        do throws(DatabaseError) {
            var written: [UInt64: [SegmentEntry]] = [:]
            for table in cut.tables {
                for task in table.flushing {
                    let handles = try task.outcome.wait(check)
                    written[task.table, default: []] += handles.map(\.entry)
                }
            }
            return DiskPin(
                cut, written: written, owner: owner, databaseDirectory: databaseDirectory,
                core: core)
        } catch {
            core.unpin(cut.pin)
            throw error
        }
    }

    /// How long commits have waited for the log so far and statements for segments of their rows, all
    /// together: who needs much of the disk looks at how fast this grows, and leaves them some.
    package var diskNanoseconds: UInt64 { core.diskNanoseconds.load(ordering: .relaxed) }

    /// Writes all rows in memory to segments, manifests, and trims the log.
    package func flush() throws(DatabaseError) {
        if settings.isReadOnly { return }
        try flush(only: nil)
    }

    /// - Parameter tables: nil for all, and a checkpoint after them.
    func flush(only tables: [UInt64]?) throws(DatabaseError) {
        let frozen = Answer<[FlushTask]>(platform.workers)
        if let refusal = core.submit(.freeze(tables, frozen)) { throw refusal }
        for task in try frozen.wait() { _ = try task.outcome.wait() }
        let settled = Answer<LSN>(platform.workers)
        if let refusal = core.submit(.settle(tables, settled)) { throw refusal }
        _ = try settled.wait()
    }

    /// Queues a job without waiting for it; a closed storage takes none.
    func submit(_ job: CommitterJob) { _ = core.submit(job) }

    /// The name of a table's directory, which RENAME leaves as it is.
    func directoryName(of table: UInt64) -> String? {
        core.state.withLock { $0.current.tables[table]?.directory }
    }

    /// Flushes and gives the root back, also when flushing fails: the log has everything. Idempotent.
    package func close() throws(DatabaseError) {
        defer { lock?.release() }
        if settings.isReadOnly || core.state.withLock({ $0.isClosed }) { return }
        compactor.stop()
        var problem: DatabaseError?
        do throws(DatabaseError) { try flush() } catch { problem = error }
        let answer = Answer<LSN>(platform.workers)
        if core.submit(.close(answer)) != nil { return }
        _ = try answer.wait()
        if let problem { throw problem }
    }
}
