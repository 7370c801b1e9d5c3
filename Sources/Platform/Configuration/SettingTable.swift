/// Every setting there is. Defaults, the commented server.conf, SHOW PARAMETERS and the
/// documentation all come from here.
package enum SettingTable {
    package static let all: [SettingKey] =
        general + http + postgres + line + tls + storage + backup + query + log

    private static let general: [SettingKey] = [
        SettingKey(
            "config.validation.strict", .boolean, "false", .general,
            "Whether an unknown key refuses the start instead of being a warning."),
        SettingKey(
            "cairo.root", .text, "db", .general,
            "Directory of the database; a relative path lies under the root directory."),
        SettingKey(
            "shared.worker.count", .integer(0...1024), "0", .general,
            "Threads that run statements; 0 takes one for each core."),
        SettingKey(
            "readonly", .boolean, "false", .general, aliases: ["readonly.instance"],
            "Whether every statement that changes something is refused."),
        SettingKey(
            "metrics.enabled", .boolean, "true", .general,
            "Whether /metrics answers on the health port."),
        SettingKey(
            "telemetry.enabled", .boolean, "false", .general,
            "Basalt never sends anything anywhere."),
        SettingKey(
            "shutdown.timeout", .duration, "30s", .general, reloadable: true,
            "How long running statements may take to end when the server stops."),
    ]

    private static let http: [SettingKey] = [
        SettingKey(
            "http.enabled", .boolean, "true", .http, "Whether the REST interface listens."),
        SettingKey(
            "http.bind.to", .address, "127.0.0.1:9000", .http, aliases: ["http.net.bind.to"],
            "Address of the REST interface."),
        SettingKey(
            "http.net.connection.limit", .integer(1...100_000), "256", .http, reloadable: true,
            aliases: ["http.net.active.connection.limit"],
            "Connections at one time; further ones are answered 503."),
        SettingKey(
            "http.net.connection.timeout", .duration, "5m", .http, reloadable: true,
            aliases: ["http.net.idle.connection.timeout"],
            "How long an idle connection is kept."),
        SettingKey(
            "http.user", .text, "", .http, reloadable: true,
            "User that requests must name; empty lets everybody in as the administrator."),
        SettingKey(
            "http.password", .secret, "", .http, reloadable: true, "Password of http.user."),
        SettingKey(
            "http.token", .secret, "", .http, reloadable: true,
            "Bearer token accepted in place of user and password; empty: none."),
        SettingKey(
            "http.hosts", .list, "", .http, reloadable: true,
            "Names, separated by commas, by which clients may reach the server to change something, "
                + "besides addresses and localhost, such as the name of a container's service; with "
                + "http.user or http.token any name will do."),
        SettingKey(
            "http.security.readonly", .boolean, "false", .http,
            "Whether HTTP refuses every statement that changes something."),
        SettingKey(
            "http.security.max.response.rows", .integer(1...Int.max), "9223372036854775807",
            .http, reloadable: true, "Most rows of one answer."),
        SettingKey(
            "http.request.body.limit", .size(1...(1 << 50)), "16g", .http, reloadable: true,
            "Most bytes of one request's body, such as a file for /imp."),
        SettingKey(
            "http.cors.origins", .list, "", .http, reloadable: true,
            "Origins of web pages that may send statements, besides the server's own."),
        SettingKey(
            "http.health.check.authentication.required", .boolean, "false", .http,
            "Whether /ping and /health on the REST port ask for the password."),
        SettingKey(
            "http.min.enabled", .boolean, "true", .http, "Whether the health port listens."),
        SettingKey(
            "http.min.net.bind.to", .address, "127.0.0.1:9003", .http,
            aliases: ["http.min.bind.to"], "Address of health checks and metrics."),
    ]

    private static let postgres: [SettingKey] = [
        SettingKey(
            "pg.enabled", .boolean, "true", .postgres, "Whether the PostgreSQL wire listens."),
        SettingKey(
            "pg.net.bind.to", .address, "127.0.0.1:8812", .postgres,
            "Address of the PostgreSQL wire."),
        SettingKey(
            "pg.net.connection.limit", .integer(1...100_000), "256", .postgres, reloadable: true,
            aliases: ["pg.net.active.connection.limit"],
            "Connections at one time; further ones are refused with 53300."),
        SettingKey(
            "pg.net.connection.timeout", .duration, "0", .postgres, reloadable: true,
            aliases: ["pg.net.idle.timeout"],
            "How long an idle connection is kept; 0: for ever."),
        SettingKey(
            "pg.authentication.timeout", .duration, "60s", .postgres, reloadable: true,
            "How long a client may take from connecting to being logged in."),
        SettingKey(
            "pg.authentication", .choice(["scram-sha-256", "password", "trust"]),
            "scram-sha-256", .postgres, "How users prove who they are."),
        SettingKey(
            "pg.user", .text, "admin", .postgres, reloadable: true, "The administrator."),
        SettingKey(
            "pg.password", .secret, "quest", .postgres, reloadable: true,
            "Password of pg.user; change it before others can reach the port."),
        SettingKey(
            "pg.readonly.user.enabled", .boolean, "false", .postgres, reloadable: true,
            "Whether there is a user that may only read."),
        SettingKey(
            "pg.readonly.user", .text, "user", .postgres, reloadable: true,
            "The user that may only read."),
        SettingKey(
            "pg.readonly.password", .secret, "quest", .postgres, reloadable: true,
            "Password of pg.readonly.user."),
        SettingKey(
            "pg.security.readonly", .boolean, "false", .postgres,
            "Whether the PostgreSQL wire refuses every statement that changes something."),
        SettingKey(
            "pg.recv.buffer.size", .size(1024...(1 << 30)), "64m", .postgres,
            "Most bytes of one message from a client."),
        SettingKey(
            "pg.named.statement.limit", .integer(1...1_000_000), "10000", .postgres,
            "Prepared statements one connection may hold."),
    ]

    private static let line: [SettingKey] = [
        SettingKey(
            "line.http.enabled", .boolean, "true", .line,
            "Whether /write takes InfluxDB line protocol over HTTP."),
        SettingKey(
            "line.tcp.enabled", .boolean, "false", .line,
            "Whether line protocol over TCP listens."),
        SettingKey(
            "line.tcp.net.bind.to", .address, "127.0.0.1:9009", .line,
            "Address of line protocol over TCP."),
        SettingKey(
            "line.auto.create.new.tables", .boolean, "true", .line,
            "Whether an unknown table is created."),
        SettingKey(
            "line.auto.create.new.columns", .boolean, "true", .line,
            "Whether an unknown column is added."),
        SettingKey(
            "line.default.partition.by", .choice(["NONE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"]),
            "DAY", .line, "Partitioning of tables made by line protocol."),
    ]

    private static let tls: [SettingKey] = [
        SettingKey(
            "tls.cert.file", .text, "", .tls,
            "PEM file of the certificate and its chain; empty: no TLS."),
        SettingKey("tls.key.file", .text, "", .tls, "PEM file of the private key."),
        SettingKey(
            "pg.tls.required", .boolean, "false", .tls,
            "Whether clients of the PostgreSQL wire must use TLS."),
        SettingKey(
            "http.tls.enabled", .boolean, "false", .tls, "Whether the REST port speaks TLS."),
    ]

    private static let storage: [SettingKey] = [
        SettingKey(
            "cairo.commit.mode", .choice(["sync", "async", "nosync"]), "sync", .storage,
            "When a commit is acknowledged: after its log is on disk, soon before, or at once."),
        SettingKey(
            "cairo.wal.file.size", .size((1 << 20)...(1 << 32)), "64m", .storage,
            aliases: ["cairo.wal.segment.rollover.size"], "Size at which a log file is closed."),
        SettingKey(
            "cairo.wal.retention.size", .size((1 << 20)...(1 << 42)), "1g", .storage,
            "Bytes of log at which the tables that hold it back are flushed."),
        SettingKey(
            "cairo.wal.enabled.default", .boolean, "true", .storage,
            "Every table is logged."),
        SettingKey(
            "cairo.max.uncommitted.rows", .integer(1...1_000_000_000), "1000000", .storage,
            aliases: ["cairo.flush.rows"], "Rows of one table in memory that make it flush."),
        SettingKey(
            "cairo.write.memory.limit", .size((1 << 20)...(1 << 46)), "1g", .storage,
            "Memory for rows that are not in segments yet."),
        SettingKey(
            "cairo.compaction.enabled", .boolean, "true", .storage,
            "Whether segments are merged in the background."),
        SettingKey(
            "cairo.compaction.idle", .duration, "1d", .storage,
            "Time without a write after which a partition is merged for the last time."),
        SettingKey(
            "cairo.compaction.input.size", .size((1 << 20)...(1 << 40)), "1g", .storage,
            "Most bytes that one merge reads."),
        SettingKey(
            "cairo.max.file.name.length", .integer(16...127), "127", .storage,
            "Most bytes in the name of a table."),
        SettingKey(
            "cairo.system.table.prefix", .text, "sys.", .storage,
            "Names with this prefix are not for users' tables."),
    ]

    private static let backup: [SettingKey] = [
        SettingKey(
            "cairo.sql.backup.root", .text, "backup", .backup,
            "Directory of backups; relative to the root directory; empty disables BACKUP."),
        SettingKey(
            "cairo.sql.backup.dir.datetime.format", .text, "yyyy-MM-dd", .backup,
            reloadable: true, "Pattern of the name of a backup made without one."),
        SettingKey(
            "cairo.sql.backup.dir.tmp.name", .text, "tmp", .backup,
            "Name of the directory in which a backup is put together."),
        SettingKey(
            "cairo.sql.backup.mkdir.mode", .integer(0...0o7777), "448", .backup,
            "Permissions of directories of a backup, as a decimal number (448 is 0700)."),
        SettingKey(
            "backup.allowed.paths", .list, "", .backup,
            "Directories besides cairo.sql.backup.root that BACKUP and RESTORE may use."),
        SettingKey(
            "backup.reverify", .duration, "30d", .backup,
            "A file that an incremental backup shares is read again after so long; 0: never."),
        SettingKey(
            "backup.rate.limit", .size(0...(1 << 40)), "0", .backup,
            "Bytes a second that a backup copies at most unless it says otherwise; 0: no limit."),
        SettingKey(
            "backup.verify", .boolean, "true", .backup, reloadable: true,
            "Whether a backup is verified before it is published."),
        SettingKey(
            "cairo.snapshot.instance.id", .text, "", .backup,
            "Name of this instance; a snapshot of another one is recovered at start."),
        SettingKey(
            "cairo.snapshot.recovery.enabled", .boolean, "true", .backup,
            aliases: ["cairo.checkpoint.recovery.enabled"],
            "Whether a snapshot found at start is recovered."),
    ]

    private static let query: [SettingKey] = [
        SettingKey(
            "query.timeout", .duration, "60s", .query, reloadable: true,
            aliases: ["query.timeout.sec"],
            "How long a statement may run whose client has set no statement_timeout; 0: for ever. "
                + "Not for BACKUP, RESTORE, VERIFY BACKUP, SNAPSHOT, COPY, /imp, CREATE TABLE AS and "
                + "INSERT SELECT."),
        SettingKey(
            "cairo.sql.memory.limit", .size(0...(1 << 46)), "0", .query,
            "Memory that one statement may take for sorts, groups, joins and strings; 0: 512 MiB."
        ),
        SettingKey(
            "ram.usage.limit.percent", .integer(0...100), "90", .query,
            "Share of the machine's memory above which statements fail with 53200."),
        SettingKey(
            "cairo.sql.max.statement.size", .size(1024...(1 << 30)), "16m", .query,
            reloadable: true, "Most bytes of the text of a statement."),
        SettingKey(
            "cairo.sql.copy.root", .text, "import", .query,
            "Directory of files that COPY may read; relative to the root directory."),
        SettingKey(
            "cairo.sql.copy.export.root", .text, "export", .query,
            "Directory that COPY may write to; relative to the root directory."),
        SettingKey(
            "cairo.sql.copy.work.root", .text, "tmp", .query,
            "Directory for files that live as long as a statement."),
    ]

    private static let log: [SettingKey] = [
        SettingKey(
            "log.level", .choice(["DEBUG", "INFO", "ADVISORY", "ERROR", "CRITICAL"]), "INFO", .log,
            reloadable: true, "Least urgent lines that are written."),
        SettingKey(
            "log.file.enabled", .boolean, "true", .log,
            "Whether lines go to a file a day in the log directory."),
        SettingKey(
            "log.dir", .text, "log", .log,
            "Directory of log files; relative to the root directory."),
        SettingKey(
            "log.retention.days", .integer(0...36_500), "30", .log, reloadable: true,
            "Days after which a log file is removed; 0: never."),
        SettingKey(
            "log.slow.statement", .duration, "1s", .log, reloadable: true,
            "Statements that take longer are logged; 0: none."),
    ]

    /// Returns the row with a name or alias.
    package static func key(named name: String) -> SettingKey? {
        all.first { $0.name == name || $0.aliases.contains(name) }
    }

    /// Returns the known name that a mistyped one most likely means.
    package static func nearest(to name: String) -> String? {
        let limit = max(2, name.utf8.count / 4)
        var best: (name: String, distance: Int)?
        for key in all {
            let distance = editDistance(name, key.name)
            if distance <= limit, distance < best?.distance ?? Int.max {
                best = (key.name, distance)
            }
        }
        return best?.name
    }

    /// Letters to insert, remove or replace to make one name of the other.
    static func editDistance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8.prefix(200)), Array(right.utf8))
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in 1..<(right.count + 1) {
                let change = diagonal + (letter == right[column - 1] ? 0 : 1)
                diagonal = row[column]
                row[column] = min(change, diagonal + 1, row[column - 1] + 1)
            }
        }
        return row[right.count]
    }
}
