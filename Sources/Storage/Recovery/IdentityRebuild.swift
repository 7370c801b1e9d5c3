import Diagnostics
import Platform

/// Makes `_database` anew of what the other files of a root tell: manifests and directories the
/// highest commit and table, the log its begin and its timelines, copies of the file in backups and
/// prepared snapshots the database's uuid.
///
/// It is published last and at once: whenever it is interrupted, it is done again.
struct IdentityRebuild {
    let root: String
    let platform: Platform
    /// Directories in which backups may lie, each in a directory of its own.
    var destinations: [String] = []

    private var files: any FileSystem { platform.files }
    private var directory: String { Path.join(root, "db") }
    private var logDirectory: String { Path.join(directory, "_wal") }
    private var path: String { Path.join(directory, DatabaseFile.name) }

    /// Whether there are tables or a log.
    func hasData() throws(DatabaseError) -> Bool {
        guard try files.info(directory) != nil else { return false }
        if try !WALName.list(files, logDirectory).isEmpty { return true }
        return try files.list(directory).contains { TableDirectory.id(of: $0) != nil }
    }

    func run() throws(DatabaseError) -> [String] {
        guard try hasData() else { throw .noDatabase(root) }
        let lock = try files.lock(Path.join(directory, "_lock"), .exclusive)
        defer { lock.release() }
        if try isSound() { throw .soundIdentity(path) }
        var database = DatabaseFile(
            uuid: DatabaseFile.makeUUID(platform.chance),
            timeline: DatabaseFile.makeUUID(platform.chance), highestLSN: .zero,
            highestTableID: 0, firstLSN: .zero, hasLog: false)
        var lines: [String] = []
        try readTables(&database)
        try readLog(&database)
        if let copy = try newestCopy(of: database.ancestors) {
            database.uuid = copy.file.uuid
            database.highestTableID = max(database.highestTableID, copy.file.highestTableID)
            let older = [copy.file.timeline] + copy.file.ancestors
            database.ancestors += older.filter { !database.ancestors.contains($0) }
            lines.append("database \(database.uuid), as in \"\(copy.path)\"")
        } else {
            lines.append(
                "database \(database.uuid) is new: no backup or snapshot of its timeline tells what it "
                    + "was; its backups are those of another database now")
        }
        database.ancestors = Array(database.ancestors.prefix(Limits.ancestors))
        if !database.hasLog { try unmarkStaged() }
        try files.publish(database.encode(), as: path, replacing: .atomically)
        lines.append("timeline \(database.timeline) begins")
        lines.append(
            database.hasLog
                ? "the log begins with commit \(database.firstLSN): what was committed before is "
                    + "taken to be in segments"
                : "there is no log: what no segment holds is lost; the next commit is "
                    + "\(database.firstLSN)")
        return lines
    }

    /// Whether the file is there and right, and not one of a backup beside a log that has rows.
    private func isSound() throws(DatabaseError) -> Bool {
        guard try files.info(path) != nil else { return false }
        do throws(DatabaseError) {
            if try DatabaseFile.read(path, files).hasLog { return true }
        } catch {
            guard error.state == .corrupted else { throw error }
            return false
        }
        for name in try WALName.list(files, logDirectory) {
            let info = try files.info(Path.join(logDirectory, WALName.name(name)))
            if info?.size ?? 0 > WALFileHeader.bytes { return false }
        }
        return true
    }

    private func readTables(_ database: inout DatabaseFile) throws(DatabaseError) {
        for name in try files.list(directory) {
            guard let id = TableDirectory.id(of: name) else { continue }
            database.highestTableID = max(database.highestTableID, id)
            // A name is enough: a damaged manifest was of that commit too.
            for file in try files.list(Path.join(directory, name)) {
                guard let lsn = Manifest.lsn(of: file) else { continue }
                database.highestLSN = max(database.highestLSN, lsn)
            }
        }
    }

    /// Takes the log's begin from the name of its first file, and its timelines, the newest first.
    private func readLog(_ database: inout DatabaseFile) throws(DatabaseError) {
        let names = try WALName.list(files, logDirectory)
        database.hasLog = !names.isEmpty
        database.firstLSN = names.first ?? database.highestLSN.next
        for name in names {
            let path = Path.join(logDirectory, WALName.name(name))
            let file = try files.open(path, .read, permissions: 0)
            do throws(DatabaseError) {
                let bytes = try file.read(at: 0, count: WALFileHeader.bytes)
                let timeline = try WALFileHeader.decode(bytes, path: path).timeline
                database.ancestors.removeAll { $0 == timeline }
                database.ancestors.insert(timeline, at: 0)
            } catch {
                guard error.state == .corrupted else { throw error }
                platform.log.log(.critical, "storage", "\(error)")
            }
        }
        // Nothing is known to be durable but what segments and whole files hold.
        if let last = names.last {
            database.highestLSN = max(database.highestLSN, LSN(last.value - 1))
        }
    }

    /// The newest copy of the file that is of the same history.
    private func newestCopy(of timelines: [String]) throws(DatabaseError)
        -> (path: String, file: DatabaseFile)?
    {
        var places = PreparedKind.allCases.map { Path.join(root, $0.directory) }
        for place in [Path.join(root, "backup")] + destinations {
            // The dot follows a link in the place of the directory.
            let found = [try files.info(Path.join(place, ".")), try files.info(place)]
            guard found.contains(where: { $0?.kind == .directory }) else { continue }
            places += try files.list(place).sorted().map { Path.join(place, $0) }
        }
        var newest: (path: String, file: DatabaseFile)?
        for place in places {
            let path = Path.join(place, "db", DatabaseFile.name)
            guard try files.info(place)?.kind == .directory else { continue }
            guard try files.info(path)?.kind == .file else { continue }
            // One that cannot be read tells nothing.
            guard let copy = try? DatabaseFile.read(path, files) else { continue }
            let history = [copy.timeline] + copy.ancestors
            guard history.contains(where: timelines.contains) else { continue }
            if copy.highestLSN >= newest?.file.highestLSN ?? .zero { newest = (path, copy) }
        }
        return newest
    }

    /// Without a log nothing proves any more that segments were never committed.
    private func unmarkStaged() throws(DatabaseError) {
        for name in try files.list(directory) where TableDirectory.id(of: name) != nil {
            try StagedTable.end(Path.join(directory, name), files)
        }
    }
}
