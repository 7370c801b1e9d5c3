package import Diagnostics
package import Platform
import Synchronization

extension Storage {
    /// Whether a directory is a root: it has a `db/_database`, or has lost it.
    package static func isRoot(_ root: String, platform: Platform) throws(DatabaseError) -> Bool {
        let path = Path.join(root, "db", DatabaseFile.name)
        if try platform.files.info(path) != nil { return true }
        return try IdentityRebuild(root: root, platform: platform).hasData()
    }

    /// Makes a new `_database` of what the other files of a root tell, when it is missing or damaged.
    /// A new timeline begins.
    ///
    /// - Parameter destinations: where backups lie besides `backup/` in the root.
    /// - Returns: what it found, as text for people.
    /// - Throws: 55000 when the file is sound, 58P01 when there is nothing to make it of, 55006.
    package static func rebuildIdentity(
        root: String, destinations: [String] = [], platform: Platform
    ) throws(DatabaseError) -> [String] {
        try IdentityRebuild(root: root, platform: platform, destinations: destinations).run()
    }

    /// Opens a root, creating what is missing unless it is read-only, and recovers it.
    ///
    /// - Parameter onFatal: called once, on the committer's thread, when a write to the log failed
    ///   in a way after which nothing more can be acknowledged.
    /// - Throws: 55006 when another process has it, XX001 for damage with place and way out,
    ///   58P01 when there is nothing to open read-only.
    package static func open(
        root: String, platform: Platform, settings: StorageSettings = StorageSettings(),
        onFatal: @escaping @Sendable (DatabaseError) -> Void = { _ in }
    ) throws(DatabaseError) -> Storage {
        let opening = Opening(root: root, platform: platform, settings: settings)
        return try opening.run(onFatal)
    }

    /// Opens a root whose log is damaged in the middle, giving up what the damage holds, and writes
    /// everything that is left to segments, so that the next opening needs the damaged log no more.
    /// The log says what was lost.
    ///
    /// - Parameter lsn: the first commit behind the damage, as the error of `open` names it.
    package static func repairLog(root: String, skippingTo lsn: LSN, platform: Platform)
        throws(DatabaseError)
    {
        var opening = Opening(root: root, platform: platform, settings: StorageSettings())
        opening.skipsTo = lsn
        let storage = try opening.run { _ in }
        try storage.close()
    }

    /// Begins a new timeline in a root that nobody has open: what a started backup does first.
    /// Everything in its log, if it has one, is kept: it is flushed before.
    ///
    /// A crash leaves either no log, and the next start does it again, or the new timeline.
    package static func adopt(root: String, platform: Platform) throws(DatabaseError)
        -> DatabaseIdentity
    {
        let directory = Path.join(root, "db")
        let path = Path.join(directory, DatabaseFile.name)
        var database = try DatabaseFile.read(path, platform.files)
        if database.hasLog { database = try flushed(root: root, path, platform) }
        let lock = try platform.files.lock(Path.join(directory, "_lock"), .exclusive)
        defer { lock.release() }
        // The directory is the mark of an adopted backup: from here on it is none.
        try platform.files.makeDurableDirectory(Path.join(directory, "_wal"))
        database.beginTimeline(platform.chance)
        try platform.files.publish(database.encode(), as: path, replacing: .atomically)
        return database.identity
    }

    /// Whether a root has a log: a backup has none before it is adopted.
    ///
    /// - Throws: 58P01 when there is no root.
    package static func hasLog(root: String, platform: Platform) throws(DatabaseError) -> Bool {
        let path = Path.join(root, "db", DatabaseFile.name)
        return try DatabaseFile.read(path, platform.files).hasLog
    }

    /// The identity of a root whose rows are all in segments by now.
    private static func flushed(root: String, _ path: String, _ platform: Platform)
        throws(DatabaseError) -> DatabaseFile
    {
        let storage = try open(root: root, platform: platform)
        let damage = storage.damage
        try storage.close()
        // A new timeline begins without the old log, which a damaged table may need.
        if let damage { throw damage }
        return try DatabaseFile.read(path, platform.files)
    }
}

