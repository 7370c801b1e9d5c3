import Catalog
import Diagnostics
import Platform

/// The small files of a prepared snapshot, read and understood.
struct RestoredCut {
    struct Table {
        let directory: String
        let manifest: Manifest
        let bytes: [UInt8]
    }

    /// As it is to be from now on: with a new timeline.
    let database: DatabaseFile
    let lsn: LSN
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
        return RestoredCut(
            database: database, lsn: record.snapshot.lsn, tables: tables, files: platform.files)
    }

    /// What is not of the cut is cleared later: behind a link that would be somebody else's.
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

    // MARK: What was detached

    /// Whether a directory below a table's is a partition that lay beside it at the cut, its rows not
    /// in it: no manifest of the cut names such a one, and its files never change. The answer is
    /// the same however far a restore was when it was interrupted.
    func holdsDetached(_ place: String, of table: Table) throws(DatabaseError) -> Bool {
        guard place.hasSuffix(DetachedPartition.suffix) else { return false }
        do throws(DatabaseError) {
            guard let found = try DetachedPartition.readMarked(place, files) else { return false }
            if try DetachedPartition.wasGone(place, at: lsn, files) { return false }
            return found.isOlder(than: lsn) && !found.isAttached(to: table.manifest.segments)
        } catch {
            // ATTACH tells whoever asks for it.
            guard [.corrupted, .featureNotSupported].contains(error.state) else { throw error }
            return true
        }
    }

    // MARK: Whether it is all there is

    /// Whether a directory has nothing that was committed beside the cut or after it: what else lies
    /// there is older and counts no more.
    func isAll(of directory: String) throws(DatabaseError) -> Bool {
        var ours: [String: Table] = [:]
        for table in tables { ours[table.directory] = table }
        for name in try files.list(directory) where TableDirectory.id(of: name) != nil {
            let path = Path.join(directory, name)
            let isAll =
                if let table = ours[name] { try isAll(table, path) } else { try isEmpty(path) }
            if !isAll { return false }
        }
        return try !logGoesOn(Path.join(directory, "_wal"))
    }

    private func isAll(_ table: Table, _ path: String) throws(DatabaseError) -> Bool {
        let segments = table.segments
        for name in try files.list(path) {
            let place = Path.join(path, name)
            if try files.info(place)?.kind == .directory {
                if try holdsDetached(place, of: table) {
                    let mark = Path.join(place, DetachedPartition.markName)
                    if try files.info(mark) != nil { return false }
                    continue
                }
                let others = try files.list(place).filter { !segments.contains("\(name)/\($0)") }
                if !others.isEmpty { return false }
            } else if let found = Manifest.lsn(of: name), found > lsn {
                guard try isSame(place, as: table.manifest) else { return false }
            }
        }
        return true
    }

    /// Whether a manifest that is later than the cut's says the same.
    private func isSame(_ path: String, as ours: Manifest) throws(DatabaseError) -> Bool {
        do throws(DatabaseError) {
            let bytes = try files.readAll(path, upTo: Limits.manifestBytes)
            let found = try Manifest.decode(bytes, path: path)
            let isSame = found.definition == ours.definition && found.segments == ours.segments
            return isSame && !found.isDropped
        } catch {
            guard [.corrupted, .featureNotSupported].contains(error.state) else { throw error }
            return false
        }
    }

    private func isEmpty(_ path: String) throws(DatabaseError) -> Bool {
        guard try files.info(path)?.kind == .directory else { return false }
        return try files.list(path).isEmpty
    }

    /// Whether a log holds commits after the cut, or cannot tell. The flushes of the cut itself come
    /// after it, and change nothing.
    private func logGoesOn(_ path: String) throws(DatabaseError) -> Bool {
        guard try files.info(path) != nil, let first = try WALName.list(files, path).first else {
            return false
        }
        let reader = WALReader(files: files, directory: path, timelines: database.ancestors)
        var goesOn = false
        do throws(DatabaseError) {
            _ = try reader.replay(from: first) { found, entry in
                if found > lsn, !entry.isFlush { goesOn = true }
            }
            return goesOn
        } catch {
            guard [.corrupted, .featureNotSupported].contains(error.state) else { throw error }
            return true
        }
    }
}

extension RestoredCut.Table {
    /// The segments by path below the table's directory.
    var segments: Set<String> { Set(manifest.segments.map(\.relativePath)) }
}
