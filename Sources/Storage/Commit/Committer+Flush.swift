import Bytes
import Catalog
import Diagnostics
import Platform

// Rows leave memory in three steps: `freeze` takes them out of the memtable, the flusher writes
// them as segments, `attach` names the segments by an edit. Per table in the order of commits.
extension Committer {
    /// Takes the rows of some tables, or of all, out of their memtables and hands them to the
    /// flusher. Flushes that failed before are tried again.
    ///
    /// - Returns: everything of these tables that is not attached yet, in order.
    func freeze(_ ids: [UInt64]?) -> [FlushTask] {
        var outstanding: [FlushTask] = []
        var fresh: [FlushTask] = []
        for id in (ids ?? Array(unflushed.keys)).sorted() {
            fresh += retryFailed(id) + freeze(id)
            outstanding += tables[id]?.flushing ?? []
        }
        // At once, so that many of them share their syncs.
        flusher.add(fresh)
        return outstanding
    }

    private func freeze(_ id: UInt64) -> [FlushTask] {
        guard var table = tables[id], let memtable = table.memtable else { return [] }
        let task = FlushTask(
            definition: table.definition, directory: Path.join(directory, table.directory),
            rows: memtable.frozen, before: FlushTask.Before(table), upTo: lastLSN,
            workers: platform.workers)
        table.memtable = nil
        table.flushing.append(task)
        update(id, table)
        return [task]
    }

    /// Makes new tasks for rows whose flush failed.
    private func retryFailed(_ id: UInt64) -> [FlushTask] {
        guard var table = tables[id] else { return [] }
        var again: [FlushTask] = []
        for (place, task) in table.flushing.enumerated() {
            guard case .failure = task.outcome.result else { continue }
            table.flushing[place] = task.again(workers: platform.workers)
            again.append(table.flushing[place])
        }
        if !again.isEmpty { update(id, table) }
        return again
    }

    /// Takes note of flushes that ended. What was attached or abandoned meanwhile is none of the
    /// table's any more.
    func collect(_ tasks: [FlushTask]) {
        var written: [FlushTask] = []
        for task in tasks
        where tables[task.table]?.flushing.contains(where: { $0 === task }) == true {
            switch task.outcome.result {
            case nil: continue
            case .failure(let error): noteFailure(of: task, error)
            case .success: written.append(task)
            }
        }
        guard let first = written.first else { return }
        do throws(DatabaseError) {
            try attach(written.map(\.table))
            flushRetry = nil
        } catch {
            noteFailure(of: first, error)
        }
    }

    private func noteFailure(of task: FlushTask, _ error: DatabaseError) {
        if flushRetry == nil {
            platform.log.log(
                .error, "storage",
                "cannot flush table \(task.definition.name), its rows stay in memory and in "
                    + "the log: \(error)")
        }
        let now = platform.clock.monotonicNanoseconds()
        flushRetry = (now + Limits.flushRetryNanoseconds, error)
    }

    /// Names the segments of finished flushes of some tables by one edit, the oldest first.
    private func attach(_ ids: [UInt64]) throws(DatabaseError) {
        var entry = LogEntry()
        var attached: [(id: UInt64, table: LiveTable, bytes: Int)] = []
        for id in Set(ids).sorted() {
            guard var table = tables[id] else { continue }
            let (handles, upTo) = table.takeFlushed()
            guard let upTo else { continue }
            entry.edits.append(
                .attach(table: id, segments: handles.map(\.entry), completeTo: upTo))
            attached.append((id, table, handles.reduce(0) { $0 + $1.entry.bytes }))
        }
        if attached.isEmpty { return }
        var payload = ByteWriter()
        entry.encode(into: &payload)
        try append(payload.bytes, count: 1, isSynced: true)
        for (id, table, bytes) in attached {
            update(id, table)
            core.noteFlushed(id, bytes: bytes)
        }
        publish()
    }

    /// Flushes some tables while the commits wait: for edits that must find nothing in memory.
    func flushNow(_ ids: [UInt64]) throws(DatabaseError) {
        for task in freeze(ids) { _ = try task.outcome.wait() }
        try attach(ids)
    }

    /// Attaches what was written of some tables; of all, and writes a checkpoint.
    func settle(_ ids: [UInt64]?) throws(DatabaseError) -> LSN {
        try attach(ids ?? Array(unflushed.keys))
        if ids == nil { try checkpoint() }
        return lastLSN
    }

    // MARK: - Limits

    /// Bytes of rows in memory, those being flushed included.
    private var memoryBytes: Int { unflushed.values.reduce(0, +) }

    /// Freezes what grew beyond a limit, and trims the log.
    func keepLimits() {
        if failure != nil { return }
        retryAfterWait()
        flusher.add(tablesToFreeze().flatMap(freeze))
        if log.totalBytes - bytesAtCheckpoint >= settings.walFileBytes {
            do throws(DatabaseError) {
                try checkpoint()
            } catch {
                platform.log.log(.error, "storage", "cannot write a checkpoint: \(error)")
                // Not again with every commit.
                bytesAtCheckpoint = log.totalBytes
            }
        }
    }

    private func retryAfterWait() {
        guard let retry = flushRetry, platform.clock.monotonicNanoseconds() >= retry.at else {
            return
        }
        flushRetry = (
            platform.clock.monotonicNanoseconds() + Limits.flushRetryNanoseconds, retry.error
        )
        for id in unflushed.keys.sorted() {
            flusher.add(retryFailed(id))
            if let written = tables[id]?.flushing.first { collect([written]) }
        }
    }

    private func tablesToFreeze() -> [UInt64] {
        var chosen: [UInt64] = []
        var active: [(id: UInt64, bytes: Int)] = []
        let isLogLong = log.totalBytes >= settings.walRetentionBytes
        for id in unflushed.keys.sorted() {
            guard let table = tables[id], let memtable = table.memtable else { continue }
            let holdsBackLog = isLogLong && log.isInOldestFile(memtable.firstLSN)
            if holdsBackLog || memtable.rowCount >= settings.flushRows
                || memtable.byteCount >= settings.flushBytes
            {
                chosen.append(id)
            } else {
                active.append((id, memtable.byteCount))
            }
        }
        // Above half of the memory the largest go first, until a quarter is left.
        var bytes = active.reduce(0) { $0 + $1.bytes }
        if bytes >= settings.writeMemoryBytes / 2 {
            for (id, size) in active.sorted(by: { $0.bytes > $1.bytes }) {
                chosen.append(id)
                bytes -= size
                if bytes <= settings.writeMemoryBytes / 4 { break }
            }
        }
        return chosen
    }

    /// Slows commits down when memory is three quarters full, refuses them when it is full.
    ///
    /// - Throws: 53200, or what keeps rows from being flushed: 53100 on a full disk.
    func awaitMemory(for transaction: Transaction) throws(DatabaseError) {
        let limit = settings.writeMemoryBytes
        if transaction.appends.isEmpty || memoryBytes < limit / 4 * 3 { return }
        if memoryBytes >= limit, flushRetry == nil { _ = freeze(nil) }
        while memoryBytes >= limit / 4 * 3, let task = oldestRunningFlush {
            // A failure is noted by `collect` and thrown below when memory is full.
            _ = try? task.outcome.wait()
            collect([task])
        }
        if memoryBytes >= limit { throw flushRetry?.error ?? .writeMemoryFull(limit: limit) }
    }

    private var oldestRunningFlush: FlushTask? {
        unflushed.keys.compactMap { id in
            tables[id]?.flushing.first { $0.outcome.result == nil }
        }.min { $0.upTo < $1.upTo }
    }
}
