/// What a BACKUP statement asks for: names, options and nothing looked up yet.
package struct BackupRequest: Sendable, Equatable {
    package enum Scope: Sendable, Equatable {
        /// Every table, and conf/.
        case database
        case tables([Table])
    }

    /// A table as somebody names it.
    package struct Table: Sendable, Hashable, ExpressibleByStringLiteral {
        /// Nil when all is in the name: that of a table of `public`, else `schema.table`.
        package let schema: String?
        package let name: String

        package init(schema: String? = nil, name: String) {
            self.schema = schema
            self.name = name
        }

        package init(stringLiteral text: String) { self.init(name: text) }

        /// As it is told in messages.
        package var text: String { (schema.map { "\($0)." } ?? "") + name }
    }

    package enum Kind: Sendable, Equatable {
        case full
        /// Shares segments with an earlier backup: the named one, or the newest that fits.
        case incremental(from: String?)
    }

    package var scope: Scope
    package var kind: Kind
    /// AS: nil means today's date.
    package var name: String?
    /// TO: nil means `cairo.sql.backup.root`.
    package var destination: String?
    package var comment: String?
    /// Reads every copied byte again before publishing.
    package var isVerified: Bool
    /// Lets an incremental backup share segments by hard link; without it everything is copied.
    package var allowsLinks: Bool
    /// Most bytes copied a second; nil is what the settings say.
    package var bytesPerSecond: Int?
    /// Partitions of the one table.
    package var partitions = PartitionChoice.all
    /// Text of the predicate whose `RowFilter` comes along, for the manifest.
    package var filterText: String?
    /// Workers that copy; nil is one per core.
    package var workers: Int? = Limits.usualCopyWorkers
    /// Who asked, for the manifest.
    package var requestedBy: String

    package init(
        scope: Scope, kind: Kind = .full, name: String? = nil, destination: String? = nil,
        comment: String? = nil, isVerified: Bool = true, allowsLinks: Bool = true,
        bytesPerSecond: Int? = nil, requestedBy: String = ""
    ) {
        self.scope = scope
        self.kind = kind
        self.name = name
        self.destination = destination
        self.comment = comment
        self.isVerified = isVerified
        self.allowsLinks = allowsLinks
        self.bytesPerSecond = bytesPerSecond
        self.requestedBy = requestedBy
    }
}

/// Where things are and what is allowed, from the configuration.
package struct BackupSettings: Sendable {
    /// ROOT, the directory of `-d`, absolute.
    package let root: String
    /// `cairo.sql.backup.root`: absolute or relative to ROOT. Empty switches BACKUP off.
    package let backupRoot: String
    /// `backup.allowed.paths`: absolute directories below which a destination may lie as well.
    package let allowedPaths: [String]
    /// The server's version, for the manifest.
    package let software: String
    /// `backup.rate.limit`: most bytes copied a second; nil is as fast as it goes.
    package let bytesPerSecond: Int?
    /// `backup.reverify`: a shared file that was not read for so long is read again; nil is never.
    package let reverifyMicroseconds: Int64?

    package init(
        root: String, backupRoot: String = "backup", allowedPaths: [String] = [],
        software: String = "basalt", bytesPerSecond: Int? = nil,
        reverifyMicroseconds: Int64? = Limits.reverifyMicroseconds
    ) {
        self.root = root
        self.backupRoot = backupRoot
        self.allowedPaths = allowedPaths
        self.software = software
        self.bytesPerSecond = bytesPerSecond
        self.reverifyMicroseconds = reverifyMicroseconds
    }
}

/// The facts of a finished backup, for the last NOTICE and for /exec.
package struct BackupSummary: Sendable, Equatable {
    package let id: String
    package let name: String
    package let path: String
    package let isIncremental: Bool
    package let parent: String?
    package let lsn: UInt64
    package let tables: Int
    package let files: Int
    package let rows: Int
    package let bytesCopied: Int
    package let bytesLinked: Int
    package let durationMicroseconds: Int64
}

/// One row of `backups()`.
package struct BackupInfo: Sendable, Equatable {
    package enum Status: String, Sendable { case running, complete, failed, cancelled }

    package let id: String
    package let name: String
    package let path: String
    package let status: Status
    package var kind = ""
    package var parent: String?
    /// Microseconds since 1970.
    package var startedAt: Int64?
    package var finishedAt: Int64?
    package var lsn: UInt64?
    package var tables: Int?
    package var partitions: Int?
    package var rows: Int?
    /// All bytes of its files, however they came there.
    package var bytes: Int?
    package var bytesCopied: Int?
    package var bytesLinked: Int?
    /// Bytes that only this backup has: what deleting it would give back.
    package var bytesOwn: Int?
    package var isAdopted = false
    /// When every byte was last read and found right.
    package var lastVerified: Int64?
    /// Stage and percent while running.
    package var progress: String?
    package var error: String?
    package var comment: String?
}

/// One row of `backup_tables()`.
package struct BackupTableInfo: Sendable, Equatable {
    package let schema: String
    package let name: String
    package let partitions: Int
    package let rows: Int
    package let bytes: Int
    package let minTimestamp: Int64?
    package let maxTimestamp: Int64?
    package let lsn: UInt64
}

/// One row of `backup_partitions()`.
package struct BackupPartitionInfo: Sendable, Equatable {
    package let partition: String
    package let rows: Int
    package let bytes: Int
    package let segments: Int
    package let minTimestamp: Int64?
    package let maxTimestamp: Int64?
    /// Whether all its segments were in the parent already.
    package let isSharedWithParent: Bool
}

/// What BACKUP has done since the start: for metrics.
package struct BackupMetrics: Sendable, Equatable {
    package var completed = 0
    package var failed = 0
    package var cancelled = 0
    package var bytesCopied = 0
    package var bytesLinked = 0
    /// When the last complete one ended, in microseconds since 1970, and how long it took.
    package var lastCompletedAt: Int64?
    package var lastDurationMicroseconds: Int64 = 0
}
