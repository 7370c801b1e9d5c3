import Backup
import Diagnostics
import Engine
import Platform
import Server
import Storage
import Synchronization

/// `basalt serve`: opens a root, runs the server on it, closes it.
struct ServeCommand {
    let options: ServeOptions
    let root: RootDirectory
    let environment: [String: String]

    /// Runs until a signal ends it.
    ///
    /// - Throws: F0000 for settings and addresses, 55006 for a root in use, XX001 for a damaged one.
    func run() throws(DatabaseError) -> ExitCode {
        // Before any thread starts, so that every thread leaves them to the loop.
        Signal.block([Signal.terminate, Signal.interrupt, Signal.hangup])
        let files = LinuxFileSystem()
        if !options.isReadOnly {
            do throws(DatabaseError) {
                try root.create(files, rewritesPublic: options.rewritesPublic)
            } catch {
                throw error.hintingAtReadOnly
            }
        }
        let configuration = try Configuration.load(
            path: root.configurationFile, files: files, environment: environment)
        let unlogged = Platform.linux(
            log: SilentLog(), workerThreads: workerCount(configuration))
        let logger = try makeLogger(configuration, unlogged)
        defer { logger.close() }
        let platform = Platform(
            files: unlogged.files, clock: unlogged.clock, chance: unlogged.chance,
            workers: unlogged.workers, log: logger)
        do throws(DatabaseError) {
            return try serve(configuration, platform, logger)
        } catch {
            let error = options.isReadOnly ? error : error.hintingAtReadOnly
            platform.log.log(.critical, "server", "\(error)")
            throw error
        }
    }

    private func serve(
        _ configuration: Configuration, _ platform: Platform, _ logger: Logger
    ) throws(DatabaseError) -> ExitCode {
        announce(configuration, platform)
        let loop = try EventLoop()
        let hasFailed = Atomic(false)
        let storage = try openStorage(configuration, platform) { error in
            platform.log.log(.critical, "storage", "the server stops: \(error)")
            hasFailed.store(true, ordering: .relaxed)
            loop.stop()
        }
        announceTables(storage, platform)
        let engine = makeEngine(configuration, platform, storage)
        let server = Server(
            engine: engine, platform: platform, loop: loop,
            settings: Self.serverSettings(configuration))
        try server.open()
        let reload = ReloadCommand(
            path: root.configurationFile, logPath: logConfigurationFile,
            environment: environment, platform: platform, logger: logger, engine: engine,
            server: server, configuration: configuration)
        try watchSignals(loop, server, platform, reload)
        if !options.isReadOnly {
            Self.watchTimeToLive(loop, engine, platform)
            sweepBackups(engine, platform)
        }
        platform.log.log(.advisory, "server", "ready")
        loop.run()
        loop.closeAll()
        engine.settle()
        try storage.close()
        platform.log.log(.advisory, "server", "stopped")
        return hasFailed.load(ordering: .relaxed) ? .failed : .done
    }

    /// Drops now and then what is older than the TTL of its table, one round after the other.
    private static func watchTimeToLive(
        _ loop: EventLoop, _ engine: Engine, _ platform: Platform
    ) {
        _ = loop.schedule(afterMilliseconds: Engine.timeToLiveMilliseconds) {
            let isQueued = platform.workers.submit {
                engine.enforceTimeToLive()
                loop.execute { watchTimeToLive(loop, engine, platform) }
            }
            if !isQueued { watchTimeToLive(loop, engine, platform) }
        }
    }

    /// Removes what an earlier process left of backups it did not finish; nobody waits for it.
    private func sweepBackups(_ engine: Engine, _ platform: Platform) {
        guard let backup = engine.backup else { return }
        platform.workers.start("sweep") {
            do throws(DatabaseError) {
                try backup.sweep()
            } catch {
                platform.log.log(.error, "backup", "cannot remove unfinished backups: \(error)")
            }
        }
    }

    private var logConfigurationFile: String { Path.join(root.path, "conf", "log.conf") }

