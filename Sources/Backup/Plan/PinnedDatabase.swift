package import Diagnostics

/// What a backup copies: the database at one LSN, as files that stay until `release`.
///
/// Engine gives `BackupService` a closure that makes one; `PinnedDatabase+Storage.swift` makes it
/// from Storage's pin on disk.
package struct PinnedDatabase: Sendable {
    /// An immutable segment file.
    package struct Segment: Sendable, Equatable {
        package let id: String
        /// The partition directory's name.
        package let partition: String
        package let rows: Int
        package let minTimestamp: Int64?
        package let maxTimestamp: Int64?
        package let bytes: Int
        package let sha256: [UInt8]
        /// Where the file lies now, absolute.
        package let source: String
        /// Where it lies in a root, relative to `db/`.
        package let path: String

        package init(
            id: String, partition: String, rows: Int, minTimestamp: Int64?, maxTimestamp: Int64?,
            bytes: Int, sha256: [UInt8], source: String, path: String
        ) {
            self.id = id
            self.partition = partition
            self.rows = rows
            self.minTimestamp = minTimestamp
            self.maxTimestamp = maxTimestamp
            self.bytes = bytes
            self.sha256 = sha256
            self.source = source
            self.path = path
        }
    }

    /// A small file given as its bytes, `path` relative to `db/`.
    package struct SmallFile: Sendable, Equatable {
        package let path: String
        package let bytes: [UInt8]

        package init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    package struct Table: Sendable, Equatable {
        package let id: UInt64
        package let schema: String
        package let name: String
        /// The directory below `db/`.
        package let directory: String
        /// The manifest of exactly this LSN.
        package let manifest: SmallFile
        package let segments: [Segment]

        package init(
            id: UInt64, schema: String, name: String, directory: String, manifest: SmallFile,
            segments: [Segment]
        ) {
            self.id = id
            self.schema = schema
            self.name = name
            self.directory = directory
            self.manifest = manifest
            self.segments = segments
        }
    }

    package let lsn: UInt64
    package let database: String
    package let timeline: String
    package let tables: [Table]
    /// Files of the root itself, such as `_database`.
    package let files: [SmallFile]
    /// Gives the pin back; called exactly once.
    package let release: @Sendable () -> Void

    package init(
        lsn: UInt64, database: String, timeline: String, tables: [Table], files: [SmallFile],
        release: @escaping @Sendable () -> Void
    ) {
        self.lsn = lsn
        self.database = database
        self.timeline = timeline
        self.tables = tables
        self.files = files
        self.release = release
    }
}

/// The database a backup is taken of, as this room sees it.
package struct BackupSource: Sendable {
    /// The database's uuid, known without a pin.
    package let database: String
    /// Names (schema, name) of the tables there are now.
    package let tableNames: @Sendable () -> [(schema: String, name: String)]
    /// What is wrong with a table that cannot be opened, if there is one.
    package let damage: @Sendable () -> DatabaseError?
    private let makePin: @Sendable (String) throws(DatabaseError) -> PinnedDatabase

    package init(
        database: String,
        tableNames: @escaping @Sendable () -> [(schema: String, name: String)],
        damage: @escaping @Sendable () -> DatabaseError? = { nil },
        pin: @escaping @Sendable (String) throws(DatabaseError) -> PinnedDatabase
    ) {
        self.database = database
        self.tableNames = tableNames
        self.damage = damage
        makePin = pin
    }

    /// Pins the database for the owner with this name.
    ///
    /// - Throws: what Storage throws when the rows in memory cannot be written.
    package func pin(_ owner: String) throws(DatabaseError) -> PinnedDatabase {
        try makePin(owner)
    }
}
