package import Diagnostics
import Platform
import Storage

/// A directory in which backups lie, one directory each.
///
/// Names with a leading dot are not backups: `.lock` is held by whoever writes here, `.staging-…`
/// is a backup being made, `.dropped-…` one being removed.
struct Destination: Sendable {
    static let lockName = ".lock"
    static let stagingPrefix = ".staging-"
    static let droppedPrefix = ".dropped-"

    let path: String
    let files: any FileSystem

    /// Finds the directory a statement means and checks that it is allowed.
    ///
    /// - Parameter backup: the path of the backup in it that the statement names, for messages.
    /// - Parameter isWritten: whether a backup is to be made in it.
    /// - Throws: 55000 when BACKUP is switched off, 42501 outside of what is allowed, 22023 inside
    ///   the database itself, or to be written inside a backup.
    static func resolve(
        _ text: String?, backup: String? = nil, isWritten: Bool = false, settings: BackupSettings,
        files: any FileSystem
    ) throws(DatabaseError) -> Destination {
        guard let backupRoot = try settings.absoluteBackupRoot() else { throw .backupDisabled() }
        let wanted = text ?? ""
        let joined = wanted.hasPrefix("/") ? wanted : backupRoot + "/" + wanted
        guard let path = RelativePath.normalized(absolute: joined) else {
            throw .destinationNotAllowed(
                backup ?? wanted, why: "it has '..' in it or is not a path")
        }
        let allowed = [backupRoot] + settings.allowedPaths.compactMap(RelativePath.normalized)
        guard let base = allowed.first(where: { RelativePath.lies(path, within: $0) }) else {
            throw .destinationNotAllowed(
                backup ?? path, why: "it lies outside of the allowed directories")
        }
        try checkOutsideDatabase(path, settings: settings, files: files)
        try checkParts(path, below: base, files: files)
        if isWritten { try checkOutsideBackups(path, below: base, files: files) }
        return Destination(path: path, files: files)
    }

    /// Refuses the root itself, and directories in it whose files come and go by rules of their own,
    /// under whatever name a symbolic link gives them.
    private static func checkOutsideDatabase(
        _ path: String, settings: BackupSettings, files: any FileSystem
    ) throws(DatabaseError) {
        if try isSame(path, settings.root, files) { throw .destinationInsideDatabase(path) }
        var current = path
        while current != "/" {
            let above = Path.directory(of: current)
            // By the name in the root: `snapshot` is there only now and then.
            let name = Path.name(of: current)
            let isOurs = ["db", "snapshot", "tmp", "conf"].contains(name)
            if isOurs || AsideRoot.number(of: name) != nil,
                try isSame(above, settings.root, files)
            {
                throw .destinationInsideDatabase(path)
            }
            current = above
        }
    }

    /// Whether two paths name one directory. The dot at the end follows a link.
    private static func isSame(_ path: String, _ other: String, _ files: any FileSystem)
        throws(DatabaseError) -> Bool
    {
        if let other = RelativePath.normalized(absolute: other), path == other { return true }
        guard let mine = try files.info(Path.join(path, ".")) else { return false }
        let theirs: FileInfo?
        do throws(DatabaseError) {
            theirs = try files.info(Path.join(other, "."))
        } catch {
            // Who may enter one and not the other is told of two directories.
            guard error.cause?.errorNumber == ErrorNumber.accessDenied else { throw error }
            return false
        }
        guard let theirs else { return false }
        return mine.device == theirs.device && mine.inode == theirs.inode
    }

    /// Looks at each directory from the destination up to the one that is allowed: a link planted
    /// there would lead the copy somewhere else, and names with a dot are ours.
    private static func checkParts(
        _ path: String, below base: String, files: any FileSystem
    ) throws(DatabaseError) {
        var current = path
        while current != base, current != "/" {
            if try files.info(current)?.kind == .symbolicLink {
                throw .destinationNotAllowed(current, why: "it is a symbolic link")
            }
            guard !Path.name(of: current).hasPrefix(".") else {
                throw .destinationNotAllowed(path, why: "a part of it begins with a dot")
            }
            current = Path.directory(of: current)
        }
    }

