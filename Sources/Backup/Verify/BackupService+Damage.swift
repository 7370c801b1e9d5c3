import Diagnostics
import Platform

/// Remembering what was found damaged: in the backup, and in others that share the file.
extension BackupService {
    /// A destination that cannot be written to keeps no note; what was found is told all the same.
    ///
    /// - Parameter files: paths in the backup of what is damaged.
    func noteDamage(
        _ error: DatabaseError, isDeep: Bool, of manifest: BackupManifest, at path: String,
        files: [String]
    ) {
        let place = Destination(path: Path.directory(of: path), files: platform.files)
        let name = Path.name(of: path)
        let mode = isDeep ? "deep" : "full"
        let now = platform.clock.now()
        do throws(DatabaseError) {
            let notes = try DamageNotes(in: place)
            try notes.add(
                Damage(foundAt: now, mode: mode, text: error.message), of: manifest.id, name)
            let shared = Damage(
                foundAt: now, mode: mode, text: "it shares a file with '\(name)': \(error.message)")
            for other in try sharers(of: files, manifest, at: path, in: place) {
                try notes.add(shared, of: other.id, other.name)
            }
        } catch {
            platform.log.log(.error, "backup", "cannot note that \(path) is damaged: \(error)")
        }
    }

    /// What a backup found in the files that it shares with its parent.
    func tell(_ found: Rereading.Found, of parent: BackupPlan.Parent, job: BackupJob) {
        if let damage = found.damage {
            noteDamage(
                damage, isDeep: false, of: parent.manifest, at: parent.path, files: found.files)
        }
        let name = Path.name(of: parent.path)
        let subject =
            found.count == 1
            ? "a file of the parent '\(name)' is"
            : "\(found.count) files of the parent '\(name)' are"
        let text =
            "\(subject) not shared but copied from the database: \(found.first.message)"
        platform.log.log(.error, "backup", text)
        job.warn(text)
    }

    /// Damage that a restore met.
    func noteDamage(_ error: DatabaseError, metAt path: String) {
        guard error.state == .corrupted, !path.isEmpty,
            let file = error.damagedFile(below: path)
        else { return }
        let place = Destination(path: Path.directory(of: path), files: platform.files)
        do throws(DatabaseError) {
            if try isAdopted(path) { return }
            let manifest = try place.manifest(of: Path.name(of: path))
            noteDamage(error, isDeep: false, of: manifest, at: path, files: [file])
        } catch _ {
            // A backup without a manifest that can be read is no parent anyway.
        }
    }

    /// Other backups here of which a file is one of these, by hard link.
    private func sharers(
        of files: [String], _ manifest: BackupManifest, at path: String, in place: Destination
    ) throws(DatabaseError) -> [(id: String, name: String)] {
        let wanted = Set(files)
        var damaged: [String: FileInfo] = [:]
        for file in manifest.files where wanted.contains(file.path) {
            guard let segment = file.segment,
                let info = try platform.files.info(Path.join(path, file.path)), info.linkCount > 1
            else { continue }
            damaged[segment] = info
        }
        if damaged.isEmpty { return [] }
        var found: [(id: String, name: String)] = []
        for name in try place.names() where name != Path.name(of: path) {
            do throws(DatabaseError) {
                let other = try place.manifest(of: name)
                let isShared = try shares(damaged, other, at: Path.join(place.path, name))
                if isShared { found.append((other.id, name)) }
            } catch _ {
                // Its manifest cannot be read: it is no parent anyway.
                continue
            }
        }
        return found
    }

    private func shares(
        _ damaged: [String: FileInfo], _ manifest: BackupManifest, at path: String
    ) throws(DatabaseError) -> Bool {
        for file in manifest.files {
            guard let segment = file.segment, let theirs = damaged[segment] else { continue }
            let mine = try platform.files.info(Path.join(path, file.path))
            if mine?.device == theirs.device, mine?.inode == theirs.inode { return true }
        }
        return false
    }
}
