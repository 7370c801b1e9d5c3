import Bytes
import Diagnostics
import Platform

/// The directory `snapshot/` or `.checkpoint/` of a root: the manifests of a cut, the list of its
/// segments, and the root they were made in. Layout: docs/formats/snapshot.md.
///
/// It appears with one rename, durable, and goes with one.
struct SnapshotDirectory: Sendable {
    /// What is being made or removed; swept whenever it is found.
    static let stagingName = ".snapshot-staging"
    static let markName = "_here"
    /// The cut's small files one behind the other, as the record lists them. One file each would
    /// cost a thousand inodes for a thousand tables, every time.
    static let contentsName = "_files"
    static let sumsName = "SHA256SUMS"

    let root: String
    let kind: PreparedKind
    let files: any FileSystem

    var path: String { Path.join(root, kind.directory) }
    private var staging: String { Path.join(root, Self.stagingName) }

    /// Makes the directory for a cut.
    func publish(_ pin: DiskPin, preparedAt: Int64) throws(DatabaseError) -> PreparedSnapshot {
        try Self.sweep(root: root, files: files)
        try files.makeDirectory(staging, permissions: 0o700)
        let mark = Path.join(staging, Self.markName)
        try files.open(mark, .create, permissions: 0o600).sync()
        let snapshot = PreparedSnapshot(kind: kind, lsn: pin.lsn, preparedAt: preparedAt)
        let contents = Self.smallFiles(of: pin)
        let record = SnapshotRecord(
            snapshot: snapshot, database: pin.identity.uuid, timeline: pin.identity.timeline,
            place: try place(mark: mark),
            files: contents.map {
                SnapshotRecord.File(
                    path: $0.path, bytes: $0.bytes.count,
                    sha256: Hexadecimal.text(SHA256.digest($0.bytes)))
            })
        try write(contents.flatMap(\.bytes), as: Self.contentsName)
        try write(record.encode(), as: SnapshotRecord.fileName)
        try write(Self.sums(of: pin), as: Self.sumsName)
        try files.syncDirectory(staging)
        try files.syncDirectory(root)
        try files.rename(staging, to: path, replacing: false)
        try files.syncDirectory(root)
        return snapshot
    }

    /// What a root of the cut needs beside its segments, by path below the root.
    private static func smallFiles(of pin: DiskPin) -> [(path: String, bytes: [UInt8])] {
        [("db/" + DatabaseFile.name, pin.databaseBytes)]
            + pin.tables.map { ("db/\($0.directoryName)/\($0.manifestName)", $0.manifestBytes) }
    }

    /// The segments in the form `sha256sum -c` reads, seen from the root.
    private static func sums(of pin: DiskPin) -> [UInt8] {
        var text: [UInt8] = []
        for table in pin.tables {
            for segment in table.segments {
                let path = table.relativePath(of: segment)
                text += "\(Hexadecimal.text(segment.sha256))  db/\(path)\n".utf8
            }
        }
        return text
    }

    private func write(_ bytes: [UInt8], as name: String) throws(DatabaseError) {
        let output = try files.open(Path.join(staging, name), .create, permissions: 0o600)
        try output.write(bytes, at: 0)
        try output.sync()
    }

    /// Where the root is, as far as its files can tell.
    private func place(mark: String) throws(DatabaseError) -> SnapshotRecord.Place {
        guard let root = try files.info(root), let found = try files.info(mark) else {
            throw .damaged(mark, offset: 0, "mark of a snapshot that is missing")
        }
        return SnapshotRecord.Place(
            device: root.device, rootInode: root.inode, markInode: found.inode,
            markBirth: found.birth)
    }

    // MARK: Reading

    /// Nil when there is no such directory, or an empty one that somebody made.
    func record() throws(DatabaseError) -> SnapshotRecord? {
        guard try files.info(path)?.kind == .directory else { return nil }
        let file = Path.join(path, SnapshotRecord.fileName)
        guard try files.info(file) != nil else {
            if try files.list(path).isEmpty { return nil }
            throw .damaged(file, offset: 0, "directory of a snapshot without its record")
        }
        let bytes = try files.readAll(file, upTo: Limits.snapshotRecordBytes)
        return try SnapshotRecord.decode(bytes, path: file)
    }

    /// Whether the record was written in this root, and not in one that this is a copy of.
    func isHere(_ record: SnapshotRecord) throws(DatabaseError) -> Bool {
        let mark = Path.join(path, Self.markName)
        guard try files.info(mark) != nil else { return false }
        return record.place.isSame(as: try place(mark: mark))
    }

    /// Reads the cut's small files, in the order of the record, and compares them with it.
    func contents(of record: SnapshotRecord) throws(DatabaseError) -> [[UInt8]] {
        var contents: [[UInt8]] = []
        if record.format == SnapshotRecord.formatOfSingleFiles {
            for file in record.files {
                let source = Path.join(path, file.path)
                contents.append(try checked(try readSingle(source), file, source))
            }
            return contents
        }
        let source = Path.join(path, Self.contentsName)
        guard try files.info(source)?.kind == .file else { throw Self.missing(source) }
        let input = try files.open(source, .read, permissions: 0)
        var offset = 0
        for file in record.files {
            let bytes = try input.read(at: offset, count: min(file.bytes, Limits.manifestBytes))
            contents.append(try checked(bytes, file, "\(source), \(file.path)"))
            offset += bytes.count
        }
        return contents
    }

    private func readSingle(_ source: String) throws(DatabaseError) -> [UInt8] {
        guard try files.info(source)?.kind == .file else { throw Self.missing(source) }
        return try files.readAll(source, upTo: Limits.manifestBytes)
    }

    private static func missing(_ source: String) -> DatabaseError {
        .damaged(source, offset: 0, "file of the snapshot that is missing")
    }

    private func checked(_ bytes: [UInt8], _ file: SnapshotRecord.File, _ source: String)
        throws(DatabaseError) -> [UInt8]
    {
        let found = Hexadecimal.text(SHA256.digest(bytes))
        guard bytes.count == file.bytes, found == file.sha256 else {
            throw .damaged(
                source, offset: 0,
                "file of the snapshot, expected SHA-256 \(file.sha256), found \(found)")
        }
        return bytes
    }

    // MARK: Removing

    /// Takes the directory away: out of sight with one rename, durable before anything else.
    func remove() throws(DatabaseError) {
        try Self.sweep(root: root, files: files)
        guard try files.info(path) != nil else { return }
        try files.rename(path, to: staging, replacing: false)
        try files.syncDirectory(root)
        try Self.sweep(root: root, files: files)
    }

    /// Removes what a crash left of making or removing one.
    static func sweep(root: String, files: any FileSystem) throws(DatabaseError) {
        let staging = Path.join(root, stagingName)
        if try files.info(staging) != nil { try files.removeTree(staging) }
    }
}