    private func makeLogger(_ configuration: Configuration, _ platform: Platform)
        throws(DatabaseError) -> Logger
    {
        let path = logConfigurationFile
        let isThere = try platform.files.info(path) != nil
        let text =
            isThere
            ? try platform.files.readAll(path, upTo: ConfigurationLimits.fileBytes, .readLinked)
            : nil
        let directory = configuration.path("log.dir", root: root.path)
        return Logger(
            settings: LogSettings(configuration, logFile: text, environment: environment),
            directory: options.isReadOnly ? nil : directory, files: platform.files,
            clock: platform.clock, workers: platform.workers)
    }

    private func makeEngine(
        _ configuration: Configuration, _ platform: Platform, _ storage: Storage
    ) -> Engine {
        var settings = EngineSettings()
        settings.productVersion = "Basalt \(Version.text)"
        settings.isReadOnly = options.isReadOnly || configuration.boolean("readonly")
        settings.parameters = configuration.parameters.map { ($0.name, $0.value) }
        settings.queryTimeoutMilliseconds = configuration.integer("query.timeout")
        settings.importDirectory = configuration.path("cairo.sql.copy.root", root: root.path)
        let limit = configuration.integer("cairo.sql.memory.limit")
        if limit > 0 { settings.queryMemoryBytes = limit }
        let backup = BackupService(
            source: BackupSource(storage: storage), platform: platform,
            settings: BackupSettings(configuration, root: root.path))
        return Engine(
            storage: storage, platform: platform, settings: settings,
            backup: options.isReadOnly ? nil : backup)
    }

    private func workerCount(_ configuration: Configuration) -> Int {
        let wanted = configuration.integer("shared.worker.count")
        return wanted > 0 ? wanted : Machine.coreCount
    }

    private func announce(_ configuration: Configuration, _ platform: Platform) {
        let log = platform.log
        log.log(.advisory, "server", "Basalt \(Version.text), process \(Machine.processID)")
        log.log(
            .advisory, "server",
            "Basalt configuration files are in \(Path.join(root.path, "conf"))")
        for warning in configuration.warnings { log.log(.advisory, "configuration", warning) }
        warnOfOpenDoors(configuration, log)
    }

    /// What everybody knows must not guard what others can reach.
    private func warnOfOpenDoors(_ configuration: Configuration, _ log: any LogSink) {
        let wire = configuration.address("pg.net.bind.to")
        let standard = SettingTable.key(named: "pg.password")?.defaultText
        if !wire.isLoopback, configuration.text("pg.password") == standard {
            log.log(
                .error, "configuration",
                "pg.net.bind.to listens on \(wire) with the default password; set pg.password "
                    + "before others can reach this machine")
        }
        let http = configuration.address("http.bind.to")
        if !http.isLoopback, configuration.text("http.user").isEmpty,
            configuration.text("http.token").isEmpty
        {
            log.log(
                .error, "configuration",
                "http.bind.to listens on \(http) and lets everybody in as administrator; set "
                    + "http.user and http.password before others can reach this machine")
        }
    }

    private func openStorage(
        _ configuration: Configuration, _ platform: Platform,
        onFatal: @escaping @Sendable (DatabaseError) -> Void
    ) throws(DatabaseError) -> Storage {
        var settings = StorageSettings()
        settings.isReadOnly = options.isReadOnly
        settings.reserveBytes = StorageSettings.serverReserveBytes
        let mode = configuration.text("cairo.commit.mode")
        settings.commitMode = CommitMode(rawValue: mode) ?? .sync
        settings.walFileBytes = configuration.integer("cairo.wal.file.size")
        settings.walRetentionBytes = configuration.integer("cairo.wal.retention.size")
        settings.writeMemoryBytes = configuration.integer("cairo.write.memory.limit")
        settings.flushBytes = min(settings.flushBytes, settings.writeMemoryBytes / 4)
        settings.flushRows = configuration.integer("cairo.max.uncommitted.rows")
        settings.compaction.isEnabled = configuration.boolean("cairo.compaction.enabled")
        settings.compaction.idleSeconds =
            configuration.integer("cairo.compaction.idle") / 1_000
        settings.compaction.inputBytes = configuration.integer("cairo.compaction.input.size")
        try BackupService.checkBeforeStart(root: root.path, platform: platform)
        if !options.isReadOnly, try BackupService.isBackup(root: root.path, platform: platform) {
            // What this release cannot read stays a backup.
            try ReadableRoot(root: root.path, platform: platform).close()
            let identity = try Storage.adopt(root: root.path, platform: platform)
            platform.log.log(
                .advisory, "storage",
                "this root is a backup: it is adopted, its timeline \(identity.timeline) begins")
        }
        return try Storage.open(
            root: root.path, platform: platform, settings: settings, onFatal: onFatal)
    }

