import Diagnostics
import Platform
import Testing

@testable import basalt

@Suite struct RootDirectoryTests {
    private func find(_ option: String?, _ environment: [String: String]) throws -> String {
        try RootDirectory.find(
            option: option, environment: environment, workingDirectory: "/srv/here"
        ).path
    }

    @Test("the option wins over the environment, and that over the home directory")
    func order() throws {
        let environment = ["BASALT_ROOT": "/var/b", "HOME": "/home/x"]

        #expect(try find("/opt/b", environment) == "/opt/b")
        #expect(try find(nil, environment) == "/var/b")
        #expect(try find(nil, ["HOME": "/home/x"]) == "/home/x/.basalt")
    }

    @Test("a relative root is made absolute and tidied")
    func relative() throws {
        #expect(try find("a/./../b/", [:]) == "/srv/here/b")
    }

    @Test("without any of the three the start is refused")
    func nothing() {
        #expect(throws: UsageError.self) { try find(nil, [:]) }
    }

    // MARK: - Where no root may be made

    /// A machine with a root, two backups of it, one of them adopted, and whatever else is told.
    private func refusal(
        _ path: String, directories: [String] = [], files: [String] = []
    ) throws -> DatabaseError? {
        let machine = SimulatedPlatform(seed: 1)
        defer { machine.stop() }
        let disk = machine.platform.files
        let present = [
            "/root/db/_database", "/root/db/t~1/_manifest.1", "/root/conf/server.conf",
            "/root/backup/b/_backup.json", "/root/backup/b/db/_database",
            "/root/backup/a/_backup.json", "/root/backup/a/db/_database",
            "/root/backup/a/backup/c/db/_database", "/root/backup/a/backup/c/_backup.json",
            "/root/before-restore-1/db/_database",
        ]
        for directory in directories { try disk.makeDurableDirectory(directory) }
        for file in present + files {
            try disk.makeDurableDirectory(Path.directory(of: file))
            try disk.publish([1], as: file)
        }
        do throws(DatabaseError) {
            try RootDirectory(path: path).create(disk, rewritesPublic: false)
        } catch {
            return error
        }
        return nil
    }

    @Test(
        "a directory inside a root or a backup is refused, and so is one of db/",
        arguments: [
            "/root/db", "/root/db/t~1", "/root/conf", "/root/tmp/x", "/root/snapshot",
            "/root/backup", "/root/backup/typo", "/root/backup/b/db", "/root/backup/b/x/y",
            "/root/backup/b/backup", "/root/before-restore-1/db", "/root/backup/a/backup/c/conf",
        ])
    func misplaced(path: String) throws {
        let error = try refusal(path)

        #expect(error?.state == .configuration)
        #expect(error.map { ExitCode($0) } == .configuration)
        #expect(error?.message.contains("\"\(path)\"") == true)
        #expect(error?.hint?.contains("-d") == true)
    }

    @Test(
        "files of a database and other people's are refused",
        arguments: [
            "/copy/_database", "/copy/_wal/00000001.wal", "/copy/_manifest.7", "/copy/a.seg",
            "/copy/paper.txt", "/copy/_backup.json",
        ])
    func occupied(file: String) throws {
        #expect(try refusal("/copy", files: [file])?.state == .configuration)
    }

    @Test(
        "a root, a backup, an adopted one's backup and what is empty are taken",
        arguments: [
            "/root", "/root/backup/b", "/root/backup/a", "/root/backup/a/backup/c", "/new/deep",
            "/root/before-restore-1", "/root/export/new", "/",
        ])
    func taken(path: String) throws {
        #expect(try refusal(path == "/" ? "/empty" : path, directories: ["/empty"]) == nil)
    }

    @Test(
        "what an operator prepares is no reason to refuse",
        arguments: [
            "/mount/lost+found/x", "/mount/conf/server.conf", "/mount/_restore", "/mount/.profile",
            "/mount/db/lost+found/x", "/mount/snapshot/x", "/mount/backup/old/_backup.json",
        ])
    func prepared(file: String) throws {
        #expect(try refusal("/mount", files: [file]) == nil)
    }
}
