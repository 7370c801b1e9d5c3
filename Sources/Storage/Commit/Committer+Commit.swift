import Bytes
import Catalog
import Diagnostics
import Platform
import Synchronization

// Groups of transactions: validated, logged with one write and one sync, applied, answered.
extension Committer {
    func commit(_ commits: [QueuedCommit]) {
        var rest = commits[...]
        while let first = rest.first {
            do throws(DatabaseError) {
                if let failure { throw .storageFailed(failure) }
                try awaitMemory(for: first.transaction)
                try flushBeforeAltering(first.transaction)
            } catch {
                first.completion(.failure(error))
                rest.removeFirst()
                continue
            }
            var plan = CommitPlan(
                tables: tables, names: names, damaged: Set(damaged.keys), nextLSN: lastLSN.next)
            repeat {
                guard let next = rest.popFirst() else { break }
                add(next, to: &plan)
                // What alters a table is first in its group: see `flushBeforeAltering`.
            } while plan.payload.count < Limits.groupBytes
                && rest.first.map({ tablesToFlush(before: $0.transaction).isEmpty }) == true
            if !plan.items.isEmpty { commit(plan) }
        }
        keepLimits()
    }

    private func add(_ commit: QueuedCommit, to plan: inout CommitPlan) {
        do throws(DatabaseError) {
            try giveWay(commit.transaction)
            try plan.add(commit.transaction, commit.completion)
        } catch {
            commit.completion(.failure(error))
        }
    }

    /// Refuses what works in the background on a table that somebody is changing: else his
    /// transaction, not this one, would have to be done again.
    private func giveWay(_ transaction: Transaction) throws(DatabaseError) {
        guard transaction.isYielding else { return }
        for case .replaceSegments(let replacement) in transaction.edits
        where core.isRewritten(replacement.table) {
            let name = tables[replacement.table]?.definition.name ?? "\(replacement.table)"
            throw .staleDefinition(table: name)
        }
    }

    /// Rows in memory have the columns of their table's definition, so that a new one finds none.
    /// With upsert keys they must stand before the later rows of segments that join ready-made.
    private func tablesToFlush(before transaction: Transaction) -> [UInt64] {
        transaction.edits.compactMap { edit in
            switch edit {
            case .alterTable(let definition): return definition.id
            case .replaceSegments(let replacement):
                let hasKeys = tables[replacement.table]?.definition.dedupKeys.isEmpty == false
                let hasFresh = replacement.added.contains { $0.firstLSN == .zero }
                return hasKeys && hasFresh ? replacement.table : nil
            case .createTable, .dropTable, .truncateTable, .forgetDetached, .beginTimeline:
                return nil
            }
        } + transaction.expectedSegments.keys
    }

    private func flushBeforeAltering(_ transaction: Transaction) throws(DatabaseError) {
        let full = tablesToFlush(before: transaction).filter { unflushed[$0] != nil }
        if !full.isEmpty { try flushNow(full) }
    }

    private func commit(_ plan: CommitPlan) {
        do throws(DatabaseError) {
            try makeDirectories(of: plan.created)
            try write(plan)
        } catch {
            for item in plan.items { item.completion(.failure(error)) }
            return
        }
        var touched: Set<UInt64> = []
        for item in plan.items { apply(item.entry, lsn: item.lsn, &touched) }
        for id in touched { update(id, tables[id]) }
        publish()
        if plan.beginsTimeline { recordTimeline() }
        for item in plan.items { item.completion(.success(CommitResult(lsn: item.lsn))) }
        if settings.commitMode == .async {
            // The commits are answered; a failure here shows in the next one.
            do throws(DatabaseError) { try syncLog() } catch _ {}
        }
    }

    /// Writes a plan to the log. One that gives room back gets what is kept of a full disk.
    private func write(_ plan: CommitPlan) throws(DatabaseError) {
        func write() throws(DatabaseError) {
            try append(
                plan.payload.bytes, count: plan.items.count,
                isSynced: settings.commitMode == .sync)
        }
        do throws(DatabaseError) {
            try write()
        } catch {
            guard error.state == .diskFull, plan.freesRoom, core.reserve?.giveUp() == true else {
                throw error
            }
            try write()
        }
    }

    /// Lets `_database` and the next file of the log name the new timeline. The log has it already:
    /// what fails here is done by a later checkpoint.
    private func recordTimeline() {
        do throws(DatabaseError) {
            try rollLog()
            try checkpoint()
        } catch {
            platform.log.log(.error, "storage", "cannot write a checkpoint: \(error)")
        }
    }

    private func makeDirectories(of created: [TableDefinition]) throws(DatabaseError) {
        let paths = created.map { Path.join(directory, TableDirectory.name(for: $0)) }
        if paths.count < PublishBatch.worthwhileFiles {
            for path in paths { try platform.files.makeDurableDirectory(path) }
        } else {
            let batch = PublishBatch(platform.files, root: directory)
            for path in paths { try batch.makeDirectory(path) }
            try batch.finish()
        }
    }

    /// Takes an entry that the log holds into the tables. Cannot fail.
    ///
    /// - Parameter touched: gets the tables that have more rows, for one `update` at the end.
    private func apply(_ entry: LogEntry, lsn: LSN, _ touched: inout Set<UInt64>) {
        for edit in entry.edits {
            switch edit {
            case .create(let definition):
                update(
                    definition.id,
                    LiveTable(
                        definition: definition, directory: TableDirectory.name(for: definition)))
            case .drop(let id):
                core.state.withLock { state in
                    state.forgotten = state.forgotten.filter { $0.table != id }
                }
                guard let table = tables[id] else {
                    dropDamaged(id, at: lsn)
                    continue
                }
                update(id, nil)
                // A TRUNCATE before has left flushes behind that write into its directory as well.
                let writing = table.flushing + abandoned.filter { $0.table == id }
                removals.add(table: table, writing: writing, droppedAt: lsn)
            case .truncate(let id):
                guard var table = tables[id] else { continue }
                removals.add(segments: table.segments, at: lsn)
                abandoned += table.empty()
                update(id, table)
            case .alter(let definition):
                guard var table = tables[definition.id] else { continue }
                table.definition = definition
                table.isManifestStale = true
                update(definition.id, table)
            case .replace(let replacement):
                guard var table = tables[replacement.table] else { continue }
                removals.keep(
                    segments: replacement.added, of: Path.join(directory, table.directory))
                let gone = table.replace(
                    replacement, lsn: lsn, directory: Path.join(directory, table.directory),
                    files: platform.files)
                removals.add(segments: gone, at: lsn)
                update(replacement.table, table)
                core.noteReplaced(replacement)
            case .timeline(let timeline):
                database.enter(timeline)
                log.timeline = timeline
            case .forget(let partition):
                core.state.withLock { _ = $0.forgotten.insert(partition) }
            case .attach: preconditionFailure("transactions do not attach segments")
            }
        }
        for append in entry.appends {
            guard var table = tables[append.table] else { continue }
            let isFirst = table.memtable == nil
            table.append(append, lsn: lsn)
            if isFirst { update(append.table, table) }
            touched.insert(append.table)
        }
    }
}
