import Catalog
package import Diagnostics
import Platform
import Storage
import Synchronization

/// What is there and what is inside, and how it goes again: `backups()` and its siblings, DROP BACKUP,
/// CANCEL BACKUP, and finding a backup by its name.
extension BackupService {
    /// The rows of `backups()`: what lies in the destination and what runs or failed here,
    /// newest first.
    package func list(destination text: String? = nil) throws(DatabaseError) -> [BackupInfo] {
        let destination = try Destination.resolve(text, settings: settings, files: platform.files)
        // First what runs, then what is there: one that is published between is in both, not in none.
        let live = jobs.withLock { $0 }
        let infos = live.map { (act: $0.act, info: $0.info) }
        var rows: [BackupInfo] = []
        let notes = try DamageNotes(in: destination)
        for name in try destination.names() { rows.append(row(name, in: destination, notes)) }
        let published = Set(rows.map(\.id))
        let beingMade = infos.filter { $0.act == .backup && $0.info.status == .running }
        let places = Set(rows.map(\.path) + beingMade.map(\.info.path))
        let earlier = Set(live.map(\.id))
        let past = (source.journal?.jobs ?? []).filter { !earlier.contains($0.id) }
        for (act, info) in infos + past.map({ (act: $0.act, info: $0.info) }) {
            // A finished one is listed by what lies on disk: it may have been dropped since. How a
            // restore or a verification ended is told by backup_jobs(): its backup is as good as before.
            // So is one that was refused: its name is another's, and it has no path.
            let isRefused = !info.name.isEmpty && info.path.isEmpty
            let isRunning = info.status == .running
            // Or another one got the place since.
            let isGone = isRefused || places.contains(info.path)
            let isOver = info.status == .complete || !isRunning && (act != .backup || isGone)
            guard !isOver, !published.contains(info.id) else { continue }
            // Whoever names no destination sees what runs and what failed anywhere.
            let isHere = text == nil || Path.directory(of: info.path) == destination.path
            if isHere { rows.append(info) }
        }
        return rows.sorted { ($0.startedAt ?? 0, $0.name) > ($1.startedAt ?? 0, $1.name) }
    }

    /// The rows of `backup_jobs()`: backups, restores and verifications, the newest first.
    package func listJobs() -> [JobRecord] {
        let live = jobs.withLock { $0 }.map { job in
            var record = job.record
            record.progress = job.info.progress
            return record
        }
        let known = Set(live.map(\.id))
        let past = (source.journal?.jobs ?? []).filter { !known.contains($0.id) }
        return Array((past + live).reversed().prefix(Limits.rememberedJobs))
    }

    /// The rows of `backup_tables()`.
    package func tables(of name: String, destination: String? = nil) throws(DatabaseError)
        -> [BackupTableInfo]
    {
        let (_, manifest) = try find(name, destination: destination)
        return manifest.tables.filter { $0.kind == .table }.map {
            BackupTableInfo(
                schema: $0.schema, name: $0.name, partitions: $0.partitions, rows: $0.rows,
                bytes: $0.bytes, minTimestamp: $0.minTimestamp, maxTimestamp: $0.maxTimestamp,
                lsn: manifest.lsn)
        }
    }

    /// The rows of `backup_partitions()`.
    ///
    /// - Throws: 58P01 when there is no such backup, 42P01 when it has no such table.
    package func partitions(of name: String, table: String, destination: String? = nil)
        throws(DatabaseError) -> [BackupPartitionInfo]
    {
        let (path, manifest) = try find(name, destination: destination)
        let wanted = TableName.readings(of: table).map(\.folded)
        guard
            let found = wanted.lazy.compactMap({ name in
                manifest.tables.first {
                    TableName(schema: $0.schema, name: $0.name).folded == name
                }
            }).first
        else { throw .backupTableMissing(table) }
        let root: ReadableRoot
        do throws(DatabaseError) {
            root = try ReadableRoot(root: path, platform: platform)
        } catch {
            throw error.inBackup(path)
        }
        defer { root.close() }
        let stored = root.tables.first { $0.definition.id == found.id }
        let segments = stored?.segments ?? []
        func time(_ moment: Int64?) -> Int64? {
            moment.flatMap { stored?.definition.microseconds(of: $0) }
        }
        let linked = Set(manifest.files.filter { $0.origin == .linked }.compactMap(\.segment))
        return Dictionary(grouping: segments, by: \.partition).map { partition, segments in
            BackupPartitionInfo(
                partition: partition, rows: segments.reduce(0) { $0 + $1.rows },
                bytes: segments.reduce(0) { $0 + $1.bytes }, segments: segments.count,
                minTimestamp: time(segments.compactMap(\.minTimestamp).min()),
                maxTimestamp: time(segments.compactMap(\.maxTimestamp).max()),
                isSharedWithParent: segments.allSatisfy { linked.contains($0.id) })
        }.sorted { $0.partition < $1.partition }
    }

    /// Removes a backup: out of sight with one rename, then file by file.
    ///
    /// - Throws: 58P01 when there is none, 55006 while a server runs on it, 55000 when one has: what
    ///   was written there since is in no backup.
    package func drop(_ name: String, destination: String? = nil) throws(DatabaseError) {
        let (path, manifest) = try find(name, destination: destination)
        let place = Destination(path: Path.directory(of: path), files: platform.files)
        let hidden = Path.join(
            place.path, Destination.droppedPrefix + hexadecimal(platform.chance.bytes(8)))
        try hide(path, as: hidden, manifest, in: place)
        do throws(DatabaseError) {
            try platform.files.removeTree(hidden)
        } catch {
            // A sweep came first.
            guard error.state == .missingFile else {
                throw .dropIncomplete(name, left: hidden, cause: error)
            }
        }
        forgetVerification(manifest.id, Path.name(of: path), in: place)
        place.forgetReading(manifest.id)
    }

