package import Diagnostics

/// What is logged, and where to.
package struct LogSettings: Sendable, Equatable {
    /// The least urgent level on the console; nil: no console.
    package var consoleLevel: LogLevel?
    /// The least urgent level in the file; nil: no file.
    package var fileLevel: LogLevel?
    /// Days after which a file is removed; 0: never.
    package var retentionDays: Int

    package init(
        consoleLevel: LogLevel? = .info, fileLevel: LogLevel? = .info, retentionDays: Int = 30
    ) {
        self.consoleLevel = consoleLevel
        self.fileLevel = fileLevel
        self.retentionDays = retentionDays
    }

    /// Reads `log.*` of the settings, over them log.conf, over it `QDB_LOG_…` and `QDB_DEBUG`.
    ///
    /// log.conf has QuestDB's form: `writers` names `stdout` and `file`, `w.stdout.level` and
    /// `w.file.level` name levels, of which the least urgent counts. Its other keys, such as
    /// classes and locations, mean nothing here.
    package init(
        _ configuration: Configuration, logFile: [UInt8]?, environment: [String: String]
    ) {
        let standard = LogLevel(name: configuration.text("log.level")) ?? .info
        self.init(
            consoleLevel: standard,
            fileLevel: configuration.boolean("log.file.enabled") ? standard : nil,
            retentionDays: configuration.integer("log.retention.days"))
        var properties: [String: String] = [:]
        for property in PropertiesParser.parse(logFile ?? []) {
            properties[property.name] = property.value
        }
        func value(_ name: String) -> String? {
            let form = SettingKey.environmentForm(name)
            return environment["BASALT_LOG_" + form] ?? environment["QDB_LOG_" + form]
                ?? properties[name]
        }
        if let writers = value("writers").map(SettingValue.items) {
            if !writers.contains("stdout") { consoleLevel = nil }
            if !writers.contains("file") { fileLevel = nil }
        }
        if let named = Self.level(value("w.stdout.level")), consoleLevel != nil {
            consoleLevel = named
        }
        if let named = Self.level(value("w.file.level")), fileLevel != nil { fileLevel = named }
        let isDebugging = ["QDB_DEBUG", "BASALT_DEBUG"].contains { environment[$0] == "true" }
        if isDebugging {
            if consoleLevel != nil { consoleLevel = .debug }
            if fileLevel != nil { fileLevel = .debug }
        }
    }

    private static func level(_ text: String?) -> LogLevel? {
        SettingValue.items(text ?? "").compactMap(LogLevel.init(name:)).min()
    }

    /// The log.conf that a new root gets.
    package static let defaultFile = """
        # Where log lines go and from which level on: DEBUG, INFO, ADVISORY, ERROR, CRITICAL.
        # The environment beats this file: w.stdout.level is also QDB_LOG_W_STDOUT_LEVEL, and
        # QDB_DEBUG=true writes everything. The directory of the files, and how long they are
        # kept, are log.dir and log.retention.days in server.conf.

        #writers=file,stdout
        #w.stdout.level=INFO
        #w.file.level=INFO

        """
}

extension LogLevel {
    /// Reads a level's name in any case.
    package init?(name: String) {
        switch name.lowercased() {
        case "debug": self = .debug
        case "info": self = .info
        case "advisory", "advise", "warning", "warn": self = .advisory
        case "error": self = .error
        case "critical": self = .critical
        default: return nil
        }
    }
}