    private func announceTables(_ storage: Storage, _ platform: Platform) {
        let snapshot = storage.snapshot()
        for table in snapshot.tables {
            platform.log.log(
                .advisory, "storage",
                "table \(table.name), \(table.rowCount) rows in \(table.runs.count) runs"
            )
        }
        snapshot.release()
    }

    static func serverSettings(_ configuration: Configuration) -> ServerSettings {
        func address(_ name: String) -> ServerSettings.Address {
            let found = configuration.address(name)
            return ServerSettings.Address(host: found.host, port: found.port)
        }
        let admin = configuration.text("pg.user")
        var accounts = [
            Credentials.Account(
                user: admin, password: configuration.text("pg.password"), isReadOnly: false)
        ]
        if configuration.boolean("pg.readonly.user.enabled") {
            accounts.append(
                Credentials.Account(
                    user: configuration.text("pg.readonly.user"),
                    password: configuration.text("pg.readonly.password"), isReadOnly: true))
        }
        let httpUser = configuration.text("http.user")
        var settings = ServerSettings(
            postgres: address("pg.net.bind.to"), http: address("http.bind.to"),
            health: address("http.min.net.bind.to"), accounts: accounts, adminUser: admin,
            httpAccount: httpUser.isEmpty
                ? nil
                : Credentials.Account(
                    user: httpUser, password: configuration.text("http.password"),
                    isReadOnly: false))
        let token = configuration.text("http.token")
        settings.httpToken = token.isEmpty ? nil : token
        settings.httpHosts = configuration.list("http.hosts")
        settings.opensPostgres = configuration.boolean("pg.enabled")
        settings.opensHTTP = configuration.boolean("http.enabled")
        settings.opensHealth = configuration.boolean("http.min.enabled")
        settings.isPostgresReadOnly = configuration.boolean("pg.security.readonly")
        settings.isHTTPReadOnly = configuration.boolean("http.security.readonly")
        settings.postgresConnections = configuration.integer("pg.net.connection.limit")
        settings.httpConnections = configuration.integer("http.net.connection.limit")
        settings.authenticationMilliseconds = configuration.integer("pg.authentication.timeout")
        settings.drainMilliseconds = configuration.integer("shutdown.timeout")
        return settings
    }

    /// SIGTERM drains, a second one leaves at once; SIGHUP is the terminal's end unless -n.
    private func watchSignals(
        _ loop: EventLoop, _ server: Server, _ platform: Platform, _ reload: ReloadCommand
    ) throws(DatabaseError) {
        var isStopping = false
        try loop.onSignals([Signal.terminate, Signal.interrupt, Signal.hangup]) { number in
            if number == Signal.hangup {
                if !options.ignoresHangup { reload.run() }
                return
            }
            if isStopping { Process.exit(ExitCode.failed.rawValue) }
            isStopping = true
            platform.log.log(.advisory, "server", "stopping, running statements may end")
            server.stop { loop.stop() }
        }
    }
}

extension DatabaseError {
    /// Where nothing can be written a server may still read.
    fileprivate var hintingAtReadOnly: DatabaseError {
        guard cause?.errorNumber == ErrorNumber.readOnly else { return self }
        return with(
            detail: detail,
            hint:
                "The file system is mounted read-only: `basalt serve --read-only` changes nothing "
                + "on it.")
    }
}
