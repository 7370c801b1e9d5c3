import Catalog
import Diagnostics
import Platform

/// `_restore` in a copied root: puts the prepared snapshot in the place of whatever was copied.
///
/// Every file of the cut is checked before anything is changed, the trigger goes last: whenever it
/// is interrupted, the next start does it again and ends the same.
struct SnapshotRestore {
    static let triggerName = "_restore"
    static let restoredName = "restored"

    let root: String
    let platform: Platform

    private var files: any FileSystem { platform.files }
    private var directory: String { Path.join(root, "db") }
    private var trigger: String { Path.join(root, Self.triggerName) }

    /// What opening finds of a snapshot in a root.
    enum Finding {
        case nothing
        /// Prepared in this very root: the pin comes back.
        case prepared(PreparedSnapshot)

        var isPrepared: Bool {
            switch self {
            case .nothing: false
            case .prepared: true
            }
        }
    }

    /// Looks at a root before it is opened; restores it when asked to.
    ///
    /// - Throws: 55000 for a copy that nobody decided about, 58P01 for a trigger without snapshot,
    ///   XX001 naming the file of the snapshot that is not right.
    func settle(isReadOnly: Bool) throws(DatabaseError) -> Finding {
        if !isReadOnly { try sweep() }
        let found = try find()
        let isAsked = try files.info(trigger) != nil
        if isAsked, isReadOnly { throw .restoreNeedsWriting(trigger) }
        guard let (snapshot, record) = found else {
            if isAsked { throw .nothingToRestore(trigger, root: root) }
            return .nothing
        }
        if isAsked {
            try restore(snapshot, record)
            return .nothing
        }
        if try snapshot.isHere(record) { return .prepared(record.snapshot) }
        throw .copiedRoot(root, directory: snapshot.path)
    }

    private func find() throws(DatabaseError) -> (SnapshotDirectory, SnapshotRecord)? {
        var found: (SnapshotDirectory, SnapshotRecord)?
        for kind in PreparedKind.allCases {
            let snapshot = SnapshotDirectory(root: root, kind: kind, files: files)
            guard let record = try snapshot.record() else { continue }
            if let first = found { throw .twoSnapshots(first.0.path, snapshot.path) }
            found = (snapshot, record)
        }
        return found
    }

    /// Ends what a crash interrupted after the restore itself was done.
    private func sweep() throws(DatabaseError) {
        try SnapshotDirectory.sweep(root: root, files: files)
        for kind in PreparedKind.allCases {
            let snapshot = SnapshotDirectory(root: root, kind: kind, files: files)
            if try files.info(Path.join(snapshot.path, Self.restoredName)) != nil {
                try conclude(snapshot)
            }
        }
    }

    private func restore(_ snapshot: SnapshotDirectory, _ record: SnapshotRecord)
        throws(DatabaseError)
    {
        let cut = try RestoredCut.read(snapshot, record, platform)
        try cut.check(below: directory)
        try putBack(cut)
        try removeOthers(cut)
        try files.publish([], as: Path.join(snapshot.path, Self.restoredName))
        try conclude(snapshot)
        platform.log.log(
            .advisory, "storage",
            "restored the snapshot of LSN \(record.snapshot.lsn): \(cut.tables.count) tables, "
                + "a new timeline \(cut.database.timeline) begins")
    }

    private func putBack(_ cut: RestoredCut) throws(DatabaseError) {
        for table in cut.tables {
            let place = Path.join(directory, table.directory)
            try files.makeDurableDirectory(place)
            let path = Path.join(place, table.manifest.name)
            if try files.info(path) != nil,
                try files.readAll(path, upTo: Limits.manifestBytes) == table.bytes
            {
                continue
            }
            try files.publish(table.bytes, as: path, replacing: .atomically)
        }
        let path = Path.join(directory, DatabaseFile.name)
        try files.publish(cut.database.encode(), as: path, replacing: .atomically)
    }

