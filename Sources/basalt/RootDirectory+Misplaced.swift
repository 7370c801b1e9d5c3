import Diagnostics
import Platform

/// Whether a directory may become a root. One level too deep or too high, and a new and empty database
/// would lie in the middle of another one, or of a backup, which is damaged by that.
extension RootDirectory {
    /// Directories of a root in which nobody else has anything to do.
    private static let inner: Set<String> = ["db", "conf", "tmp", "snapshot", ".checkpoint"]

    /// What an operator, a file system or an earlier start may have put where a root is to be.
    private static let prepared = Set(directories).union(["snapshot", "lost+found", "_restore"])

    /// - Throws: F0000 saying what the directory seems to be and which is meant.
    func refuseMisplaced(_ files: any FileSystem) throws(DatabaseError) {
        let holdsIdentity = try isFile("_database", files)
        let holdsPartition = try isFile("_detached", files)
        if holdsIdentity || holdsPartition {
            throw .rootIsDatabase(path, isIn: Path.directory(of: path))
        }
        let isRoot = try Self.isRoot(path, files)
        try refuseInside(isRoot: isRoot, files)
        let isThere = try isDirectory(nil, files)
        let hasDatabase = try isDirectory("db", files)
        if isRoot || hasDatabase || !isThere { return }
        for name in try files.list(path).sorted() {
            if name == "_wal" || name.hasPrefix("_manifest.") || name.hasSuffix(".seg") {
                throw .rootIsDatabase(path, isIn: Path.directory(of: path))
            }
            let isKnown =
                Self.prepared.contains(name) || name.hasPrefix(".")
                || name.hasPrefix("before-restore-")
            if !isKnown { throw .rootIsOccupied(path, by: name) }
        }
    }

    /// Looks whether one of the directories above is a root or a backup.
    private func refuseInside(isRoot: Bool, _ files: any FileSystem) throws(DatabaseError) {
        var above = path
        var below: [String] = []
        while above != "/" {
            below.insert(Path.name(of: above), at: 0)
            above = Path.directory(of: above)
            // A backup is a root, also one in a backup on which a server has been started.
            if below[0] == "backup", below.count > 1, isRoot { continue }
            let isBackup =
                try files.info(Path.join(above, "_backup.json"))?.kind == .file
            if isBackup { throw .rootIsInside(path, "backup", above) }
            let isTaken = Self.inner.contains(below[0]) || below[0] == "backup"
            if isTaken, try Self.isRoot(above, files) {
                throw .rootIsInside(path, "root", above)
            }
        }
    }

    private static func isRoot(_ path: String, _ files: any FileSystem) throws(DatabaseError)
        -> Bool
    {
        try files.info(Path.join(path, "db", "_database")) != nil
    }

    private func isFile(_ name: String, _ files: any FileSystem) throws(DatabaseError) -> Bool {
        try files.info(Path.join(path, name))?.kind == .file
    }

    /// - Parameter name: nil for the directory itself.
    private func isDirectory(_ name: String?, _ files: any FileSystem) throws(DatabaseError)
        -> Bool
    {
        let place = name.map { Path.join(path, $0) } ?? path
        let kind = try files.info(place)?.kind
        guard kind == .symbolicLink else { return kind == .directory }
        // The point follows the link: what is mounted elsewhere counts too.
        return try files.info(Path.join(place, "."))?.kind == .directory
    }
}

extension DatabaseError {
    fileprivate static func rootIsDatabase(_ path: String, isIn above: String) -> DatabaseError {
        DatabaseError(
            .configuration, "directory holds files of a database and is no root \"\(path)\"",
            detail: "It seems to be the directory db/ of a root, or lies in one.",
            hint: "Name the root, which has db/ in it, with -d: perhaps \"\(above)\".")
    }

    fileprivate static func rootIsInside(_ path: String, _ kind: String, _ above: String)
        -> DatabaseError
    {
        DatabaseError(
            .configuration, "directory lies inside the \(kind) \"\(above)\" \"\(path)\"",
            detail: kind == "backup"
                ? "A database in it would make the backup one that cannot be trusted."
                : "A database in it would be in the way of the other, whose part it is.",
            hint: "Name \"\(above)\" itself with -d, one of its backups, or a directory of its own."
        )
    }

    fileprivate static func rootIsOccupied(_ path: String, by name: String) -> DatabaseError {
        DatabaseError(
            .configuration, "directory is not empty and no root \"\(path)\"",
            detail: "It holds \"\(name)\", and no db/ as a root does.",
            hint: "Name a root, a backup, or a directory that is empty or not there yet with -d.")
    }
}
