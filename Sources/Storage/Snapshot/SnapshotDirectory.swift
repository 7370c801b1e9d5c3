import Diagnostics
import Platform

/// The directory `snapshot/` or `.checkpoint/` of a root: the manifests of a cut, the list of its
/// files, and the root they were made in.
///
/// It appears with one rename, durable, and goes with one.
struct SnapshotDirectory: Sendable {
    /// What is being made or removed; swept whenever it is found.
    static let stagingName = ".snapshot-staging"
    static let markName = "_here"
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
        let manifests = Self.smallFiles(of: pin)
        let record = SnapshotRecord(
            snapshot: snapshot, database: pin.identity.uuid, timeline: pin.identity.timeline,
            place: try place(mark: mark),
            files: manifests.map {
                SnapshotRecord.File(
                    path: $0.path, bytes: $0.bytes.count,
                    sha256: Hexadecimal.text(SHA256.digest($0.bytes)))
            })
        let all =
            manifests + [
                (SnapshotRecord.fileName, record.encode()), (Self.sumsName, Self.sums(of: pin)),
            ]
        try write(all)
        try files.syncDirectory(root)
        try files.rename(staging, to: path, replacing: false)
        try files.syncDirectory(root)
        return snapshot
    }

    private typealias SmallFile = (path: String, bytes: [UInt8])

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

    private func write(_ all: [SmallFile]) throws(DatabaseError) {
        let syncsEach = all.count <= Limits.filesForOneSync
        var directories: Set<String> = []
        for file in all {
            let target = Path.join(staging, file.path)
            try makeDirectories(for: target, &directories)
            let output = try files.open(target, .create, permissions: 0o600)
            try output.write(file.bytes, at: 0)
            if syncsEach { try output.sync() }
        }
        // That makes the names durable as well.
        if !syncsEach { return try files.syncFileSystem(of: staging) }
        for directory in directories.sorted().reversed() + [staging] {
            try files.syncDirectory(directory)
        }
    }

    private func makeDirectories(for target: String, _ made: inout Set<String>)
        throws(DatabaseError)
    {
        let directory = Path.directory(of: target)
        if directory == staging || made.contains(directory) { return }
        try makeDirectories(for: directory, &made)
        try files.makeDirectory(directory, permissions: 0o700)
        made.insert(directory)
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

    /// Reads one of the cut's small files and compares it with the record.
    func read(_ file: SnapshotRecord.File) throws(DatabaseError) -> [UInt8] {
        let source = Path.join(path, file.path)
        guard try files.info(source)?.kind == .file else {
            throw .damaged(source, offset: 0, "file of the snapshot that is missing")
        }
        let bytes = try files.readAll(source, upTo: Limits.manifestBytes)
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
