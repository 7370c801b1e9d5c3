import Diagnostics
import Platform

/// The directory given by `-d`: where everything of one server lies.
struct RootDirectory {
    let path: String

    /// What the first start creates. `snapshot` appears only while one is prepared.
    static let directories = [
        "conf", "db", "backup", "log", "public", "import", "export", "tmp",
    ]

    var configurationFile: String { Path.join(path, "conf", "server.conf") }

    /// Finds the root: the option, else `$BASALT_ROOT`, else `~/.basalt`.
    static func find(
        option: String?, environment: [String: String], workingDirectory: String
    ) throws(UsageError) -> RootDirectory {
        if let given = option ?? environment["BASALT_ROOT"], !given.isEmpty {
            return RootDirectory(
                path: absolute(given, workingDirectory: workingDirectory))
        }
        guard let home = environment["HOME"], !home.isEmpty else {
            throw UsageError(
                message: "no root directory: give -d ROOT or set BASALT_ROOT, HOME is not set")
        }
        return RootDirectory(path: Path.join(home, ".basalt"))
    }

    static func absolute(_ path: String, workingDirectory: String) -> String {
        var parts: [Substring] = []
        let whole = path.hasPrefix("/") ? path : Path.join(workingDirectory, path)
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Creates what is missing: the directories, the commented settings, the public page.
    ///
    /// - Throws: F0000 for a directory that is meant for something else; 58030, 53100 when the root
    ///   cannot be written.
    func create(_ files: any FileSystem, rewritesPublic: Bool) throws(DatabaseError) {
        try refuseMisplaced(files)
        for name in Self.directories {
            try files.makeDurableDirectory(Path.join(path, name))
        }
        if try files.info(configurationFile) == nil {
            try files.publish(
                Array(SettingTable.defaultFile.utf8), as: configurationFile)
        }
        let logFile = Path.join(path, "conf", "log.conf")
        if try files.info(logFile) == nil {
            try files.publish(Array(LogSettings.defaultFile.utf8), as: logFile)
        }
        let page = Path.join(path, "public", "index.html")
        let hasPage = try files.info(page) != nil
        if rewritesPublic || !hasPage {
            try files.publish(
                Array(Self.publicPage.utf8), as: page, permissions: 0o644,
                replacing: .atomically)
        }
    }

    private static let publicPage = """
        <!doctype html>
        <meta charset="utf-8">
        <title>Basalt</title>
        <h1>Basalt</h1>
        <p>Queries go to <code>/exec?query=…</code>; PostgreSQL clients connect on port 8812.</p>
        """
}
