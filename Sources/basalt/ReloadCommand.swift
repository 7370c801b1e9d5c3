import Diagnostics
import Engine
import Platform
import Server

/// What SIGHUP does: reads the settings again and takes over what can be changed while serving.
///
/// Lives on the event loop.
final class ReloadCommand {
    private let path: String
    private let logPath: String
    private let environment: [String: String]
    private let platform: Platform
    private let logger: Logger
    private let engine: Engine
    private let server: Server
    private var configuration: Configuration

    init(
        path: String, logPath: String, environment: [String: String], platform: Platform,
        logger: Logger, engine: Engine, server: Server, configuration: Configuration
    ) {
        self.path = path
        self.logPath = logPath
        self.environment = environment
        self.platform = platform
        self.logger = logger
        self.engine = engine
        self.server = server
        self.configuration = configuration
    }

    /// Reloads. A bad file changes nothing and is reported.
    func run() {
        do throws(DatabaseError) {
            let fresh = try Configuration.load(
                path: path, files: platform.files, environment: environment)
            let isThere = try platform.files.info(logPath) != nil
            let logFile =
                isThere
                ? try platform.files.readAll(
                    logPath, upTo: ConfigurationLimits.fileBytes, .readLinked) : nil
            apply(fresh, logFile)
        } catch {
            platform.log.log(.error, "configuration", "not reloaded: \(error)")
        }
    }

    private func apply(_ fresh: Configuration, _ logFile: [UInt8]?) {
        let log = platform.log
        for warning in fresh.warnings { log.log(.advisory, "configuration", warning) }
        let result = configuration.reloaded(from: fresh)
        configuration = result.configuration
        logger.apply(LogSettings(configuration, logFile: logFile, environment: environment))
        engine.queryTimeoutMilliseconds = configuration.integer("query.timeout")
        server.apply(ServeCommand.serverSettings(configuration))
        let now = result.changed
        let later = result.needingRestart
        log.log(
            .advisory, "configuration",
            "reloaded, changed: \(now.isEmpty ? "nothing" : now.joined(separator: ", "))")
        if !later.isEmpty {
            log.log(
                .advisory, "configuration",
                "these act at the next start: \(later.joined(separator: ", "))")
        }
    }
}