    /// What is written into a backup would go with it when it is dropped.
    private static func checkOutsideBackups(
        _ path: String, below base: String, files: any FileSystem
    ) throws(DatabaseError) {
        var current = path
        while true {
            if try files.info(current)?.kind == .directory,
                try files.info(Path.join(current, BackupManifest.fileName))?.kind == .file
            {
                throw .destinationInsideBackup(path, backup: current)
            }
            guard current != base, current != "/" else { return }
            current = Path.directory(of: current)
        }
    }

    /// Creates the directory if needed and takes its lock, for a moment: while names are chosen,
    /// published or hidden. Who copies does not hold it.
    ///
    /// - Throws: 55006 when somebody does not give it back, 57014 when the job is cancelled.
    func lock(_ clock: any WorldClock, _ job: BackupJob? = nil) throws(DatabaseError)
        -> any FileLock
    {
        try files.makeDurableDirectory(path)
        let begin = clock.monotonicNanoseconds()
        while true {
            do throws(DatabaseError) {
                return try files.lock(Path.join(path, Self.lockName), .exclusive)
            } catch {
                guard error.state == .inUse else { throw error }
                let waited = clock.monotonicNanoseconds() - begin
                guard waited < Limits.destinationWaitNanoseconds else {
                    throw .destinationBusy(path, cause: error)
                }
            }
            try job?.checkCancelled()
            clock.wait(nanoseconds: Limits.destinationRetryNanoseconds)
        }
    }

    /// One small file per backup, named by its id: locked shared by who reads the backup and
    /// exclusively by who drops it. A backup itself is not written to. They are swept with the rest.
    static let readingDirectory = ".reading"

    /// Keeps a backup from being dropped until the lock is released; nil where no lock can be had
    /// because nothing can be written there.
    ///
    /// - Throws: 55006 while it is being dropped.
    func beginReading(_ id: String, _ name: String, _ clock: any WorldClock) throws(DatabaseError)
        -> (any FileLock)?
    {
        for _ in 1..<Limits.lockAttempts {
            do throws(DatabaseError) {
                return try lockBackup(id, name, .shared)
            } catch {
                guard error.state == .inUse else { throw error }
                // A sweep holds it for a moment as well; only who drops the backup does so for long.
                clock.wait(nanoseconds: Limits.destinationRetryNanoseconds)
            }
        }
        return try lockBackup(id, name, .shared)
    }

    /// Waits for nobody: whoever reads the backup is in the way.
    func beginDropping(_ id: String, _ name: String) throws(DatabaseError) -> (any FileLock)? {
        try lockBackup(id, name, .exclusive)
    }

    private func lockBackup(_ id: String, _ name: String, _ mode: LockMode) throws(DatabaseError)
        -> (any FileLock)?
    {
        guard RelativePath.isSafe(id) else { return nil }
        let directory = Path.join(path, Self.readingDirectory)
        do throws(DatabaseError) {
            try files.makeDurableDirectory(directory)
            return try lock(present: Path.join(directory, id), mode)
        } catch {
            if error.state == .inUse { throw .backupInUse(name, mode, cause: error) }
            let isReadOnly = [.insufficientPrivilege, .inputOutput].contains(error.state)
            if mode == .shared, isReadOnly { return nil }
            // Dropping gives room back, so it needs none: what has no file has no reader's lock.
            if error.state == .diskFull { return nil }
            throw error
        }
    }

    /// Takes the lock of a file that still has its name then: a sweep may have removed it between its
    /// opening and its locking, and the next one to come would lock another file.
    private func lock(present file: String, _ mode: LockMode) throws(DatabaseError)
        -> any FileLock
    {
        for _ in 1...Limits.lockAttempts {
            // Made before it is looked at; a lock makes it again when it went since.
            let before = try files.info(file)
            let lock = try files.lock(file, mode)
            let after = try files.info(file)
            if let before, let after, before.inode == after.inode, before.birth == after.birth {
                return lock
            }
            lock.release()
        }
        throw .lockFileChanges(file)
    }

