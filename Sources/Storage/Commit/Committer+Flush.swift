import Bytes
import Catalog
import Diagnostics
import Platform
import Synchronization

// Flush, checkpoint, trim and sweep. The order is always: segments durable, edit in the log,
// manifest durable, `_database`, and only then anything is unlinked.
extension Committer {
    /// Flushes what grew beyond a limit. A failure is logged: the rows stay in memory and log.
    func keepLimits() {
        if failure != nil { return }
        var bytes = 0
        var full: [UInt64] = []
        for (id, table) in tables {
            guard let memtable = table.memtable else { continue }
            bytes += memtable.byteCount
            if memtable.rowCount >= settings.flushRows
                || memtable.byteCount >= settings.flushBytes
            {
                full.append(id)
            }
        }
        if bytes >= settings.memtableBytes || log.totalBytes >= settings.walRetentionBytes {
            full = tables.values.filter { $0.memtable != nil }.map(\.definition.id)
        }
        do throws(DatabaseError) {
            if !full.isEmpty { try flush(full.sorted()) }
            if log.totalBytes - bytesAtCheckpoint >= settings.walFileBytes { try checkpoint() }
        } catch {
            platform.log.log(.error, "storage", "cannot flush: \(error)")
        }
    }

    /// Flushes every table, writes manifests and trims the log.
    func flushAll() throws(DatabaseError) -> LSN {
        let dirty = tables.values.filter { $0.memtable != nil }.map(\.definition.id)
        if !dirty.isEmpty { try flush(dirty.sorted()) }
        try checkpoint()
        return lastLSN
    }

    /// Writes the rows in memory of some tables as segments and attaches them by one edit.
    func flush(_ ids: [UInt64]) throws(DatabaseError) {
        let completeTo = lastLSN
        var entry = LogEntry()
        var written: [UInt64: [SegmentHandle]] = [:]
        for id in ids {
            guard let table = tables[id], let memtable = table.memtable else { continue }
            let writer = MemtableFlush(
                platform: platform, directory: Path.join(directory, table.directory),
                definition: table.definition, rowLimit: settings.segmentRows)
            let handles = try writer.write(memtable)
            written[id] = handles
            entry.edits.append(
                .attach(table: id, segments: handles.map(\.entry), completeTo: completeTo))
        }
        if entry.edits.isEmpty { return }
        var payload = ByteWriter()
        entry.encode(into: &payload)
        try append(payload.bytes, count: 1, isSynced: true)
        for (id, handles) in written {
            tables[id]?.segments += handles
            tables[id]?.memtable = nil
            tables[id]?.isManifestStale = true
        }
        core.publish(state)
    }

    /// Publishes the manifests that are behind, records where the log begins and trims it.
    func checkpoint() throws(DatabaseError) {
        try syncLog()
        for id in tables.keys.sorted() {
            guard let table = tables[id], table.isManifestStale else { continue }
            try publishManifest(of: table)
        }
        for index in removals.tables.indices where !removals.tables[index].isMarked {
            try mark(removals.tables[index])
            removals.tables[index].isMarked = true
        }
        try trim()
        bytesAtCheckpoint = log.totalBytes
    }

    private func publishManifest(of table: LiveTable) throws(DatabaseError) {
        let manifest = manifest(of: table)
        let path = Path.join(directory, table.directory, manifest.name)
        if try platform.files.info(path) == nil {
            try platform.files.publish(manifest.encode(), as: path)
        }
        if let old = table.manifestLSN, old != lastLSN {
            let path = Path.join(directory, table.directory, Manifest.name(old))
            removals.add(path: path, at: lastLSN)
        }
        tables[table.definition.id]?.manifestLSN = lastLSN
        tables[table.definition.id]?.isManifestStale = false
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
        }
    }

    private func trim() throws(DatabaseError) {
        let needed = tables.values.compactMap(\.firstUnflushed).min() ?? lastLSN.next
        if needed > lastLSN, log.end > WALFileHeader.bytes {
            try rollLog()
        }
        let first = log.fileHolding(needed)
        database.firstLSN = first
        database.highestLSN = log.durableTo
        database.highestTableID = core.state.withLock { $0.nextTableID - 1 }
        try platform.files.publish(
            database.encode(), as: Path.join(directory, DatabaseFile.name),
            replacing: .atomically)
        try log.trim(before: first)
    }

    /// Freezes and flushes everything and pins the cut.
    func pinOnDisk(_ owner: String) throws(DatabaseError) -> DiskPin {
        let dirty = tables.values.filter { $0.memtable != nil }.map(\.definition.id)
        if !dirty.isEmpty { try flush(dirty.sorted()) }
        try syncLog()
        var sealed = database
        sealed.hasLog = false
        sealed.firstLSN = lastLSN.next
        sealed.highestLSN = lastLSN
        sealed.highestTableID = core.state.withLock { $0.nextTableID - 1 }
        var pinned: [PinnedTable] = []
        for id in tables.keys.sorted() {
            guard let table = tables[id] else { continue }
            let manifest = manifest(of: table)
            pinned.append(
                PinnedTable(
                    definition: table.definition, directoryName: table.directory,
                    manifestName: manifest.name, manifestBytes: manifest.encode(),
                    segments: manifest.segments))
        }
        core.pin(lastLSN)
        return DiskPin(
            lsn: lastLSN,
            identity: DatabaseIdentity(uuid: database.uuid, timeline: database.timeline),
            owner: owner, databaseDirectory: directory, databaseBytes: sealed.encode(),
            tables: pinned, core: core)
    }

    /// Unlinks what nothing pins and nothing durable names any more.
    func sweep() {
        if removals.files.isEmpty && removals.tables.isEmpty { return }
        do throws(DatabaseError) {
            // A manifest on disk may still name removed segments, until the next one is durable.
            let isStale = tables.values.contains { $0.isManifestStale && $0.manifestLSN != nil }
            if isStale || removals.tables.contains(where: { !$0.isMarked }) { try checkpoint() }
            let oldest = core.oldestPin
            for file in removals.takeFiles(oldestPin: oldest)
            where try platform.files.info(file.path) != nil {
                try platform.files.remove(file.path)
            }
            for table in removals.takeTables(oldestPin: oldest) {
                try DroppedTable.remove(
                    Path.join(directory, table.directory), files: platform.files,
                    keepingLast: table.manifest.name)
            }
        } catch {
            // What is left over now is swept at the next start.
            platform.log.log(.error, "storage", "cannot remove old files: \(error)")
        }
    }
}

/// Taking a dropped table's directory away so that a crash never brings the table back.
enum DroppedTable {
    /// The manifest that says "dropped" goes last.
    static func remove(_ directory: String, files: any FileSystem, keepingLast mark: String)
        throws(DatabaseError)
    {
        guard try files.info(directory) != nil else { return }
        for name in try files.list(directory) where name != mark {
            let path = Path.join(directory, name)
            if try files.info(path)?.kind == .directory {
                try files.removeTree(path)
            } else {
                try files.remove(path)
            }
        }
        try files.syncDirectory(directory)
        if try files.info(Path.join(directory, mark)) != nil {
            try files.remove(Path.join(directory, mark))
        }
        try files.removeDirectory(directory)
    }
}
