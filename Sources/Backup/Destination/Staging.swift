import Bytes
import Diagnostics
import Platform

/// A directory in which a backup is made, until one rename publishes it.
///
/// INV-1 it is locked by its writer for as long as the writer lives;
/// INV-2 before it holds any data it holds `_staging`, which names the root and its database;
/// INV-3 when `_staging` goes, `_backup.json` is there and names them too.
struct Staging: Sendable {
    static let recordName = "_staging"
    static let lockName = "_staging.lock"

    let path: String
    let files: any FileSystem
    private let lock: any FileLock

    /// Whose a staging directory is, and what it is to become.
    struct Record: Sendable {
        let root: String
        let database: String
        let timeline: String
        let name: String
    }

    /// Creates the directory, takes its lock and writes down whose it is.
    static func make(
        in destination: Destination, random: String, record: Record
    ) throws(DatabaseError) -> Staging {
        let files = destination.files
        let path = Path.join(destination.path, Destination.stagingPrefix + random)
        try files.makeDirectory(path, permissions: 0o700)
        let lock = try files.lock(Path.join(path, lockName), .exclusive)
        let staging = Staging(path: path, files: files, lock: lock)
        let text = JSONValue.object([
            JSONMember("root", .string(record.root)),
            JSONMember("database", .string(record.database)),
            JSONMember("timeline", .string(record.timeline)),
            JSONMember("name", .string(record.name)),
        ])
        do throws(DatabaseError) {
            // The directory's own name may be lost with all that is in it: then nothing was begun.
            try files.publish(text.encoded, as: Path.join(path, recordName))
        } catch {
            staging.discard()
            throw error
        }
        return staging
    }

    /// Whether the writer of a staging directory lives: then it is his, whatever is in it.
    ///
    /// - Requires: the destination's lock is held; it is whenever the directory lacks its own.
    static func isHeld(_ path: String, files: any FileSystem) throws(DatabaseError) -> Bool {
        do throws(DatabaseError) {
            try files.lock(Path.join(path, lockName), .exclusive).release()
            return false
        } catch {
            guard error.state == .inUse else { throw error }
            return true
        }
    }

    /// The name that a backup being made is to have; nil when it does not say so yet.
    static func reservedName(_ path: String, files: any FileSystem) throws(DatabaseError)
        -> String?
    {
        let file = Path.join(path, recordName)
        guard try files.info(file)?.kind == .file else { return nil }
        let bytes = try files.readAll(file, upTo: Limits.manifestBytes)
        do throws(DecodeFailure) {
            return try JSONReader.read(bytes)["name"]?.text
        } catch _ {
            return nil
        }
    }

    /// Whether a staging directory found under the destination's lock may be removed: it is of
    /// this database, or of nobody: what a backup needs was never there or is gone again.
    static func isSwept(_ path: String, database: String, files: any FileSystem)
        throws(DatabaseError) -> Bool
    {
        for name in [recordName, BackupManifest.fileName] {
            let file = Path.join(path, name)
            guard try files.info(file)?.kind == .file else { continue }
            let bytes = try files.readAll(file, upTo: Limits.manifestBytes)
            do throws(DecodeFailure) {
                return try JSONReader.read(bytes)["database"]?.text == database
            } catch _ {
                // Not readable as ours: whoever wrote it has to look at it.
                return false
            }
        }
        // Its writer died before it said whose it is, or somebody while he removed it.
        return true
    }

    /// Gives everything back after a failure. What cannot be removed now is swept by the next
    /// backup, so a second failure is not worth hiding the first one.
    func discard() {
        // Locked to the end, so that nobody else sweeps it at the same time.
        do throws(DatabaseError) { try files.removeTree(path) } catch _ {}
        lock.release()
    }

    /// Makes all data durable, and all names below; those in the directory itself become so when the
    /// manifest is published there.
    ///
    /// - Parameter outputs: the files that were written, when each is to be synced by itself.
    func sync(_ plan: BackupPlan, outputs: [any OpenFile]) throws(DatabaseError) {
        // Who serves the backup where it lies holds it, also where nothing can be written.
        try files.lock(Path.join(path, "db", "_lock"), .shared).release()
        // A sync of the file system makes names durable as well.
        guard plan.syncsEach else { return try files.syncFileSystem(of: path) }
        for output in outputs { try output.sync() }
        for directory in plan.directories.reversed() {
            try files.syncDirectory(Path.join(path, directory))
        }
    }

    /// Publishes the backup: its manifest, then one rename, then the directory's sync.
    func publish(_ manifest: BackupManifest, as final: String) throws(DatabaseError) {
        try files.publish(manifest.encoded, as: Path.join(path, BackupManifest.fileName))
        try files.remove(Path.join(path, Self.recordName))
        try files.remove(Path.join(path, Self.lockName))
        try files.syncDirectory(path)
        try files.rename(path, to: final, replacing: false)
        lock.release()
        try files.syncDirectory(Path.directory(of: final))
    }
}
