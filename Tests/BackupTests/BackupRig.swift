import Diagnostics
import Platform
import Synchronization

@testable import Backup

/// A root with hand-made files in a directory of its own, and a source that pins them.
final class BackupRig: Sendable {
    let root: String
    let platform: Platform
    private let tables: Mutex<[PinnedDatabase.Table]>
    private let releases: Mutex<Int>

    init() throws {
        platform = .linux(log: SilentLog(), workerThreads: 1)
        root = "/tmp/basalt-backup-\(hexadecimal(platform.chance.bytes(8)))"
        tables = Mutex([])
        releases = Mutex(0)
        try platform.files.makeDurableDirectory(root + "/db")
        try platform.files.makeDurableDirectory(root + "/conf")
        try put("conf/server.conf", Array("line.tcp.enabled=false\n".utf8))
        try addTable("trades", segments: ["2026-11-20": Self.largestSegment, "2026-11-21": 10])
        try addTable("empty", segments: [:])
    }

    deinit {
        // Left behind in /tmp when it cannot be removed: nothing else depends on it.
        do throws(DatabaseError) { try platform.files.removeTree(root) } catch _ {}
    }

    var releasedPins: Int { releases.withLock { $0 } }

    func put(_ path: String, _ bytes: [UInt8]) throws {
        try platform.files.makeDurableDirectory(Path.directory(of: root + "/" + path))
        try platform.files.publish(bytes, as: root + "/" + path)
    }

    func addTable(_ name: String, segments: [String: Int]) throws {
        let number = UInt64(tables.withLock { $0.count } + 1)
        let directory = "\(name)~\(number)"
        var made: [PinnedDatabase.Segment] = []
        for (partition, count) in segments.sorted(by: { $0.key < $1.key }) {
            made.append(try addSegment(directory, partition: partition, count: count))
        }
        let table = PinnedDatabase.Table(
            id: number, schema: "public", name: name, directory: directory,
            manifest: .init(path: "\(directory)/_manifest.7", bytes: Array("manifest".utf8)),
            segments: made)
        tables.withLock { $0.append(table) }
    }

    /// What segments begin with: made once, for it takes longer than most tests.
    private static let pattern = (0..<largestSegment).map {
        UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8)
    }
    private static let largestSegment = 1_200_000

    private func addSegment(_ directory: String, partition: String, count: Int) throws
        -> PinnedDatabase.Segment
    {
        let id = hexadecimal(platform.chance.bytes(16))
        let path = "\(directory)/\(partition)/\(id).seg"
        let bytes = Array(Self.pattern.prefix(count))
        try put("db/" + path, bytes)
        return PinnedDatabase.Segment(
            id: id, partition: partition, rows: count, minTimestamp: 1, maxTimestamp: 2,
            bytes: count, sha256: SHA256.digest(bytes), source: root + "/db/" + path, path: path)
    }

    func service(backupRoot: String = "backup", allowed: [String] = [], database: String = "d-1")
        -> BackupService
    {
        let source = BackupSource(
            database: database,
            tableNames: { self.tables.withLock { $0 }.map { ($0.schema, $0.name) } },
            isDatabase: false,
            pin: { _, _ throws(DatabaseError) in
                PinnedDatabase(
                    lsn: 7, database: database, timeline: "t-1",
                    tables: self.tables.withLock { $0 },
                    files: [.init(path: "_database", bytes: Array("identity".utf8))],
                    release: { self.releases.withLock { $0 += 1 } })
            })
        return BackupService(
            source: source, platform: platform,
            settings: BackupSettings(root: root, backupRoot: backupRoot, allowedPaths: allowed))
    }

    /// Names in the default destination, dot names too.
    func destinationNames() throws -> [String] { try platform.files.list(root + "/backup") }

    func overwrite(_ path: String, at offset: Int, with bytes: [UInt8]) throws {
        try platform.files.setPermissions(path, 0o600)
        try platform.files.open(path, .readWrite, permissions: 0).write(bytes, at: offset)
    }
}

/// Keeps what it is told.
final class ProgressRecord: ProgressSink {
    let notices = Mutex<[String]>([])
    let warnings = Mutex<[String]>([])
    let stages = Mutex<[BackupProgress]>([])

    func report(_ progress: BackupProgress) { stages.withLock { $0.append(progress) } }
    func notice(_ message: String) { notices.withLock { $0.append(message) } }
    func warn(_ message: String) {
        notice(message)
        warnings.withLock { $0.append(message) }
    }
}

/// The error a call ends with, nil when it succeeds.
func failure(_ body: () throws(DatabaseError) -> Void) -> DatabaseError? {
    do throws(DatabaseError) {
        try body()
        return nil
    } catch {
        return error
    }
}
