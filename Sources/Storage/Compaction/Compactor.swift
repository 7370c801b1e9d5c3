import Catalog
import Diagnostics
import Platform
import Synchronization

/// Rewrites segments, one job at a time, on a thread of its own and for `Storage.compact`.
///
/// It reads through a pin like everybody, writes beside the live files and asks the committer for
/// one edit; it never holds the committer. Whoever changes the same segments first wins: the loser
/// throws its files away and looks anew.
final class Compactor: Sendable {
    private struct State {
        var isStarted = false
        var isStopped = false
        var idleness = PartitionIdleness()
        /// When work is tried again after a failure.
        var retryAt: UInt64 = 0
        /// Whether a table was passed over because somebody is rewriting it.
        var hasPassedOver = false
        /// Segments that tables were left with by the last relief.
        var relieved: [UInt64: Int] = [:]
    }

    /// Where to look for a job, and of which kind.
    private struct Scope {
        /// nil is all.
        var tables: Set<UInt64>?
        var isThorough = false
        /// Small jobs for somebody who is rewriting the table himself.
        var isRelief = false
    }

    /// What one try came to.
    enum Outcome {
        case nothing
        case done
        /// The segments or the table changed meanwhile, or one turned out to be damaged.
        case again
        case failed(DatabaseError)
    }

    private let core: StorageCore
    private let platform: Platform
    private let settings: StorageSettings
    private let directory: String
    private let state = Mutex(State())
    private let wakeUp: any Gate
    private let end: any Gate

    init(
        core: StorageCore, platform: Platform, settings: StorageSettings, directory: String
    ) {
        self.core = core
        self.platform = platform
        self.settings = settings
        self.directory = directory
        wakeUp = platform.workers.makeGate()
        end = platform.workers.makeGate()
    }

    /// Starts the background thread.
    func start() {
        state.withLock { $0.isStarted = true }
        platform.workers.start("compaction") {
            self.run()
            self.end.open()
        }
    }

    /// Tells the background thread that there are new segments.
    func wake() { if state.withLock({ $0.isStarted }) { wakeUp.open() } }

    /// Tells the background thread that somebody is done with rewriting tables. Without this a table
    /// that gets new segments from its UPDATEs alone would be looked at while one runs, and then not
    /// before the interval is over.
    func resume() {
        let isDue = state.withLock { state in
            defer { state.hasPassedOver = false }
            return state.hasPassedOver && state.isStarted
        }
        if isDue { wakeUp.open() }
    }

    /// Ends the background thread without waiting for it.
    func cancel() {
        let isRunning = state.withLock { state in
            state.isStopped = true
            return state.isStarted
        }
        if isRunning { wakeUp.open() }
    }

