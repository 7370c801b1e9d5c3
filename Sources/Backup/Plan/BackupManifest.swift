/// `_backup.json`: what a backup is and every file it consists of. Layout: docs/formats/backup.md.
///
/// INV-1 paths are relative, unique, and stay inside the backup.
/// INV-2 the file itself is not listed; it carries the checksum of its own text.
package struct BackupManifest: Sendable, Equatable {
    package static let fileName = "_backup.json"
    /// The newest format this room reads and the one it writes.
    package static let format = 1

    package struct File: Sendable, Equatable {
        package enum Origin: String, Sendable { case copied, linked, written }

        package let path: String
        package let bytes: Int
        package let sha256: String
        package let origin: Origin
        /// The id, when it is a segment.
        package let segment: String?
        /// When its bytes were last read and found right, in microseconds since 1970.
        package var readAt: Int64?
    }

    package struct Table: Sendable, Equatable {
        /// What it is: schemas and sequences have manifests too, and no rows.
        package enum Kind: String, Sendable { case table, schema, sequence }

        package var kind = Kind.table
        package let id: UInt64
        package let schema: String
        package let name: String
        package let directory: String
        package let partitions: Int
        package let rows: Int
        package let bytes: Int
        package let minTimestamp: Int64?
        package let maxTimestamp: Int64?
    }

    package let id: String
    package let name: String
    package let isIncremental: Bool
    /// True for BACKUP DATABASE, false for BACKUP TABLE.
    package let isWholeDatabase: Bool
    package let parent: String?
    package let parentID: String?
    package let database: String
    package let timeline: String
    package let lsn: UInt64
    package let startedAt: Int64
    package let finishedAt: Int64
    package let durationMicroseconds: Int64
    package let software: String
    package let requestedBy: String
    package let comment: String?
    /// What was left out: the PARTITION or WHERE clause; nil when nothing was.
    package var selection: String?
    package let tables: [Table]
    package internal(set) var files: [File]

    package var tableCount: Int { tables.count { $0.kind == .table } }
    package var bytes: Int { files.reduce(0) { $0 + $1.bytes } }
    package var bytesLinked: Int { bytes(.linked) }
    package var bytesCopied: Int { bytes - bytesLinked }
    package var rows: Int { tables.reduce(0) { $0 + $1.rows } }
    package var partitions: Int { tables.reduce(0) { $0 + $1.partitions } }

    private func bytes(_ origin: File.Origin) -> Int {
        files.reduce(0) { $0 + ($1.origin == origin ? $1.bytes : 0) }
    }
}
