import Diagnostics
import Testing

@testable import Platform

@Suite("Configuration") struct ConfigurationTests {
    private func load(
        _ text: String, _ environment: [String: String] = [:], secrets: [String: String] = [:]
    ) throws(DatabaseError) -> Configuration {
        try Configuration(text: Array(text.utf8), path: "/c/server.conf", environment: environment)
        { (path) throws(DatabaseError) in
            guard let secret = secrets[path] else { throw .badTLSFile(path) }
            return Array(secret.utf8)
        }
    }

    @Test("without a file everything has its default")
    func defaults() {
        let configuration = Configuration()

        #expect(configuration.address("http.bind.to").description == "127.0.0.1:9000")
        #expect(configuration.text("cairo.sql.backup.root") == "backup")
        #expect(configuration.path("cairo.sql.backup.root", root: "/r") == "/r/backup")
        #expect(configuration.integer("query.timeout") == 60_000)
        #expect(configuration.integer("cairo.wal.file.size") == 64 << 20)
        #expect(configuration.boolean("pg.enabled"))
        #expect(configuration.list("backup.allowed.paths").isEmpty)
        #expect(configuration.warnings.isEmpty)
    }

    @Test("the file beats the default, the environment the file, and BASALT_ beats QDB_")
    func precedence() throws {
        let text = "pg.user=file\npg.password=file\nhttp.user=file\n"

        let configuration = try load(
            text,
            [
                "QDB_PG_PASSWORD": "q", "QDB_HTTP_USER": "q", "BASALT_HTTP_USER": "b",
                "PG_USER": "other",
            ])

        #expect(configuration.text("pg.user") == "file")
        #expect(configuration.text("pg.password") == "q")
        #expect(configuration.text("http.user") == "b")
        #expect(configuration.source("pg.user") == .file(line: 1))
        #expect(configuration.source("http.user") == .environment("BASALT_HTTP_USER"))
    }

    @Test("the documented variable sets the backup root, and empty disables backups")
    func backupRoot() throws {
        let set = try load("", ["QDB_CAIRO_SQL_BACKUP_ROOT": "/mnt/b"])
        let empty = try load("cairo.sql.backup.root=\n")

        #expect(set.path("cairo.sql.backup.root", root: "/r") == "/mnt/b")
        #expect(empty.path("cairo.sql.backup.root", root: "/r") == nil)
    }

    @Test("a secret comes from a file and loses the line break at its end")
    func secretFiles() throws {
        let fromEnvironment = try load(
            "", ["QDB_PG_PASSWORD_FILE": "/s", "QDB_PG_PASSWORD": "direct"],
            secrets: ["/s": "hidden\n"])
        let fromFile = try load("http.password.file=/s", secrets: ["/s": "hidden"])

        #expect(fromEnvironment.text("pg.password") == "hidden")
        #expect(fromFile.text("http.password") == "hidden")
    }

    @Test("an unknown key is a warning with the nearest known one")
    func unknownKeys() throws {
        let configuration = try load(
            "htp.bind.to=1\nquite.different=2", ["QDB_PG_USR": "x", "QDB_LOG_W_FILE_LEVEL": "x"])

        #expect(
            configuration.warnings == [
                "unknown setting \"htp.bind.to\" at /c/server.conf:1, "
                    + "the nearest known one is \"http.bind.to\"",
                "unknown setting \"quite.different\" at /c/server.conf:2",
                "unknown setting \"QDB_PG_USR\" at the environment, "
                    + "the nearest known one is \"QDB_PG_USER\"",
            ])
    }

    @Test("strict validation refuses unknown keys")
    func strict() {
        let error = #expect(throws: DatabaseError.self) {
            _ = try load("config.validation.strict=true\nnope=1")
        }

        #expect(error?.state == .configuration)
    }

    @Test(
        "a bad value refuses the start, naming file and line",
        arguments: [
            "http.bind.to=9000", "http.bind.to=host:70000", "pg.enabled=maybe",
            "cairo.commit.mode=never", "query.timeout=soon", "cairo.wal.file.size=3",
            "http.net.connection.limit=0", "query.timeout=99999999999999999d",
        ])
    func badValues(line: String) {
        let error = #expect(throws: DatabaseError.self) { _ = try load("\n\(line)\n") }

        #expect(error?.state == .configuration)
        #expect(error?.message.hasSuffix("\"\(line)\" at /c/server.conf:2") == true)
    }

    @Test(
        "sizes and durations have units",
        arguments: [
            ("64m", 64 << 20), ("1G", 1 << 30), ("4096", 4096), ("16 kb", 16 << 10),
            ("2T", 2 << 40),
        ])
    func sizes(text: String, bytes: Int) {
        #expect(SettingValue.size(text) == bytes)
        #expect(SettingValue.milliseconds("30s") == 30_000)
        #expect(SettingValue.milliseconds("250") == 250)
        #expect(SettingValue.milliseconds("x") == nil)
    }

    @Test("aliases set the key they stand for")
    func aliases() throws {
        let configuration = try load("http.net.bind.to=[::1]:1\nquery.timeout.sec=5")

        #expect(
            configuration.address("http.bind.to") == NetworkAddress(host: "::1", port: 1))
        #expect(configuration.integer("query.timeout") == 5000)
    }

    @Test("parameters hide secrets and tell their source")
    func parameters() throws {
        let rows = try load("pg.password=x", ["QDB_PG_USER": "u"]).parameters
        let password = try #require(rows.first { $0.name == "pg.password" })
        let user = try #require(rows.first { $0.name == "pg.user" })

        #expect(password.value == "****")
        #expect(password.source == "conf")
        #expect(user.value == "u")
        #expect(user.source == "env")
        #expect(user.environmentName == "QDB_PG_USER")
        #expect(rows.count == SettingTable.all.count)
    }

    @Test("a reload takes the reloadable settings only")
    func reload() throws {
        let old = try load("pg.user=a\npg.net.bind.to=127.0.0.1:1")
        let new = try load("pg.user=b\npg.net.bind.to=127.0.0.1:2")

        let (result, changed, needingRestart) = old.reloaded(from: new)

        #expect(result.text("pg.user") == "b")
        #expect(result.address("pg.net.bind.to").port == 1)
        #expect(changed == ["pg.user"])
        #expect(needingRestart == ["pg.net.bind.to"])
    }

    @Test("the default file changes nothing, commented or not")
    func defaultFile() throws {
        let file = SettingTable.defaultFile
        let opened = file.split(separator: "\n").map { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") ? line.dropFirst() : line
        }.joined(separator: "\n")

        let commented = try load(file)
        let uncommented = try load(opened)

        #expect(commented.warnings.isEmpty)
        #expect(uncommented.warnings.isEmpty)
        #expect(uncommented.parameters.map(\.value) == Configuration().parameters.map(\.value))
        #expect(uncommented.parameters.allSatisfy { $0.source == "conf" })
    }

    @Test("every name, alias and environment form stands once in the table")
    func unique() {
        let names = SettingTable.all.flatMap { [$0.name] + $0.aliases }

        #expect(Set(names.map(SettingKey.environmentForm)).count == names.count)
        #expect(SettingTable.documentation.contains("| `pg.user` | `admin` | yes |"))
        #expect(ProcessEnvironment.all()["PATH"] != nil)
    }
}
