import Diagnostics
import Platform
import Storage

/// Which earlier backup an incremental one shares its segments with.
extension BackupService {
    /// The backup whose segments are shared, nil for a full one.
    func chooseParent(_ bound: BoundBackup, job: BackupJob) throws(DatabaseError)
        -> BackupPlan.Parent?
    {
        guard case .incremental(let name) = bound.request.kind else { return nil }
        guard bound.request.allowsLinks else {
            if let name { _ = try namedParent(name, in: bound.destination) }
            job.notice("with link = false everything is copied, so this one is FULL")
            return nil
        }
        if let name {
            let parent = try namedParent(name, in: bound.destination)
            guard let damage = try damage(of: parent) else { return parent }
            job.notice(
                "backup '\(name)' was found damaged, so this one is FULL: \(damage.text)")
            return nil
        }
        let (newest, passedOver) = try newestParent(in: bound)
        if let (name, damage) = passedOver {
            job.notice(
                "backup '\(name)' was found damaged and is no parent, "
                    + (newest.map { "'\(Path.name(of: $0.path))' is" } ?? "so this one is FULL")
                    + ": \(damage.text)")
        } else if newest == nil {
            job.notice("no earlier backup of this database is here, so this one is FULL")
        }
        return newest
    }

    /// What a verification has found in a parent, or in a backup that shares files with it.
    func damage(of parent: BackupPlan.Parent) throws(DatabaseError) -> Damage? {
        let place = Destination(path: Path.directory(of: parent.path), files: platform.files)
        return try DamageNotes(in: place).damage(
            of: parent.manifest.id, Path.name(of: parent.path))
    }

    private func namedParent(_ name: String, in destination: Destination) throws(DatabaseError)
        -> BackupPlan.Parent
    {
        // A name is one beside the new backup; a path may lead anywhere that is allowed.
        let isPath = name.utf8.contains(UInt8(ascii: "/"))
        let (path, manifest) = try find(name, destination: isPath ? nil : destination.path)
        guard manifest.database == source.database else {
            throw .parentMissing(name, why: "it is of another database")
        }
        guard isOfOurHistory(manifest) else {
            throw .parentMissing(name, why: "it is of another timeline")
        }
        guard try !isAdopted(path) else { throw .backupAdopted(path) }
        return BackupPlan.Parent(path: path, manifest: manifest)
    }

    /// The newest complete backup of this database that covers what is asked for, and the newest one
    /// that would be it if it were not damaged.
    private func newestParent(in bound: BoundBackup) throws(DatabaseError) -> (
        parent: BackupPlan.Parent?, passedOver: (name: String, damage: Damage)?
    ) {
        let notes = try DamageNotes(in: bound.destination)
        var passedOver: (name: String, damage: Damage)?
        for name in try candidates(in: bound.destination) {
            let path = Path.join(bound.destination.path, name)
            do throws(DatabaseError) {
                let manifest = try bound.destination.manifest(of: name)
                guard manifest.database == source.database, isOfOurHistory(manifest),
                    covers(manifest, bound), try !isAdopted(path)
                else { continue }
                if let damage = notes.damage(of: manifest.id, name) {
                    passedOver = passedOver ?? (name, damage)
                    continue
                }
                return (BackupPlan.Parent(path: path, manifest: manifest), passedOver)
            } catch _ {
                // A damaged one is no parent; verifying it tells why.
                continue
            }
        }
        return (nil, passedOver)
    }

    /// Names of backups of this database, the newest first, by what the fronts of their manifests
    /// say: reading hundreds of long ones whole would cost more than the backup.
    private func candidates(in destination: Destination) throws(DatabaseError) -> [String] {
        var found: [(name: String, finishedAt: Int64)] = []
        for name in try destination.names() {
            do throws(DatabaseError) {
                let head = try destination.manifestHead(of: name)
                if head.database == source.database { found.append((name, head.finishedAt)) }
            } catch _ {
                // As above.
                continue
            }
        }
        return found.enumerated().sorted {
            ($1.element.finishedAt, $0.offset) < ($0.element.finishedAt, $1.offset)
        }.map(\.element.name)
    }

    /// Whether it is of the database's own timeline or of one that it came from.
    private func isOfOurHistory(_ manifest: BackupManifest) -> Bool {
        source.timelines()?.contains(manifest.timeline) ?? true
    }

    private func covers(_ manifest: BackupManifest, _ bound: BoundBackup) -> Bool {
        if manifest.selection != nil, manifest.selection != bound.request.selection { return false }
        guard let wanted = bound.tables else { return manifest.isWholeDatabase }
        let held = Set(manifest.tables.map { TableName(schema: $0.schema, name: $0.name).folded })
        return manifest.isWholeDatabase || wanted.allSatisfy { held.contains($0) }
    }
}