    /// Removes what is not of the cut: later tables, segments and manifests, and the log.
    private func removeOthers(_ cut: RestoredCut) throws(DatabaseError) {
        var kept: [String: RestoredCut.Table] = [:]
        for table in cut.tables { kept[table.directory] = table }
        for name in try files.list(directory) where TableDirectory.id(of: name) != nil {
            let path = Path.join(directory, name)
            if let table = kept[name] {
                try removeOthers(of: table, path)
            } else {
                try files.removeTree(path)
            }
        }
        let log = Path.join(directory, "_wal")
        if try files.info(log) != nil {
            for name in try files.list(log) { try files.remove(Path.join(log, name)) }
            try files.syncDirectory(log)
        }
        try files.syncDirectory(directory)
    }

    private func removeOthers(of table: RestoredCut.Table, _ path: String) throws(DatabaseError) {
        let segments = Set(table.manifest.segments.map(\.relativePath))
        for name in try files.list(path) {
            let place = Path.join(path, name)
            if try files.info(place)?.kind == .directory {
                for file in try files.list(place) where !segments.contains("\(name)/\(file)") {
                    try files.remove(Path.join(place, file))
                }
                try files.syncDirectory(place)
            } else if name != table.manifest.name {
                try files.remove(place)
            }
        }
        try files.syncDirectory(path)
    }

    /// The restore is done and says so: now the trigger, then the snapshot.
    private func conclude(_ snapshot: SnapshotDirectory) throws(DatabaseError) {
        // A process that was killed may have said so and not told the disk.
        try files.syncDirectory(snapshot.path)
        if try files.info(trigger) != nil { try files.remove(trigger) }
        try files.syncDirectory(root)
        try snapshot.remove()
    }
}

/// The small files of a prepared snapshot, read and understood.
private struct RestoredCut {
    struct Table {
        let directory: String
        let manifest: Manifest
        let bytes: [UInt8]
    }

    let database: DatabaseFile
    let tables: [Table]
    let files: any FileSystem

    static func read(
        _ snapshot: SnapshotDirectory, _ record: SnapshotRecord, _ platform: Platform
    ) throws(DatabaseError) -> RestoredCut {
        var database: DatabaseFile?
        var tables: [Table] = []
        for (file, bytes) in zip(record.files, try snapshot.contents(of: record)) {
            let path = Path.join(snapshot.path, file.path)
            let parts = file.path.split(separator: "/").map(String.init)
            if parts.count == 3 {
                let manifest = try Manifest.decode(bytes, path: path)
                guard manifest.name == parts[2],
                    TableDirectory.id(of: parts[1]) == manifest.definition.id
                else { throw .damaged(path, offset: 0, "manifest of another table or commit") }
                tables.append(Table(directory: parts[1], manifest: manifest, bytes: bytes))
            } else if parts.last == DatabaseFile.name {
                database = try DatabaseFile.decode(bytes, path: path)
            }
        }
        guard var database else {
            throw .damaged(
                Path.join(snapshot.path, SnapshotRecord.fileName), offset: 0,
                "snapshot without an identity file")
        }
        database.beginTimeline(platform.chance)
        return RestoredCut(database: database, tables: tables, files: platform.files)
    }

    /// What is not of the cut is removed later: behind a link that would be somebody else's.
    private func checkDirectory(_ path: String) throws(DatabaseError) {
        let kind = try files.info(path)?.kind
        guard kind == nil || kind == .directory else { throw .notADirectory(path) }
    }

    /// Looks at every segment: there, as long as it was, with header and footer.
    func check(below directory: String) throws(DatabaseError) {
        try checkDirectory(directory)
        for table in tables {
            let path = Path.join(directory, table.directory)
            try checkDirectory(path)
            for partition in Set(table.manifest.segments.map(\.partition)).sorted() {
                try checkDirectory(Path.join(path, partition))
            }
            for entry in table.manifest.segments {
                let handle = SegmentHandle(entry: entry, directory: path, files: files)
                guard try files.info(handle.path)?.kind == .file else {
                    throw .copyLacks(handle.path)
                }
                _ = try SegmentReader(path: handle.path, files: files, expected: entry)
            }
        }
    }
}