/// The steps of opening a root.
private struct Opening {
    let root: String
    let platform: Platform
    let settings: StorageSettings
    var skipsTo: LSN?
    var hold = RemovalHold()

    private var files: any FileSystem { platform.files }
    private var directory: String { Path.join(root, "db") }
    private var logDirectory: String { Path.join(directory, "_wal") }
    private var databasePath: String { Path.join(directory, DatabaseFile.name) }

    func run(_ onFatal: @escaping @Sendable (DatabaseError) -> Void) throws(DatabaseError)
        -> Storage
    {
        if settings.isReadOnly {
            if try files.info(databasePath) == nil {
                let hasData = try IdentityRebuild(root: root, platform: platform).hasData()
                throw hasData ? .missingDatabaseFile(databasePath) : .noDatabase(root)
            }
        } else {
            try files.makeDurableDirectory(directory)
            try makePlaceDurable()
        }
        let lock = try takeLock()
        do throws(DatabaseError) {
            let opening = settings.isReadOnly ? self : try makingCopyable()
            let found = try SnapshotRestore(root: root, platform: opening.platform)
                .settle(isReadOnly: settings.isReadOnly)
            if found.isPrepared { hold.begin() }
            return try opening.open(lock, found, onFatal)
        } catch {
            lock?.release()
            throw error
        }
    }

    /// A process that was killed may have made these directories and not synced their names.
    private func makePlaceDurable() throws(DatabaseError) {
        try files.syncDirectory(root)
        // It may belong to somebody else, who does not let us read it.
        do throws(DatabaseError) {
            try files.syncDirectory(Path.directory(of: root))
        } catch {
            platform.log.log(
                .debug, "storage", "cannot sync the directory above the root: \(error)")
        }
    }

    /// Lets temporary names lie in ROOT/tmp, where nobody copies them, if that is the same device.
    private func makingCopyable() throws(DatabaseError) -> Opening {
        let temporaries = Path.join(root, "tmp")
        try files.makeDurableDirectory(temporaries)
        let isNear = try files.info(temporaries)?.device == files.info(directory)?.device
        let tree = CopyableTree(
            files, below: directory, temporaries: isNear ? temporaries : nil,
            except: logDirectory, hold: hold)
        try tree.sweepTemporaries()
        return Opening(
            root: root,
            platform: Platform(
                files: tree, clock: platform.clock, chance: platform.chance,
                workers: platform.workers, log: platform.log),
            settings: settings, skipsTo: skipsTo, hold: hold)
    }

    private func takeLock() throws(DatabaseError) -> (any FileLock)? {
        let path = Path.join(directory, "_lock")
        if !settings.isReadOnly { return try files.lock(path, .exclusive) }
        return try files.info(path) == nil ? nil : try files.lock(path, .shared)
    }

    private func open(
        _ lock: (any FileLock)?, _ found: SnapshotRestore.Finding,
        _ onFatal: @escaping @Sendable (DatabaseError) -> Void
    ) throws(DatabaseError) -> Storage {
        var database = try readOrCreate()
        if !database.hasLog, !settings.isReadOnly { database = try beginLog(database) }
        let recovery = Recovery(
            files: files, log: platform.log, directory: directory,
            isReadOnly: settings.isReadOnly, skipsTo: skipsTo, isHeld: found.isPrepared)
        let recovered = try recovery.run(database)
        let core = StorageCore(
            gate: platform.workers.makeGate(), hold: hold, reserve: try reserve())
        core.state.withLock {
            $0.nextTableID = recovered.highestTableID + 1
            if case .prepared(let snapshot) = found { $0.preparation = .prepared(snapshot) }
        }
        if case .prepared(let snapshot) = found { announce(snapshot) }
        if settings.isReadOnly {
            core.publish(Self.state(of: recovered))
        } else {
            try startCommitter(core, recovered, onFatal)
        }
        return Storage(
            root: root, settings: settings, platform: platform, core: core, lock: lock)
    }

