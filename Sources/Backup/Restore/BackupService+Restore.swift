import Catalog
package import Diagnostics
import Platform
package import Storage
import Synchronization

/// RESTORE: the mirror of BACKUP. BackupService+Listing.swift finds the backup by its name, the job
/// is one of those `backups()` shows and CANCEL BACKUP ends; everything else is in this folder.
extension BackupService {
    /// Restores from a backup into the open database. When it returns, all tables show the restored
    /// rows, at one LSN; when it throws, everything is as it was.
    ///
    /// - Throws: 55000, 55006, 58P01, XX001, 0A000, 42P01, 42P07, 42704, 42804, 22023, 42501, 53100,
    ///   58030, 57014, and 40001 when other transactions change the same tables again and again.
    package func restore(
        _ request: RestoreRequest, into storage: Storage,
        progress: any ProgressSink = SilentProgress(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DatabaseError) -> RestoreSummary {
        let live = storage.snapshot()
        let claim = RestoreClaim(request, live)
        live.release()
        let job = try enlistRestore(
            request, claim, progress: progress, isCancelled: isCancelled)
        do throws(DatabaseError) {
            let summary = try run(request, into: storage, job: job)
            end(job, nil)
            return summary
        } catch {
            let told =
                error.state == .cancelled
                ? DatabaseError.restoreCancelled() : error.inBackup(job.info.path)
            noteDamage(error, metAt: job.info.path)
            end(job, told)
            throw told
        }
    }

    /// The plan of a restore, for EXPLAIN: nothing is copied and nothing changes.
    package func explainRestore(
        _ request: RestoreRequest, into storage: Storage,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DatabaseError) -> [PlanStep] {
        let job = BackupJob(
            id: makeID(), request: BackupRequest(scope: .database), clock: platform.clock,
            sink: SilentProgress(), isCancelled: isCancelled)
        do throws(DatabaseError) {
            let source = try openSource(request, job: job)
            defer { source.close() }
            let live = try freeze(request, source, storage)
            defer { live.release() }
            let plan = try makePlan(
                request, source, live, storage, job: job, countsLostRows: true, tableIDs: { 0 })
            return plan.steps
        } catch {
            throw error.inBackup(job.info.path)
        }
    }

    /// The statement, step by step.
    private func run(_ request: RestoreRequest, into storage: Storage, job: BackupJob)
        throws(DatabaseError) -> RestoreSummary
    {
        let source = try openSource(request, job: job)
        defer { source.close() }
        self.source.journal?.note(job.record)
        var attempt = 1
        while true {
            let live = try freeze(request, source, storage)
            defer { live.release() }
            let plan = try makePlan(
                request, source, live, storage, job: job,
                countsLostRows: request.mode != .refuse, tableIDs: storage.reserveTableID)
            if let conflict = plan.firstConflict { throw conflict }
            announce(plan, job: job)
            let room = try RestoreRoom.admit(plan, storage)
            var material = makeMaterial(request, storage, room, job: job)
            do throws(DatabaseError) {
                var edits = try materialise(plan, into: &material, job: job)
                let timeline = beginTimeline(request, &edits, storage)
                try job.begin(.publishing)
                let lsn = try commit(edits, storage)
                return conclude(
                    plan, source, material, lsn: lsn, timeline: timeline, job: job)
            } catch {
                discard(material, after: error, storage)
                // Somebody changed the tables meanwhile: what was planned is no longer what is.
                guard error.state == .serializationFailure, attempt < Limits.restoreAttempts else {
                    throw error
                }
                attempt += 1
            }
        }
    }

    // MARK: - Steps

    /// 1 and 2. Reads the manifest and checks the backup against it.
    private func openSource(_ request: RestoreRequest, job: BackupJob) throws(DatabaseError)
        -> RestoreSource
    {
        let (path, manifest, inUse) = try openForReading(request.source)
        do throws(DatabaseError) {
            job.reads(Path.name(of: path), path: path)
            try job.begin(.verifying, bytes: manifest.bytes)
            let opening = RestoreSourceOpening(
                platform: platform, job: job, temporary: cutDirectory(of: job), inUse: inUse)
            return try opening.open(
                name: Path.name(of: path), path: path, manifest: manifest,
                isAdopted: try isAdopted(path), scope: request.scope)
        } catch {
            inUse?.release()
            throw error
        }
    }

    /// The live tables, with every row of those concerned in segments.
    private func freeze(
        _ request: RestoreRequest, _ source: RestoreSource, _ storage: Storage
    ) throws(DatabaseError) -> Snapshot {
        let before = storage.snapshot()
        let affected = try RestorePlanner.affectedTables(request, source, before)
        before.release()
        if !affected.isEmpty { try storage.flush(tables: affected) }
        return storage.snapshot()
    }

    /// 3. Decides what is copied, linked, used again, replaced.
    private func makePlan(
        _ request: RestoreRequest, _ source: RestoreSource, _ live: Snapshot, _ storage: Storage,
        job: BackupJob, countsLostRows: Bool, tableIDs: @escaping () -> UInt64
    ) throws(DatabaseError) -> RestorePlan {
        try job.begin(.planning)
        let planner = RestorePlanner(
            request: request, source: source, live: live, storage: storage,
            makeTableID: tableIDs, countsLostRows: countsLostRows,
            checkCancelled: { () throws(DatabaseError) in try job.checkCancelled() })
        return try planner.plan()
    }

    /// Says before anything is done what will be lost.
    private func announce(_ plan: RestorePlan, job: BackupJob) {
        for directory in plan.relations.compactMap(\.unreadable) {
            job.notice("db/\(directory), which cannot be read, goes with its files")
        }
        guard let lost = plan.rowsLost, lost.count > 0 else { return }
        let number = lost.isExact ? "\(lost.count)" : "up to \(lost.count)"
        let partitions = plan.tables.flatMap(\.partitions)
        let losing = partitions.filter { ($0.rowsLost?.count ?? 0) > 0 }
        let gone = partitions.count { $0.action == .drop }
        let replaced =
            plan.tables.contains { ($0.rowsLost?.count ?? 0) > 0 }
            ? "tables" : "\(losing.count) partitions"
        job.notice(
            "\(number) rows are only in the database and not in the backup; they are lost with the "
                + "\(replaced) that are replaced"
                + (gone > 0 ? "; \(gone) partitions that the backup lacks go" : ""))
    }

    private func makeMaterial(
        _ request: RestoreRequest, _ storage: Storage, _ room: RestoreRoom?, job: BackupJob
    ) -> RestoreMaterial {
        let crew = Crew(workers: platform.workers, count: Limits.usualCopyWorkers)
        return RestoreMaterial(
            files: storage.files, chance: platform.chance, job: job,
            isVerified: request.isVerified, crew: crew, writeback: writeback(of: crew),
            room: room, notice: { job.notice($0) })
    }

    /// 4 and 5. Brings the segments beside the live ones and checks them.
    private func materialise(
        _ plan: RestorePlan, into material: inout RestoreMaterial, job: BackupJob
    ) throws(DatabaseError) -> [Edit] {
        try job.begin(.copying, bytes: plan.bytesToRead(isVerified: material.isVerified))
        var edits = plan.relations.flatMap(\.edits)
        let brought = try material.bring(plan.tables.map(\.files))
        for (table, entries) in zip(plan.tables, brought) { edits += table.edits(adding: entries) }
        try job.checkCancelled()
        return edits
    }

    /// A database that is not what it was goes on under a new name, so that its later backups are
    /// never taken for those of the history that was left.
    private func beginTimeline(
        _ request: RestoreRequest, _ edits: inout [Edit], _ storage: Storage
    ) -> String? {
        guard case .database = request.scope, !edits.isEmpty else { return nil }
        let timeline = storage.makeTimeline()
        edits.append(.beginTimeline(timeline))
        return timeline
    }

    /// 6. The one edit that is the restore.
    private func commit(_ edits: [Edit], _ storage: Storage) throws(DatabaseError) -> LSN {
        if edits.isEmpty { return storage.lastLSN }
        return try storage.commit(Transaction(edits: edits)).lsn
    }

    /// Takes the files away, unless the log may name them all the same: after a failed write to it
    /// nobody knows. Then the next opening keeps or sweeps them.
    private func discard(
        _ material: RestoreMaterial, after error: DatabaseError, _ storage: Storage
    ) {
        if storage.failure == nil, error.state != .shutdown { material.discard() }
    }

    private func conclude(
        _ plan: RestorePlan, _ source: RestoreSource, _ material: RestoreMaterial, lsn: LSN,
        timeline: String?, job: BackupJob
    ) -> RestoreSummary {
        if let timeline { job.notice("a new timeline begins: \(timeline)") }
        let changed = plan.tables.flatMap(\.partitions).filter { $0.action != .reuse }
        return RestoreSummary(
            id: job.id, name: source.name, path: source.path, lsn: lsn.value,
            tables: plan.tables.count, partitions: changed.count, files: plan.files.count,
            rows: changed.reduce(0) { $0 + $1.rows }, bytesCopied: material.bytesCopied,
            bytesLinked: material.bytesLinked, bytesReused: material.bytesReused,
            rowsLost: plan.rowsLost?.count,
            durationMicroseconds: max(0, platform.clock.now() - job.startedAt),
            timeline: timeline, advancedSequences: plan.relations.compactMap(\.advanced?.id))
    }

    /// One restore of a table at a time.
    private func enlistRestore(
        _ request: RestoreRequest, _ claim: RestoreClaim, progress: any ProgressSink,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(DatabaseError) -> BackupJob {
        let job = makeJob(
            .restore, of: request.source, by: request.requestedBy, progress: progress,
            isCancelled: isCancelled)
        job.claims(claim)
        let isFree = jobs.withLock { jobs in
            if jobs.contains(where: { $0.runningClaim?.isInTheWay(of: claim) == true }) {
                return false
            }
            jobs.take(job)
            return true
        }
        guard isFree else { throw .restoreBusy() }
        return job
    }
}

extension RestorePlan.Relation {
    fileprivate var edits: [Edit] {
        (replaced.map { [.dropTable(id: $0)] } ?? [])
            + (definition.map { [.createTable($0)] } ?? [])
            + (advanced.map { [.alterTable($0)] } ?? [])
    }
}

extension RestorePlan.Table {
    /// The edits of the one transaction that concern this table.
    fileprivate func edits(adding entries: [SegmentEntry]) -> [Edit] {
        let removed = partitions.flatMap(\.removed).map(\.id)
        var edits: [Edit] = []
        switch change {
        case .create: edits.append(.createTable(definition))
        case .replace(let id):
            edits.append(.dropTable(id: id))
            edits.append(.createTable(definition))
        case .partitions: break
        }
        if removed.isEmpty, entries.isEmpty { return edits }
        edits.append(
            .replaceSegments(
                SegmentReplacement(
                    table: definition.id, definitionVersion: definition.version, removed: removed,
                    added: entries)))
        return edits
    }
}
