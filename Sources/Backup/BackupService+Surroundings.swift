package import Diagnostics
package import Platform
import Storage

/// What lies around a backup that is made: conf/, the file system of the destination, and whether the
/// root is a backup itself.
extension BackupService {
    /// Reads the files of conf/ as they are now.
    func readConfiguration() throws(DatabaseError) -> [PinnedDatabase.SmallFile] {
        let directory = Path.join(settings.root, "conf")
        guard try platform.files.info(directory)?.kind == .directory else { return [] }
        var found: [PinnedDatabase.SmallFile] = []
        try readConfiguration(directory, below: "", depth: 0, into: &found)
        return found
    }

    private func readConfiguration(
        _ directory: String, below prefix: String, depth: Int,
        into found: inout [PinnedDatabase.SmallFile]
    ) throws(DatabaseError) {
        guard depth < Limits.directoryDepth else { return }
        for name in try platform.files.list(directory) {
            let path = Path.join(directory, name)
            // Mounted settings are links into directories called `..data`: the links are read.
            guard !name.hasPrefix(".."), !name.hasSuffix(Path.temporarySuffix) else { continue }
            switch try platform.files.info(path)?.kind {
            case .directory:
                try readConfiguration(
                    path, below: prefix + name + "/", depth: depth + 1, into: &found)
            case .file, .symbolicLink:
                guard found.count < Limits.configurationFiles else {
                    throw .tooManyConfigurationFiles(directory)
                }
                let bytes = try platform.files.readAll(
                    path, upTo: Limits.configurationBytes, .readLinked)
                found.append(PinnedDatabase.SmallFile(path: prefix + name, bytes: bytes))
            case .other, nil:
                continue
            }
        }
    }

    /// What the owner should know about where the backup lies.
    func placementNotices(_ path: String) -> [String] {
        var notices: [String] = []
        do throws(DatabaseError) {
            let live = try platform.files.info(Path.join(settings.root, "db"))
            let copy = try platform.files.info(path)
            if let live, let copy, live.device == copy.device {
                notices.append(
                    "the backup lies on the device of the database: it undoes mistakes, but does "
                        + "not survive the loss of the disk")
            }
        } catch _ {
            // Only a remark is lost; the backup itself is published.
        }
        if let root = RelativePath.normalized(absolute: settings.root),
            RelativePath.lies(path, within: root)
        {
            notices.append(
                "the backup lies inside the root: keep or move it when you empty the root")
        }
        return notices
    }

    /// Locks, links and syncs are not what they should be everywhere.
    func warnOfFileSystem(_ path: String, job: BackupJob) {
        do throws(DatabaseError) {
            let kind = try platform.files.kind(ofFileSystem: path)
            if kind.isSupported { return }
            let text =
                "the backup lies on \(kind.name), which is not known to keep what was synced: "
                + "copy it from there only after checking it with VERIFY BACKUP"
            platform.log.log(.error, "backup", text)
            job.warn(text)
        } catch _ {
            // Only a remark is lost; the backup itself is published.
        }
    }

    /// True once a server has been started on the backup for writing: it has a log then, which no
    /// backup has.
    func isAdopted(_ path: String) throws(DatabaseError) -> Bool {
        try platform.files.info(Path.join(path, "db", "_wal")) != nil
    }

    /// Looks at a root that is a backup before a server is started on it: that nothing in `db/` is
    /// missing, cut, planted or a link, and that the small files are what they were. The bytes of
    /// segments are checked when they are read. An adopted backup is a database, which tells by
    /// itself what is wrong with it.
    ///
    /// - Throws: XX001 naming the first file that is wrong, 0A000 for a newer format.
    package static func checkBeforeStart(root: String, platform: Platform) throws(DatabaseError) {
        let files = platform.files
        let path = Path.join(root, BackupManifest.fileName)
        let isAdopted = try files.info(Path.join(root, "db", "_wal")) != nil
        guard !isAdopted, try files.info(path) != nil else { return }
        let verifier = BackupVerifier(path: root, files: files) { _ in }
        do throws(DatabaseError) {
            let manifest = try BackupManifest.decode(
                files.readAll(path, upTo: Limits.manifestBytes), path: path)
            try verifier.refuseStrangers(manifest)
            for file in manifest.files where file.path.hasPrefix("db/") {
                try verifier.verify(file, mode: file.segment == nil ? .full : .quick)
            }
        } catch {
            guard error.state == .corrupted else { throw error }
            throw .damagedBackupNotStarted(error, manifest: path)
        }
    }

    /// True for a root that is a backup and on which no server has been started for writing yet:
    /// starting on it adopts it, which begins a new timeline. One whose adoption was cut short still
    /// is: what it lacks is the log, which comes after the timeline.
    package static func isBackup(root: String, platform: Platform) throws(DatabaseError) -> Bool {
        let manifest = try platform.files.info(Path.join(root, BackupManifest.fileName))
        guard manifest != nil else { return false }
        return try !Storage.hasLog(root: root, platform: platform)
    }
}
