import Testing

@testable import Platform

@Suite struct SettingTableTests {
    @Test("a setting is read by some room, or the documentation says that it does nothing")
    func honest() throws {
        let sources = try Self.sources()
        let inert = SettingTable.ignored.union(SettingTable.refused)
        let read = Set(SettingTable.all.map(\.name).filter { sources.contains("\"\($0)\"") })

        #expect(inert.subtracting(SettingTable.all.map(\.name)).isEmpty, "no such setting")
        #expect(inert.intersection(read).sorted() == [], "take these out of the lists")
        #expect(
            Set(SettingTable.all.map(\.name)).subtracting(read).subtracting(inert).sorted()
                == ["config.validation.strict"], "nobody reads these")
    }

    @Test("an ignored setting is a warning when it is given another value, and only then")
    func ignored() throws {
        let given = try Self.configuration("log.slow.statement=5s\nline.tcp.enabled=false\n")

        #expect(given.warnings.count == 1)
        #expect(
            given.warnings[0].contains("\"log.slow.statement\" at server.conf:1 is without effect"))
    }

    @Test(
        "a setting that would leave a door open refuses the start",
        arguments: [
            "pg.tls.required=true", "http.tls.enabled=true", "pg.authentication=password",
        ])
    func refused(line: String) {
        #expect(throws: (any Error).self) { try Self.configuration(line) }
    }

    @Test("server.conf and the documentation say which settings do nothing")
    func documented() {
        #expect(SettingTable.defaultFile.contains("without effect in this version"))
        #expect(!SettingTable.defaultFile.contains("reload_config"))
        #expect(SettingTable.documentation.contains("Only the default is possible"))
    }

    private static func configuration(_ text: String) throws -> Configuration {
        try Configuration(text: Array(text.utf8), path: "server.conf", environment: [:]) { _ in [] }
    }

    /// Everything the rooms say, without the table itself.
    private static func sources() throws -> String {
        let here = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let files = LinuxFileSystem()
        var text = ""
        var folders = ["/" + here + "/Sources"]
        while let folder = folders.popLast() {
            for name in try files.list(folder) where name != "Configuration" {
                let path = Path.join(folder, name)
                if try files.info(path)?.kind == .directory {
                    folders.append(path)
                } else if name.hasSuffix(".swift") {
                    text += String(decoding: try files.readAll(path, upTo: 1 << 20), as: UTF8.self)
                }
            }
        }
        return text
    }
}
