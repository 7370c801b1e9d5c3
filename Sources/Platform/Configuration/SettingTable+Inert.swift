/// Settings that stand in the table because server.conf files and the environment of others hold
/// them, and that do nothing here. Whoever makes one work takes it out of its list; a test compares
/// the lists with what the sources read.
extension SettingTable {
    /// A value is checked and then ignored; the start says so when it differs from the default.
    static let ignored: Set<String> = [
        "backup.verify", "cairo.max.file.name.length",
        "cairo.root", "cairo.snapshot.instance.id", "cairo.snapshot.recovery.enabled",
        "cairo.sql.backup.dir.datetime.format", "cairo.sql.backup.dir.tmp.name",
        "cairo.sql.backup.mkdir.mode", "cairo.sql.copy.export.root",
        "cairo.sql.copy.work.root", "cairo.sql.max.statement.size", "cairo.system.table.prefix",
        "cairo.wal.enabled.default", "http.cors.origins", "http.net.connection.timeout",
        "http.request.body.limit", "http.security.max.response.rows",
        "line.auto.create.new.columns",
        "line.auto.create.new.tables", "line.default.partition.by", "line.http.enabled",
        "line.tcp.enabled", "line.tcp.net.bind.to", "log.slow.statement", "metrics.enabled",
        "pg.named.statement.limit", "pg.net.connection.timeout", "pg.recv.buffer.size",
        "ram.usage.limit.percent", "telemetry.enabled", "tls.cert.file",
        "tls.key.file",
    ]

    /// To ignore one of these would leave a door open that its owner believes shut, so another value
    /// than the default refuses the start.
    static let refused: Set<String> = [
        "http.health.check.authentication.required", "http.tls.enabled", "pg.authentication",
        "pg.tls.required",
    ]
}

extension SettingKey {
    /// What people read: the summary, and whether the setting does anything.
    package var meaning: String {
        if SettingTable.ignored.contains(name) {
            return summary + " Accepted for compatibility; without effect in this version."
        }
        if SettingTable.refused.contains(name) {
            return summary + " Only the default is possible in this version."
        }
        return summary
    }

    /// Whether a running server takes a new value over.
    package var takesEffectOnReload: Bool {
        isReloadable && !SettingTable.ignored.contains(name) && !SettingTable.refused.contains(name)
    }
}
