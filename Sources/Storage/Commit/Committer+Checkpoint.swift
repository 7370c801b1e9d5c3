import Bytes
import Catalog
import Diagnostics
import Platform
import Synchronization

// Checkpoint, trim, cut and sweep. The order is always: segments durable, edit in the log, manifest
// durable, `_database`, and only then anything is unlinked.
extension Committer {
    /// Publishes the manifests that are behind, records where the log begins and trims it.
    func checkpoint() throws(DatabaseError) {
        try syncLog()
        try publishManifests(of: stale.sorted().compactMap { tables[$0] })
        for index in removals.tables.indices where !removals.tables[index].isMarked {
            try mark(removals.tables[index])
            removals.tables[index].isMarked = true
        }
        try trim()
        bytesAtCheckpoint = log.totalBytes
    }

    private func publishManifests(of behind: [LiveTable]) throws(DatabaseError) {
        let isWorthwhile = behind.count >= PublishBatch.worthwhileFiles
        let batch = isWorthwhile ? PublishBatch(platform.files, root: directory) : nil
        do throws(DatabaseError) {
            for table in behind {
                let manifest = manifest(of: table)
                let path = Path.join(directory, table.directory, manifest.name)
                if try platform.files.info(path) != nil {
                    // A try that failed after the rename: the name may not be durable yet.
                    try platform.files.syncDirectory(Path.directory(of: path))
                } else if let batch {
                    try batch.add(manifest.encode(), as: path)
                } else {
                    try platform.files.publish(manifest.encode(), as: path)
                }
            }
            try batch?.finish()
        } catch {
            batch?.abandon()
            throw error
        }
        for table in behind {
            if table.manifestLSN == nil {
                try StagedTable.end(Path.join(directory, table.directory), platform.files)
            }
            noteManifest(of: table)
        }
    }

    private func noteManifest(of table: LiveTable) {
        var table = table
        if let old = table.manifestLSN, old != lastLSN {
            let path = Path.join(directory, table.directory, Manifest.name(old))
            removals.add(path: path, at: lastLSN)
        }
        table.manifestLSN = lastLSN
        table.isManifestStale = false
        update(table.definition.id, table)
    }

    private func manifest(of table: LiveTable) -> Manifest {
        Manifest(
            definition: table.definition, lsn: lastLSN,
            completeTo: table.completeTo(at: lastLSN), isDropped: false,
            segments: table.segments.map(\.entry))
    }

    /// Makes a dropped table's directory say so itself, before the log forgets it.
    private func mark(_ table: RemovalQueue.Table) throws(DatabaseError) {
        let directory = Path.join(self.directory, table.directory)
        let path = Path.join(directory, table.manifest.name)
        if try platform.files.info(directory) == nil { return }
        if try platform.files.info(path) == nil {
            try platform.files.publish(table.manifest.encode(), as: path)
        } else {
            try platform.files.syncDirectory(directory)
        }
    }

    private func trim() throws(DatabaseError) {
        let needed =
            unflushed.keys.compactMap { tables[$0]?.firstUnflushed }.min() ?? lastLSN.next
        if needed > lastLSN, log.end > WALFileHeader.bytes {
            try rollLog()
        }
        let isNeeded = core.state.withLock { !$0.forgotten.isEmpty }
        let isKept = isNeeded || !damaged.isEmpty && !isLogGivenUp
        let first = isKept ? database.firstLSN : log.fileHolding(needed)
        database.firstLSN = first
        database.highestLSN = log.durableTo
        database.highestTableID = core.state.withLock { $0.nextTableID - 1 }
        database.relations = KnownRelation.list(
            tables.values.map { KnownRelation($0.definition) }
                + damaged.values.map { KnownRelation($0) })
        try platform.files.publish(
            database.encode(), as: Path.join(directory, DatabaseFile.name),
            replacing: .atomically)
        if !isHeld { return try log.trim(before: first) }
        for file in log.forget(before: first) {
            removals.add(path: file.path, bytes: file.bytes, at: .zero)
        }
    }

    /// Whether a snapshot is prepared. It was set before the cut was asked for, so that nothing of
    /// the cut goes and nothing that was there after it.
    private var isHeld: Bool { core.hold.isHeld }