    private func reserve() throws(DatabaseError) -> SpaceReserve? {
        if settings.isReadOnly || settings.reserveBytes <= 0 { return nil }
        return try SpaceReserve(
            platform, directory: directory, bytes: settings.reserveBytes, hold: hold)
    }

    private func announce(_ snapshot: PreparedSnapshot) {
        platform.log.log(
            .advisory, "storage",
            "a \(snapshot.kind.rawValue) of LSN \(snapshot.lsn) is prepared and keeps old files: run "
                + "\(snapshot.kind.ending) when the copy is made")
    }

    private static func state(of recovered: RecoveredDatabase) -> DatabaseState {
        var state = DatabaseState(
            lsn: recovered.lastLSN,
            tables: VersionMap(recovered.tables.mapValues(\.version)))
        for (id, table) in recovered.tables {
            state.names[DatabaseState.key(table.definition)] = id
        }
        state.damaged = recovered.damaged
        state.identity = recovered.database.identity
        return state
    }

    private func startCommitter(
        _ core: StorageCore, _ recovered: RecoveredDatabase,
        _ onFatal: @escaping @Sendable (DatabaseError) -> Void
    ) throws(DatabaseError) {
        guard let end = recovered.logEnd else {
            throw .missingLog(logDirectory, lsn: recovered.lastLSN, next: recovered.lastLSN.next)
        }
        var log = try WALWriter(
            files: files, directory: logDirectory, timeline: recovered.database.timeline,
            fileLimit: settings.walFileBytes, end: end)
        if end.version < WALFileHeader.version { try log.renew() }
        core.state.withLock { $0.forgotten = recovered.unswept }
        let committer = Committer(
            core: core, platform: platform, settings: settings, directory: directory,
            recovered: recovered, log: log, onFatal: onFatal)
        committer.sweep()
        platform.workers.start("flusher") {
            core.reserve?.fill()
            committer.flusher.run()
        }
        platform.workers.start("committer") { committer.run() }
    }

    private func readOrCreate() throws(DatabaseError) -> DatabaseFile {
        if try files.info(databasePath) != nil {
            return try DatabaseFile.read(databasePath, files)
        }
        for name in try files.list(directory) where TableDirectory.id(of: name) != nil {
            throw .missingDatabaseFile(databasePath)
        }
        let database = DatabaseFile(
            uuid: DatabaseFile.makeUUID(platform.chance),
            timeline: DatabaseFile.makeUUID(platform.chance), highestLSN: .zero,
            highestTableID: 0, firstLSN: LSN(1), hasLog: false)
        return try beginLog(database)
    }

    /// Gives a root without a log its first file, then records that there is one.
    private func beginLog(_ database: DatabaseFile) throws(DatabaseError) -> DatabaseFile {
        try files.makeDurableDirectory(logDirectory)
        for name in try files.list(logDirectory) {
            let path = Path.join(logDirectory, name)
            // Empty files are of an opening that a crash ended, others of an older timeline.
            if WALName.firstLSN(of: name) != nil { try checkAbandoned(path, database) }
            try files.remove(path)
        }
        var begun = database
        begun.hasLog = true
        let header = WALFileHeader(
            firstLSN: begun.firstLSN, timeline: begun.timeline, previousChecksum: 0)
        try WALWriter.publishFile(files, logDirectory, header)
        try files.publish(begun.encode(), as: databasePath, replacing: .atomically)
        return begun
    }

    private func checkAbandoned(_ path: String, _ database: DatabaseFile) throws(DatabaseError) {
        guard let size = try files.info(path)?.size, size > WALFileHeader.bytes else { return }
        let header = try WALFileHeader.decode(
            try files.readAll(path, upTo: Limits.walFileBytes).prefixArray(WALFileHeader.bytes),
            path: path)
        if header.timeline == database.timeline || database.firstLSN == LSN(1) {
            let isThere = try files.info(databasePath) != nil
            throw isThere ? .sealedDatabaseFile(databasePath) : .missingDatabaseFile(databasePath)
        }
    }
}

extension [UInt8] {
    fileprivate func prefixArray(_ count: Int) -> [UInt8] { Array(prefix(count)) }
}
