import Catalog
import Diagnostics
import Platform
import Storage

/// What `_backup.json` says of a backup, compared with what its database says of itself: whoever
/// changes one of them and makes its checksum right has still not changed the other.
struct BackupAccount: Sendable {
    let path: String
    let manifest: BackupManifest
    let root: ReadableRoot

    /// The identity, and every segment: the file that is listed is the one that the table means.
    ///
    /// - Throws: XX001 naming what differs.
    func compareSegments() throws(DatabaseError) {
        guard root.identity.uuid == manifest.database, root.lsn.value == manifest.lsn else {
            throw .backupDamaged(path, what: "db/ is of another database or instant")
        }
        var listed: [String: BackupManifest.File] = [:]
        for file in manifest.files { listed[file.path] = file }
        for table in root.tables {
            for entry in table.segments {
                let name = "db/" + table.relativePath(of: entry)
                guard let file = listed[name], file.segment == entry.id,
                    file.bytes == entry.bytes, file.sha256 == hexadecimal(entry.sha256)
                else {
                    throw .backupDamaged(
                        Path.join(path, name),
                        what: "the table's manifest and _backup.json differ about it")
                }
            }
        }
    }

    /// The timeline, the tables with their numbers, and that no segment is listed that no table has.
    ///
    /// - Throws: XX001 naming what differs.
    func compareTables() throws(DatabaseError) {
        guard root.identity.timeline == manifest.timeline else {
            throw .backupDamaged(path, what: "db/ is of another timeline")
        }
        try refuseUnnamedSegments()
        var found: [UInt64: BackupManifest.Table] = [:]
        for table in root.tables { found[table.definition.id] = Self.account(of: table) }
        for relation in root.relations {
            found[relation.id] = Self.account(of: relation)
        }
        for told in manifest.tables {
            guard var table = found.removeValue(forKey: told.id) else {
                throw differing(told.name, "it is in _backup.json alone")
            }
            // Relations without rows tell no directory here: their manifests are listed files.
            if table.directory.isEmpty { table = table.lying(in: told.directory) }
            guard table == told else {
                throw differing(told.name, "its manifest and _backup.json tell other things")
            }
        }
        if let (_, table) = found.min(by: { $0.key < $1.key }) {
            throw differing(table.name, "it is not in _backup.json")
        }
    }

    /// That every segment that is listed is one of a table: else rows would be missing.
    ///
    /// - Parameter directories: beginnings of the paths that count; nil for all.
    /// - Throws: XX001 naming the segment.
    func refuseUnnamedSegments(in directories: [String]? = nil) throws(DatabaseError) {
        var named: Set<String> = []
        for table in root.tables {
            named.formUnion(table.segments.map { "db/" + table.relativePath(of: $0) })
        }
        for file in manifest.files where file.segment != nil && !named.contains(file.path) {
            if let directories, !directories.contains(where: file.path.hasPrefix) { continue }
            throw .backupDamaged(
                Path.join(path, file.path), what: "a segment that belongs to no table")
        }
    }

    /// Header and footer of every segment: rows and bounds as the table's manifest has them.
    func compareFooters(_ files: any FileSystem, advance: () throws(DatabaseError) -> Void)
        throws(DatabaseError)
    {
        for table in root.tables {
            for entry in table.segments {
                let file = Path.join(root.databaseDirectory, table.relativePath(of: entry))
                try SegmentExamination.checkFrame(of: file, like: entry, files: files)
                try advance()
            }
        }
    }

    private func differing(_ table: String, _ what: String) -> DatabaseError {
        .backupDamaged(path, what: "table \(table): \(what)")
    }

    private static func account(of table: ReadableRoot.Table) -> BackupManifest.Table {
        let definition = table.definition
        let segments = table.segments
        return BackupManifest.Table(
            id: definition.id, schema: definition.schema, name: definition.name,
            directory: table.directoryName, partitions: Set(segments.map(\.partition)).count,
            rows: segments.reduce(0) { $0 + $1.rows }, bytes: segments.reduce(0) { $0 + $1.bytes },
            minTimestamp: segments.compactMap(\.minTimestamp).min()
                .map(definition.microseconds),
            maxTimestamp: segments.compactMap(\.maxTimestamp).max()
                .map(definition.microseconds))
    }

    private static func account(of relation: TableDefinition) -> BackupManifest.Table {
        let kind: BackupManifest.Table.Kind =
            switch relation.kind {
            case .table: .table
            case .schema: .schema
            case .sequence: .sequence
            }
        return BackupManifest.Table(
            kind: kind, id: relation.id, schema: relation.schema, name: relation.name,
            directory: "", partitions: 0, rows: 0, bytes: 0, minTimestamp: nil, maxTimestamp: nil)
    }
}

extension BackupManifest.Table {
    fileprivate func lying(in directory: String) -> Self {
        Self(
            kind: kind, id: id, schema: schema, name: name, directory: directory,
            partitions: partitions, rows: rows, bytes: bytes, minTimestamp: minTimestamp,
            maxTimestamp: maxTimestamp)
    }
}