    /// Pins the newest LSN and freezes everything in memory: what `pinOnDisk` begins with. Commits
    /// go on while the frozen rows are written.
    func cut(_ owner: String) throws(DatabaseError) -> FrozenCut {
        try syncLog()
        _ = freeze(nil)
        var sealed = database
        sealed.hasLog = false
        sealed.relations = nil
        sealed.firstLSN = lastLSN.next
        sealed.highestLSN = lastLSN
        sealed.highestTableID = core.state.withLock { $0.nextTableID - 1 }
        let pin = core.pin(owner: owner, lsn: lastLSN, since: platform.clock.now())
        return FrozenCut(
            lsn: lastLSN, pin: pin,
            identity: database.identity,
            databaseBytes: sealed.encode(),
            tables: tables.keys.sorted().compactMap { id in
                tables[id].map {
                    FrozenCut.Table(
                        definition: $0.definition, directory: $0.directory,
                        segments: $0.segments.map(\.entry), flushing: $0.flushing)
                }
            })
    }

    /// Unlinks what nothing pins and nothing durable names any more.
    func sweep() {
        removeAbandoned()
        defer { tellOfWaiting() }
        if isHeld { return reportRetained() }
        takeDiscarded()
        if removals.isEmpty { return }
        do throws(DatabaseError) {
            do throws(DatabaseError) {
                try removeUnneeded()
            } catch {
                guard error.state == .diskFull, core.reserve?.giveUp() == true else { throw error }
                try removeUnneeded()
            }
            core.reserve?.fill()
        } catch {
            // What is left over now is swept at the next start.
            platform.log.log(.error, "storage", "cannot remove old files: \(error)")
        }
    }

    private func removeUnneeded() throws(DatabaseError) {
        // A manifest on disk may still name removed segments, until the next one is durable.
        let isStale = stale.contains { tables[$0]?.manifestLSN != nil }
        if isStale || removals.tables.contains(where: { !$0.isMarked }) { try checkpoint() }
        let oldest = core.oldestPin
        for file in removals.takeFiles(oldestPin: oldest)
        where try platform.files.info(file.path) != nil {
            try platform.files.remove(file.path)
        }
        for table in removals.takeTables(oldestPin: oldest) {
            let isGone = try DroppedTable.remove(
                Path.join(directory, table.directory), files: platform.files,
                keepingLast: table.manifest.name)
            if !isGone { removals.tables.append(table) }
        }
    }

    /// Says what a prepared snapshot keeps from coming free, each time that has doubled.
    private func reportRetained() {
        let bytes = removals.bytes
        core.state.withLock { $0.retainedBytes = bytes }
        guard bytes >= max(Limits.reportedRetainedBytes, 2 * retainedAtReport) else { return }
        retainedAtReport = bytes
        platform.log.log(
            .error, "storage",
            "a prepared snapshot keeps \(bytes) bytes that are not needed any more: run SNAPSHOT "
                + "COMPLETE or CHECKPOINT RELEASE when the copy is made")
    }

    /// Takes over what was discarded while a snapshot was prepared.
    private func takeDiscarded() {
        for path in core.hold.takePaths() where !DetachedPartition.holds(path) {
            removals.add(path: path, at: .zero)
        }
        retainedAtReport = 0
    }

    private func tellOfWaiting() {
        let waiting = removals.files.map { (lsn: $0.lsn, bytes: $0.bytes) }
        let hasRemovals = !removals.isEmpty
        core.state.withLock {
            $0.pins.waiting = waiting
            $0.hasRemovals = hasRemovals
        }
    }

    /// Lets go of files that were written for rows which a TRUNCATE took away. A pin from before
    /// it may still need them.
    private func removeAbandoned() {
        abandoned.removeAll { task in
            guard let result = task.outcome.result else { return false }
            if case .success(let handles) = result {
                removals.add(segments: handles, at: lastLSN)
            }
            return true
        }
    }
}

/// Everything of one LSN: what is in segments, and what is on its way there.
struct FrozenCut: Sendable {
    struct Table: Sendable {
        let definition: TableDefinition
        let directory: String
        let segments: [SegmentEntry]
        let flushing: [FlushTask]
    }

    let lsn: LSN
    /// The registered pin.
    let pin: UInt64
    let identity: DatabaseIdentity
    /// `_database` of a root that consists of this cut.
    let databaseBytes: [UInt8]
    let tables: [Table]
}
