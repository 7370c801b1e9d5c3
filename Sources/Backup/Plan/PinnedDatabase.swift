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
        /// Whether it has only some rows of a segment of the database.
        package var isCut = false

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
        package var kind = BackupManifest.Table.Kind.table
        /// Ids of the schema and the sequences without which the table is not whole.
        package var companions: [UInt64] = []
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
    /// Replaced when the statement is about some partitions or rows only.
    package var tables: [Table]
    /// Files of the root itself, such as `_database`.
    package let files: [SmallFile]
    /// Makes of a table one that consists of some of its segments and some new files.
    package let narrow: Narrowing
    /// Gives the pin back; called exactly once.
    package let release: @Sendable () -> Void

    /// Gets a table, the partitions that stay, and which rows of them. Throws what reading throws.
    package typealias Narrowing =
        @Sendable (Table, PartitionChoice, Cutting) throws(DatabaseError) -> Table

    package init(
        lsn: UInt64, database: String, timeline: String, tables: [Table], files: [SmallFile],
        narrow: @escaping Narrowing = { table, choice, _ throws(DatabaseError) in
            table.keeping(table.segments.filter { choice.contains($0.partition) })
        }, release: @escaping @Sendable () -> Void
    ) {
        self.lsn = lsn
        self.database = database
        self.timeline = timeline
        self.tables = tables
        self.files = files
        self.narrow = narrow
        self.release = release
    }
}

extension PinnedDatabase.Table {
    /// The table with other segments; its manifest only where a new one is given.
    func keeping(
        _ segments: [PinnedDatabase.Segment], manifest: PinnedDatabase.SmallFile? = nil
    ) -> PinnedDatabase.Table {
        var table = PinnedDatabase.Table(
            id: id, schema: schema, name: name, directory: directory,
            manifest: manifest ?? self.manifest, segments: segments)
        table.kind = kind
        table.companions = companions
        return table
    }
}

/// The database a backup is taken of, as this room sees it.
package struct BackupSource: Sendable {
    /// The database's uuid, known without a pin.
    package let database: String
    /// The timeline it is on now.
    package let timeline: @Sendable () -> String
    /// Where jobs are kept across restarts; nil for what is not open for writing.
    package let journal: JobJournal?
    /// Names (schema, name) of the tables there are now.
    package let tableNames: @Sendable () -> [(schema: String, name: String)]
    /// What is wrong with a table that cannot be opened, if there is one.
    package let damage: @Sendable () -> DatabaseError?
    /// What is wrong with the table of a schema and a name, if it is there and cannot be opened.
    package let tableDamage: @Sendable (_ schema: String, _ name: String) -> DatabaseError?
    /// The timelines a parent may be of: the database's own and those it came from.
    package let timelines: @Sendable () -> Set<String>?
    /// Looks at header and footer of a segment file.
    package let checkFrame: @Sendable (_ path: String, _ rows: Int) throws(DatabaseError) -> Void
    /// Whether a backup of it is a root that can be opened: false in tests of copying alone.
    package let isDatabase: Bool
    /// How long commits and loads have waited for the disk so far.
    package let diskNanoseconds: @Sendable () -> UInt64
    private let makePin: MakePin

    /// Pins for an owner; asks meanwhile whether it may go on.
    package typealias MakePin =
        @Sendable (_ owner: String, _ check: () throws(DatabaseError) -> Void)
        throws(DatabaseError) -> PinnedDatabase

    package init(
        database: String,
        tableNames: @escaping @Sendable () -> [(schema: String, name: String)],
        damage: @escaping @Sendable () -> DatabaseError? = { nil },
        tableDamage: @escaping @Sendable (String, String) -> DatabaseError? = { _, _ in nil },
        timeline: @escaping @Sendable () -> String = { "" }, journal: JobJournal? = nil,
        timelines: @escaping @Sendable () -> Set<String>? = { nil },
        checkFrame: @escaping @Sendable (String, Int) throws(DatabaseError) -> Void = {
            _, _ throws(DatabaseError) in
        },
        isDatabase: Bool = true,
        diskNanoseconds: @escaping @Sendable () -> UInt64 = { 0 },
        pin: @escaping MakePin
    ) {
        self.database = database
        self.tableNames = tableNames
        self.damage = damage
        self.tableDamage = tableDamage
        self.timeline = timeline
        self.journal = journal
        self.timelines = timelines
        self.checkFrame = checkFrame
        self.isDatabase = isDatabase
        self.diskNanoseconds = diskNanoseconds
        makePin = pin
    }

    /// Pins the database for the owner with this name.
    ///
    /// - Parameter check: asked while rows in memory become segments.
    /// - Throws: what Storage throws when the rows in memory cannot be written, what `check` throws.
    package func pin(_ owner: String, _ check: () throws(DatabaseError) -> Void)
        throws(DatabaseError) -> PinnedDatabase
    {
        try makePin(owner, check)
    }
}