    /// Ends the background thread and waits until it has.
    func stop() {
        let isRunning = state.withLock { state in
            defer { state.isStarted = false }
            state.isStopped = true
            return state.isStarted
        }
        if !isRunning { return }
        wakeUp.open()
        end.wait()
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func run() {
        let interval = UInt64(max(1, settings.compaction.intervalSeconds)) * 1_000_000_000
        while !isStopped {
            _ = wakeUp.wait(nanoseconds: interval)
            while !isStopped, now >= state.withLock({ $0.retryAt }) {
                switch work(Scope(), isIdle: { self.isIdle($0, $1) }) {
                case .done, .again: continue
                case .nothing: break
                case .failed(let error): postpone(error)
                }
                break
            }
        }
    }

    private var now: UInt64 { platform.clock.monotonicNanoseconds() }

    private func postpone(_ error: DatabaseError) {
        if isStopped { return }
        platform.log.log(
            .advisory, "compaction",
            "postponed for \(settings.compaction.retrySeconds) seconds: \(error)")
        let pause = UInt64(max(0, settings.compaction.retrySeconds)) * 1_000_000_000
        let until = now &+ pause
        state.withLock { $0.retryAt = until }
    }

    /// Notes what there is and says of each partition with more than one segment how long it has
    /// been as it is.
    private func isIdle(_ table: TableVersion, _ partition: String) -> Bool {
        let members = table.segments.lazy.filter { $0.entry.partition == partition }
        let mark = members.map(\.entry.id)
        let limit = UInt64(max(0, settings.compaction.idleSeconds)) * 1_000_000_000
        let now = now
        return state.withLock { state in
            let since = state.idleness.since(
                table.definition.id, partition, count: mark.count, last: mark.last ?? "", now: now)
            return now &- since >= limit
        }
    }

    /// Compacts until nothing is left to do, as if every partition were idle.
    func drain(_ tables: Set<UInt64>?, isThorough: Bool) throws(DatabaseError) {
        for _ in 0..<Limits.compactionJobs {
            let scope = Scope(tables: tables, isThorough: isThorough)
            switch work(scope, isIdle: { _, _ in true }) {
            case .nothing: return
            case .done, .again: continue
            case .failed(let error): throw error
            }
        }
    }

    /// Puts small segments of a table together for somebody who is about to rewrite it and lets
    /// nobody else do so. Where one UPDATE follows the other the background never has its turn, and
    /// every one of them leaves segments behind. What fails here is left to the background.
    func relieve(_ table: UInt64) {
        let count = segmentCount(of: table)
        let left = state.withLock { $0.relieved[table] ?? 0 }
        // Looking costs as much as there are segments, so that many must be new.
        if count < left + max(settings.compaction.crowdedSegments, left / 4) { return }
        for _ in 0..<Limits.reliefJobs {
            switch work(Scope(tables: [table], isRelief: true), isIdle: { _, _ in false }) {
            case .done, .again: continue
            case .nothing, .failed:
                let rest = segmentCount(of: table)
                return state.withLock { state in
                    if state.relieved.count >= Limits.watchedPartitions { state.relieved = [:] }
                    state.relieved[table] = rest
                }
            }
        }
    }

    private func segmentCount(of table: UInt64) -> Int {
        core.state.withLock { $0.current.tables[table]?.segments.count ?? 0 }
    }

    /// Whether a table is left alone for now.
    private func passesOver(_ table: UInt64) -> Bool {
        guard core.isRewritten(table) else { return false }
        state.withLock { $0.hasPassedOver = true }
        // Once more: who gives the table back after this answer finds it said.
        return core.isRewritten(table)
    }

    /// Looks for the smallest job and does it.
    private func work(_ scope: Scope, isIdle: (TableVersion, String) -> Bool) -> Outcome {
        let (pinned, pin) = core.pinCurrent(owner: "compaction", since: platform.clock.now())
        defer { core.unpin(pin) }
        let most = scope.isRelief ? Limits.reliefBytes : Int.max
        var planner = CompactionPlanner(
            size: settings.segmentSize, inputBytes: min(most, settings.compaction.inputBytes))
        planner.isThorough = scope.isThorough
        if scope.isRelief { planner.mostCrumbs = Limits.reliefCrumbs }
        var best: (job: CompactionJob, table: TableVersion)?
        for table in pinned.tables.values.sorted(by: { $0.definition.id < $1.definition.id })
        where table.segments.count > 1 && scope.tables?.contains(table.definition.id) != false
            && (scope.isRelief || !passesOver(table.definition.id))
        {
            planner.spareBytes = core.counters(of: table.definition.id)
                .spareBytes(holding: table.segments.reduce(0) { $0 + $1.entry.bytes })
            let jobs = planner.jobs(
                table.definition, table.segments.map(\.entry), idle: { isIdle(table, $0) },
                excluded: Set(table.segments.lazy.filter { $0.damage != nil }.map(\.entry.id)))
            if let job = jobs.first, job.bytes <= most,
                best.map({ job.bytes < $0.job.bytes }) ?? true
            {
                best = (job, table)
            }
        }
        guard let best else { return .nothing }
        return perform(best.job, best.table, scope)
    }

    private func perform(_ job: CompactionJob, _ table: TableVersion, _ scope: Scope) -> Outcome {
        let path = Path.join(directory, table.directory)
        let merge = SegmentMerge(
            platform: platform, directory: path, definition: table.definition,
            size: settings.segmentSize, isCancelled: { self.isStopped })
        do throws(MergeFailure) {
            let spare = scope.isRelief ? Limits.reliefRoomBytes : 0
            if let error = shortage(of: job, path, spare) { return .failed(error) }
            let added = try merge.write(job)
            // Nothing comes back when the server stops.
            if added.isEmpty { return .nothing }
            return commit(job, table, added, path, isYielding: !scope.isRelief)
        } catch {
            switch error {
            case .failed(let cause): return .failed(cause)
            case .damaged(let entry, let cause, let isOfOpening):
                let handle = table.segments.first { $0.entry.id == entry.id }
                if handle?.note(cause, isOfOpening: isOfOpening) == true {
                    platform.log.log(
                        .error, "compaction",
                        "table \(table.definition.name), a segment is left as it is: \(cause)")
                }
                return .again
            }
        }
    }

    /// The room that a job needs is looked for first: filling the disk would fail everybody else.
    private func shortage(of job: CompactionJob, _ path: String, _ spare: Int) -> DatabaseError? {
        do throws(DatabaseError) {
            let free = try platform.files.freeBytes(of: path)
            return free < job.bytes + job.bytes / 8 + spare
                ? .noRoomToCompact(job.bytes, free) : nil
        } catch {
            return error
        }
    }

    private func commit(
        _ job: CompactionJob, _ table: TableVersion, _ added: [SegmentEntry], _ path: String,
        isYielding: Bool
    ) -> Outcome {
        let replacement = SegmentReplacement(
            table: table.definition.id, definitionVersion: table.definition.version,
            removed: job.removed, added: added)
        do throws(DatabaseError) {
            var transaction = Transaction(edits: [.replaceSegments(replacement)])
            // A transaction that has rewritten these segments would fail for nothing.
            transaction.isYielding = isYielding
            _ = try core.commit(transaction, workers: platform.workers)
            let bytes = added.reduce(0) { $0 + $1.bytes }
            core.count { $0[table.definition.id, default: TableCounters()].compacted += bytes }
            return .done
        } catch {
            // After a failed write to the log nobody knows whether the edit is in it: the files
            // stay, and the next opening sweeps them when it is not.
            if error.state == .inputOutput { return .failed(error) }
            discard(added, path)
            let isLost = error.state == .serializationFailure || error.state == .undefinedTable
            return isLost ? .again : .failed(error)
        }
    }

    private func discard(_ entries: [SegmentEntry], _ path: String) {
        for entry in entries {
            // What cannot be removed is swept at the next opening.
            do throws(DatabaseError) {
                try platform.files.remove(Path.join(path, entry.relativePath))
            } catch _ {}
        }
    }
}

/// Since when partitions have been as they are. Lives in memory: a start begins it anew.
struct PartitionIdleness {
    private struct Key: Hashable {
        let table: UInt64
        let partition: String
    }

    private var known: [Key: (count: Int, last: String, since: UInt64)] = [:]

    /// Notes the present segments and says since when they have been there.
    mutating func since(
        _ table: UInt64, _ partition: String, count: Int, last: String, now: UInt64
    ) -> UInt64 {
        let key = Key(table: table, partition: partition)
        if let known = known[key], known.count == count, known.last == last { return known.since }
        if known.count >= Limits.watchedPartitions { known = [:] }
        known[key] = (count, last, now)
        return now
    }
}