    /// The rename that drops a backup, with everybody else out of it.
    private func hide(
        _ path: String, as hidden: String, _ manifest: BackupManifest, in place: Destination
    ) throws(DatabaseError) {
        let lock = try place.lock(platform.clock)
        defer { lock.release() }
        let unread = try place.beginDropping(manifest.id, manifest.name)
        defer { unread?.release() }
        let inUse = try platform.files.lock(Path.join(path, "db", "_lock"), .exclusive)
        defer { inUse.release() }
        guard try !isAdopted(path) else {
            throw .backupAdopted(
                path, hint: "It is a database now; remove its directory if nobody needs it.")
        }
        try platform.files.rename(path, to: hidden, replacing: false)
        try platform.files.syncDirectory(place.path)
    }

    /// Asks a running backup to stop; false when no running one has this id.
    package func cancel(_ id: String) -> Bool {
        let job = jobs.withLock { $0 }.first { $0.id == id && $0.info.status == .running }
        job?.cancel()
        return job != nil
    }

    /// Removes what an earlier process left in the root and in the default destination; called at
    /// start.
    package func sweep() throws(DatabaseError) {
        try sweepCutDirectories()
        guard let root = try settings.absoluteBackupRoot() else { return }
        guard try platform.files.info(root)?.kind == .directory else { return }
        let destination = Destination(path: root, files: platform.files)
        let lock = try destination.lock(platform.clock)
        defer { lock.release() }
        try destination.sweep(database: source.database) {
            platform.log.log(.error, "backup", $0)
        }
    }

    /// Opens a backup for reading: until the lock is released nobody drops it.
    func openForReading(_ name: String, destination: String? = nil) throws(DatabaseError) -> (
        path: String, manifest: BackupManifest, inUse: (any FileLock)?
    ) {
        let (path, manifest) = try find(name, destination: destination)
        let place = Destination(path: Path.directory(of: path), files: platform.files)
        let inUse = try place.beginReading(manifest.id, manifest.name, platform.clock)
        // It may have been dropped before the lock was there.
        if try platform.files.info(Path.join(path, BackupManifest.fileName)) == nil {
            _ = try place.manifest(of: Path.name(of: path))
        }
        return (path, manifest, inUse)
    }

    /// Where a backup lies and what its manifest says; nothing else of it is read.
    package func manifest(of name: String) throws(DatabaseError)
        -> (path: String, manifest: BackupManifest)
    {
        try find(name, destination: nil)
    }

    /// A name below the destination, or an absolute path of a backup that is allowed.
    func find(_ name: String, destination: String?) throws(DatabaseError)
        -> (path: String, manifest: BackupManifest)
    {
        var text = destination
        var last = name
        // Shells complete names of directories with a slash.
        while last.utf8.count > 1, last.hasSuffix("/") { last.removeLast() }
        if last.utf8.contains(UInt8(ascii: "/")) {
            text = Path.directory(of: last)
            last = Path.name(of: last)
        }
        let place = try Destination.resolve(
            text, backup: name, settings: settings, files: platform.files)
        return (Path.join(place.path, last), try place.manifest(of: last))
    }

    /// What cannot be read is a failed one.
    private func row(_ name: String, in destination: Destination, _ notes: DamageNotes)
        -> BackupInfo
    {
        let path = Path.join(destination.path, name)
        do throws(DatabaseError) {
            return try row(name, path, destination.manifest(of: name), in: destination, notes)
        } catch {
            var damaged = BackupInfo(id: "", name: name, path: path, status: .failed)
            damaged.error = error.message
            return damaged
        }
    }

    private func row(
        _ name: String, _ path: String, _ manifest: BackupManifest, in destination: Destination,
        _ notes: DamageNotes
    ) throws(DatabaseError) -> BackupInfo {
        let isAdopted = try isAdopted(path)
        // A backup that somebody writes to is not what it was.
        let damage = isAdopted ? nil : notes.damage(of: manifest.id, name)
        var info = BackupInfo(
            id: manifest.id, name: name, path: path, status: damage == nil ? .complete : .failed)
        info.error = damage.map { "found damaged: \($0.text)" }
        info.kind = manifest.isIncremental ? "incremental" : "full"
        info.parent = manifest.parent
        info.startedAt = manifest.startedAt
        info.finishedAt = manifest.finishedAt
        info.lsn = manifest.lsn
        info.tables = manifest.tableCount
        info.partitions = manifest.partitions
        info.rows = manifest.rows
        info.bytes = manifest.bytes
        info.bytesCopied = manifest.bytesCopied
        info.bytesLinked = manifest.bytesLinked
        info.bytesOwn = try ownBytes(path, manifest)
        info.isAdopted = isAdopted
        info.lastVerified = try lastVerified(manifest.id, in: destination)
        info.comment = manifest.comment
        return info
    }

    private func ownBytes(_ path: String, _ manifest: BackupManifest) throws(DatabaseError) -> Int {
        var sum = 0
        for file in manifest.files {
            let info = try platform.files.info(Path.join(path, file.path))
            // A file that has grown is not the backup's any more, and may claim to be of any length.
            if let info, info.linkCount <= 1 { sum += min(info.size, file.bytes) }
        }
        return sum
    }
}
