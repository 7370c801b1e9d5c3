/// What a BACKUP statement asks for: names, options and nothing looked up yet.
package struct BackupRequest: Sendable, Equatable {
    package enum Scope: Sendable, Equatable {
        /// Every table, and conf/.
        case database
        /// These tables; a name may be `schema.table`, without a schema it is `public`.
        case tables([String])
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
    /// Most bytes copied a second; nil is as fast as it goes.
    package var bytesPerSecond: Int?
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

    package init(
        root: String, backupRoot: String = "backup", allowedPaths: [String] = [],
        software: String = "basalt"
    ) {
        self.root = root
        self.backupRoot = backupRoot
        self.allowedPaths = allowedPaths
        self.software = software
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