    /// Removes the lock files that nobody holds.
    private func sweepReading() throws(DatabaseError) {
        let directory = Path.join(path, Self.readingDirectory)
        guard try files.info(directory)?.kind == .directory else { return }
        for name in try files.list(directory) {
            let file = Path.join(directory, name)
            guard try files.info(file)?.kind == .file else { continue }
            do throws(DatabaseError) {
                let lock = try files.lock(file, .exclusive)
                defer { lock.release() }
                try files.remove(file)
            } catch {
                // Held: somebody reads that backup. Gone: somebody dropped it.
                guard [.inUse, .missingFile].contains(error.state) else { throw error }
            }
        }
    }

    /// Forgets the lock of a backup that is gone.
    func forgetReading(_ id: String) {
        guard RelativePath.isSafe(id) else { return }
        // A file of no bytes that nobody misses; the next backup with this id never comes.
        do throws(DatabaseError) {
            try files.remove(Path.join(path, Self.readingDirectory, id))
        } catch _ {}
    }

    /// Checks a name someone gave.
    static func checkName(_ name: String) throws(DatabaseError) {
        guard !name.isEmpty else { throw .backupNameInvalid(name, why: "it is empty") }
        guard !name.hasPrefix(".") else {
            throw .backupNameInvalid(name, why: "it begins with a dot")
        }
        guard name != BackupManifest.fileName else {
            throw .backupNameInvalid(name, why: "a file with this name tells what a backup is")
        }
        guard !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0) else {
            throw .backupNameInvalid(name, why: "it is more than one part of a path")
        }
        guard name.utf8.count <= Limits.nameBytes else {
            throw .backupNameInvalid(name, why: "it is too long")
        }
    }

    /// The given name if it is free, or the first free one of the day.
    ///
    /// - Requires: the lock is held.
    func freeName(_ wanted: String?, day: String) throws(DatabaseError) -> String {
        var taken = Set(try files.list(path))
        for name in taken where name.hasPrefix(Self.stagingPrefix) {
            let reserved = try Staging.reservedName(Path.join(path, name), files: files)
            if let reserved { taken.insert(reserved) }
        }
        if let wanted {
            guard !taken.contains(wanted) else { throw nameTaken(wanted) }
            return wanted
        }
        if !taken.contains(day) { return day }
        for number in 1...Limits.namesOfOneDay where !taken.contains("\(day).\(number)") {
            return "\(day).\(number)"
        }
        throw nameTaken(day)
    }

    /// What to say of a name that cannot be had, with a way out that works for what has it.
    func nameTaken(_ name: String) -> DatabaseError {
        let place = Path.join(path, name)
        do throws(DatabaseError) {
            guard let info = try files.info(place) else {
                return .backupNameReserved(name, path: path)
            }
            if info.kind == .directory,
                try files.info(Path.join(place, BackupManifest.fileName))?.kind == .file
            {
                return .backupNameTaken(name, path: path)
            }
        } catch _ {
            // What cannot be looked at is nothing that DROP BACKUP removes.
        }
        return .backupPlaceTaken(name, place: place)
    }

    /// Names of what may be backups, in the order of the directory.
    func names() throws(DatabaseError) -> [String] {
        guard try files.info(path)?.kind == .directory else { return [] }
        var names: [String] = []
        for name in try files.list(path)
        where !name.hasPrefix(".") && name != Self.fileSystemDirectory {
            do throws(DatabaseError) {
                guard try files.info(Path.join(path, name))?.kind == .directory else { continue }
                let manifest = Path.join(path, name, BackupManifest.fileName)
                if try files.info(manifest)?.kind == .file { names.append(name) }
            } catch _ {
                // It may be one; whoever reads it is told why it cannot be.
                names.append(name)
            }
        }
        return names
    }

    /// What ext4 makes at the top of a file system, for root alone.
    private static let fileSystemDirectory = "lost+found"

    /// Reads a backup's manifest.
    ///
    /// - Throws: 58P01 with the newest names when there is no such backup, 42501 when a link stands
    ///   in its place, XX001, 0A000.
    func manifest(of name: String) throws(DatabaseError) -> BackupManifest {
        try Self.checkName(name)
        let place = Path.join(path, name)
        if try files.info(place)?.kind == .symbolicLink { throw .backupIsLink(place) }
        let file = Path.join(path, name, BackupManifest.fileName)
        guard try files.info(file)?.kind == .file else {
            throw .backupMissing(name, in: path, newest: Array(try newestNames().prefix(5)))
        }
        do throws(DatabaseError) {
            return try BackupManifest.decode(
                files.readAll(file, upTo: Limits.manifestBytes), path: file)
        } catch {
            throw error.inBackup(place)
        }
    }

    /// What the front of a backup's manifest says; nothing vouches for it until all is read.
    func manifestHead(of name: String) throws(DatabaseError) -> BackupManifest.Head {
        let file = Path.join(path, name, BackupManifest.fileName)
        let front = try files.open(file, .read, permissions: 0)
            .read(at: 0, count: Limits.manifestHeadBytes)
        if let head = BackupManifest.head(of: front) { return head }
        return BackupManifest.Head(try manifest(of: name))
    }

    private func newestNames() throws(DatabaseError) -> [String] {
        var found: [(name: String, at: Int64)] = []
        for name in try names() {
            do throws(DatabaseError) {
                found.append((name, try manifest(of: name).finishedAt))
            } catch _ {
                // A damaged neighbour is nothing to recommend; verifying it says what is wrong.
                continue
            }
        }
        return found.sorted { ($0.at, $0.name) > ($1.at, $1.name) }.map(\.name)
    }

    /// Removes what dead writers of this database left, and backups whose removal began.
    ///
    /// - Parameter told: what cannot be removed, and why. It is in nobody's way.
    /// - Requires: the lock is held.
    func sweep(database: String, told: (String) -> Void) throws(DatabaseError) {
        do throws(DatabaseError) {
            try sweepReading()
        } catch {
            told(Self.leftover(Path.join(path, Self.readingDirectory), error))
        }
        for name in try files.list(path) {
            let isDropped = name.hasPrefix(Self.droppedPrefix)
            guard isDropped || name.hasPrefix(Self.stagingPrefix) else { continue }
            let child = Path.join(path, name)
            do throws(DatabaseError) {
                try sweep(child, isDropped: isDropped, database: database)
            } catch {
                // Without the file somebody else is removing the same.
                if error.state != .missingFile { told(Self.leftover(child, error)) }
            }
        }
    }

    private func sweep(_ child: String, isDropped: Bool, database: String) throws(DatabaseError) {
        guard try files.info(child)?.kind == .directory else { return }
        if !isDropped {
            let isOurs = try Staging.isSwept(child, database: database, files: files)
            guard isOurs else { return }
            if try Staging.isHeld(child, files: files) { return }
        }
        try files.removeTree(child)
    }

    private static func leftover(_ path: String, _ error: DatabaseError) -> String {
        "\(path) is left over and cannot be removed: \(error.message); remove it by hand"
    }
}

extension BackupSettings {
    /// The normalized directory of `cairo.sql.backup.root`, nil when it is switched off.
    package func absoluteBackupRoot() throws(DatabaseError) -> String? {
        guard !backupRoot.isEmpty else { return nil }
        let joined = backupRoot.hasPrefix("/") ? backupRoot : root + "/" + backupRoot
        guard let path = RelativePath.normalized(absolute: joined) else {
            throw .destinationNotAllowed(joined, why: "cairo.sql.backup.root is not absolute")
        }
        return path
    }
}
