import Catalog
import Diagnostics
import Platform
import Storage

/// A backup opened to be restored from. Closed with the last reference.
///
/// INV-1 what is here was compared with `_backup.json`, except in an adopted backup, which is a
/// database by now: there only the segments' own digests count, when they are copied.
final class RestoreSource: Sendable {
    let name: String
    let path: String
    let manifest: BackupManifest
    let root: ReadableRoot
    let isAdopted: Bool
    /// The tables with all their rows in segments.
    let tables: [ReadableRoot.Table]
    /// Where the segments lie that were made of rows in an adopted backup's log, by their ids.
    private let settled: [String: String]
    private let discard: @Sendable () -> Void

    init(
        name: String, path: String, manifest: BackupManifest, root: ReadableRoot, isAdopted: Bool,
        tables: [ReadableRoot.Table], settled: [String: String],
        discard: @escaping @Sendable () -> Void
    ) {
        self.name = name
        self.path = path
        self.manifest = manifest
        self.root = root
        self.isAdopted = isAdopted
        self.tables = tables
        self.settled = settled
        self.discard = discard
    }

    /// Gives the backup back: it may be dropped then.
    func close() {
        root.close()
        discard()
    }

    /// Where a segment lies.
    func path(of entry: SegmentEntry, in table: ReadableRoot.Table) -> String {
        settled[entry.id] ?? Path.join(root.databaseDirectory, table.relativePath(of: entry))
    }

    /// Finds a table by the name a statement gives.
    func table(_ wanted: RestoreRequest.Table) throws(DatabaseError) -> ReadableRoot.Table {
        let key = TableName(schema: wanted.schema ?? "public", name: wanted.name).folded
        guard
            let table = tables.first(where: {
                TableName(schema: $0.definition.schema, name: $0.definition.name).folded
                    == key
            })
        else { throw .backupLacksTable(wanted.name, backup: name, at: wanted.position) }
        return table
    }
}

/// Opens a backup and checks it before anything of it is believed.
struct RestoreSourceOpening {
    let platform: Platform
    let job: BackupJob
    /// Where rows that only an adopted backup's log has become segments; made when there are any.
    let temporary: String
    /// Keeps the backup from being dropped.
    let inUse: (any FileLock)?

    /// - Throws: XX001 naming the file for what is missing, strange, planted or damaged; 55006 while
    ///   a server runs on it.
    ///
    /// - Parameter scope: what will be asked of it: damage elsewhere is no reason to refuse.
    func open(
        name: String, path: String, manifest: BackupManifest, isAdopted: Bool,
        scope: RestoreRequest.Scope
    ) throws(DatabaseError) -> RestoreSource {
        if !isAdopted { try verifyBeforeReading(path, manifest, scope) }
        let root = try ReadableRoot(
            root: path, platform: platform)
        do throws(DatabaseError) {
            let (tables, settled) = try settle(root)
            let isTemporaryMade = !settled.isEmpty
            let source = RestoreSource(
                name: name, path: path, manifest: manifest, root: root, isAdopted: isAdopted,
                tables: tables, settled: settled,
                discard: { [inUse] in
                    inUse?.release()
                    if isTemporaryMade { removeTemporary() }
                })
            if !isAdopted {
                let account = BackupAccount(path: path, manifest: manifest, root: root)
                try account.compareSegments()
                try account.refuseUnnamedSegments(in: wantedDirectories(manifest, scope))
            }
            return source
        } catch {
            root.close()
            removeTemporary()
            throw error
        }
    }

    /// Makes segments of the rows that only the log has: of an adopted backup whose server did not
    /// stop properly. The backup itself stays as it is.
    private func settle(_ root: ReadableRoot) throws(DatabaseError)
        -> (tables: [ReadableRoot.Table], settled: [String: String])
    {
        var tables: [ReadableRoot.Table] = []
        var settled: [String: String] = [:]
        for table in root.tables {
            guard table.hasUnflushedRows else {
                tables.append(table)
                continue
            }
            let place = Path.join(temporary, table.directoryName)
            try platform.files.makeDurableDirectory(place)
            let (whole, written) = try root.settling(table, in: place)
            for entry in written { settled[entry.id] = Path.join(place, entry.relativePath) }
            tables.append(whole)
        }
        return (tables, settled)
    }

    private func removeTemporary() {
        // What cannot be removed now is swept at the next start.
        do throws(DatabaseError) {
            if try platform.files.info(temporary) != nil {
                try platform.files.removeTree(temporary)
            }
        } catch _ {}
    }

    /// Small files byte by byte, segments by presence, kind and length; their bytes are compared
    /// when they are copied.
    private func verifyBeforeReading(
        _ path: String, _ manifest: BackupManifest, _ scope: RestoreRequest.Scope
    ) throws(DatabaseError) {
        let verifier = BackupVerifier(path: path, files: platform.files) {
            [job] bytes
                throws(DatabaseError) in try job.advance(bytes)
        }
        try verifier.refuseStrangers(manifest)
        let directories = wantedDirectories(manifest, scope)
        for file in manifest.files {
            if file.segment == nil {
                // Settings are no part of a table.
                let isNeeded = scope == .database || file.path.hasPrefix("db/")
                if isNeeded { try verifier.verify(file, mode: .full) }
            } else if directories?.contains(where: { file.path.hasPrefix($0) }) ?? true {
                try verifier.verify(file, mode: .quick)
            }
        }
    }

    /// Where the files of the wanted tables lie; nil for everywhere.
    private func wantedDirectories(_ manifest: BackupManifest, _ scope: RestoreRequest.Scope)
        -> [String]?
    {
        guard case .tables(let names) = scope else { return nil }
        let wanted = Set(
            names.map { TableName(schema: $0.schema ?? "public", name: $0.name).folded })
        return manifest.tables
            .filter { wanted.contains(TableName(schema: $0.schema, name: $0.name).folded) }
            .map { "db/\($0.directory)/" }
    }
}
