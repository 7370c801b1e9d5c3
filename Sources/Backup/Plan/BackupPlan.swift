import Diagnostics
import Platform

/// What has to be done, in order, to make a backup: a value that can be shown before it is run.
///
/// Paths are relative to the backup. Directories come before what lies in them.
struct BackupPlan: Sendable, Equatable {
    enum Operation: Sendable, Equatable {
        case makeDirectory(String)
        /// A small file whose bytes are known.
        case write(path: String, bytes: [UInt8], permissions: UInt16)
        /// A segment of the database.
        case copy(path: String, source: String, bytes: Int, sha256: String, segment: String)
        /// A segment the parent has: a hard link to `parent`, or a copy of `source` if that fails.
        case link(
            path: String, parent: String, source: String, bytes: Int, sha256: String,
            segment: String)

        var path: String {
            switch self {
            case .makeDirectory(let path), .write(let path, _, _), .copy(let path, _, _, _, _),
                .link(let path, _, _, _, _, _):
                path
            }
        }

        var isDirectory: Bool { if case .makeDirectory = self { true } else { false } }
    }

    let operations: [Operation]
    let tables: [BackupManifest.Table]
    /// What is known of each segment, by its path in the backup: tables may have one of the same id.
    var facts: [String: SegmentFacts] = [:]

    struct SegmentFacts: Sendable, Equatable {
        let table: TableName
        let partition: String
        let rows: Int
        let isCut: Bool
        /// Where the database has it.
        let source: String
        /// The parent's file of the same id.
        let parent: BackupManifest.File?
    }

    /// Directories of the backup in order, parents first.
    var directories: [String] {
        operations.compactMap {
            if case .makeDirectory(let path) = $0 { path } else { nil }
        }
    }

    /// Operations in groups, for three rounds: what all need; directories and small files by table;
    /// segments, the longest copies first. The groups of a round are independent of each other.
    var groups: (first: [Operation], tables: [[Operation]], segments: [[Operation]]) {
        var first: [Operation] = []
        var tables: [String: [Operation]] = [:]
        var order: [String] = []
        var copies: [(operation: Operation, bytes: Int)] = []
        var links: [Operation] = []
        for operation in operations {
            if case .copy(_, _, let bytes, _, _) = operation {
                copies.append((operation, bytes))
                continue
            }
            if case .link = operation {
                links.append(operation)
                continue
            }
            let table = operation.path.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 2)
            guard table.count > 2 || (table.count == 2 && operation.isDirectory) else {
                first.append(operation)
                continue
            }
            let key = operation.path[..<table[1].endIndex]
            if tables[String(key)] == nil { order.append(String(key)) }
            tables[String(key), default: []].append(operation)
        }
        copies.sort { $0.bytes > $1.bytes }
        let runs = stride(from: 0, to: links.count, by: Limits.linksAtOnce).map {
            Array(links[$0..<min($0 + Limits.linksAtOnce, links.count)])
        }
        return (first, order.compactMap { tables[$0] }, copies.map { [$0.operation] } + runs)
    }

    /// What the backup holds then, for who looks while it is made.
    func contents(at lsn: UInt64) -> BackupJob.Contents {
        let linked = operations.reduce(0) { sum, operation in
            if case .link(_, _, _, let bytes, _, _) = operation { sum + bytes } else { sum }
        }
        return BackupJob.Contents(
            lsn: lsn, tables: tables.count { $0.kind == .table },
            partitions: tables.reduce(0) { $0 + $1.partitions },
            rows: tables.reduce(0) { $0 + $1.rows }, bytes: bytesToCopy + linked)
    }

    /// Bytes that will be written; linked ones are not.
    var bytesToCopy: Int {
        operations.reduce(0) { sum, operation in
            switch operation {
            case .makeDirectory, .link: sum
            case .write(_, let bytes, _): sum + bytes.count
            case .copy(_, _, let bytes, _, _): sum + bytes
            }
        }
    }

    /// Whether every file and directory is synced by itself.
    var syncsEach: Bool { operations.count <= Limits.namesForOneSync }
}

extension BackupPlan {
    /// Where a parent's segments lie, by their digest.
    struct Parent: Sendable {
        let path: String
        let manifest: BackupManifest
    }

    /// Makes the plan for the chosen tables: copies of everything, links to what the parent has.
    ///
    /// - Throws: XX001 when Storage names a path that leaves the root: never write there.
    static func make(
        _ pin: PinnedDatabase, tables: [PinnedDatabase.Table],
        configuration: [PinnedDatabase.SmallFile], parent: Parent?
    ) throws(DatabaseError) -> BackupPlan {
        var builder = PlanBuilder(parent: parent)
        try builder.makeDirectory("db")
        for file in pin.files { try builder.write(file, below: "db", permissions: 0o600) }
        for table in tables {
            try builder.makeDirectory("db/" + table.directory)
            try builder.write(table.manifest, below: "db", permissions: 0o600)
            for segment in table.segments { try builder.add(segment, of: table) }
        }
        for file in configuration { try builder.write(file, below: "conf", permissions: 0o600) }
        return BackupPlan(
            operations: builder.operations, tables: tables.map(\.described),
            facts: builder.facts)
    }
}

private struct PlanBuilder {
    var operations: [BackupPlan.Operation] = []
    var facts: [String: BackupPlan.SegmentFacts] = [:]
    private var directories: Set<String> = []
    private let parentPath: String
    private let parentFiles: [String: BackupManifest.File]

    init(parent: BackupPlan.Parent?) {
        parentPath = parent?.path ?? ""
        var files: [String: BackupManifest.File] = [:]
        for file in parent?.manifest.files ?? [] {
            if let segment = file.segment { files[segment] = file }
        }
        parentFiles = files
    }

    mutating func makeDirectory(_ path: String) throws(DatabaseError) {
        guard RelativePath.isSafe(path) else {
            throw .backupDamaged(path, what: "directory leaves the root")
        }
        guard directories.insert(path).inserted else { return }
        let above = Path.directory(of: path)
        if above != ".", above != path { try makeDirectory(above) }
        operations.append(.makeDirectory(path))
    }

    mutating func write(
        _ file: PinnedDatabase.SmallFile, below directory: String, permissions: UInt16
    ) throws(DatabaseError) {
        let path = directory + "/" + file.path
        guard RelativePath.isSafe(path) else {
            throw .backupDamaged(path, what: "file leaves the root")
        }
        try makeDirectory(Path.directory(of: path))
        operations.append(.write(path: path, bytes: file.bytes, permissions: permissions))
    }

    mutating func add(_ segment: PinnedDatabase.Segment, of table: PinnedDatabase.Table)
        throws(DatabaseError)
    {
        let path = "db/" + segment.path
        guard RelativePath.isSafe(path) else {
            throw .backupDamaged(path, what: "segment leaves the root")
        }
        try makeDirectory(Path.directory(of: path))
        let digest = hexadecimal(segment.sha256)
        facts[path] = BackupPlan.SegmentFacts(
            table: TableName(schema: table.schema, name: table.name),
            partition: segment.partition, rows: segment.rows, isCut: segment.isCut,
            source: segment.source, parent: parentFiles[segment.id])
        // Same id, length and digest: only then the parent's file is this segment (D3).
        if let file = parentFiles[segment.id], file.bytes == segment.bytes, file.sha256 == digest {
            operations.append(
                .link(
                    path: path, parent: Path.join(parentPath, file.path), source: segment.source,
                    bytes: segment.bytes, sha256: digest, segment: segment.id))
        } else {
            operations.append(
                .copy(
                    path: path, source: segment.source, bytes: segment.bytes, sha256: digest,
                    segment: segment.id))
        }
    }
}

extension PinnedDatabase.Table {
    fileprivate var described: BackupManifest.Table {
        BackupManifest.Table(
            kind: kind, id: id, schema: schema, name: name, directory: directory,
            partitions: Set(segments.map(\.partition)).count,
            rows: segments.reduce(0) { $0 + $1.rows },
            bytes: segments.reduce(0) { $0 + $1.bytes },
            minTimestamp: segments.compactMap(\.minTimestamp).min(),
            maxTimestamp: segments.compactMap(\.maxTimestamp).max())
    }
}
