import Catalog
import Diagnostics
import Storage

/// What a restore is going to do: a value that EXPLAIN RESTORE prints and RESTORE carries out.
struct RestorePlan: Sendable {
    /// One segment of the backup and how it comes to its place.
    struct File: Sendable {
        enum Operation: Sendable, Equatable {
            case copy
            /// A hard link to the backup's file; a copy where that cannot be made.
            case link
            /// The live database has the very file at this path: it stays, or gets a second name.
            case reuse(path: String)
        }

        let operation: Operation
        /// Where the file lies in the backup.
        let source: String
        /// Where it is to lie in the database.
        let target: String
        /// What the table's manifest will say of it.
        let entry: SegmentEntry

        var isCopied: Bool { operation == .copy }
        var isLinked: Bool { operation == .link }
    }

    struct Partition: Sendable {
        enum Action: String, Sendable {
            /// The table has no such partition yet.
            case add
            /// What is there goes, what the backup has comes.
            case replace
            /// What is there goes, the backup has no such partition.
            case drop
            /// Both have the same segments: nothing is done.
            case reuse
            /// Nobody said what is to become of the rows that are there.
            case conflict
        }

        let name: String
        let action: Action
        let files: [File]
        /// Live segments that go.
        let removed: [SegmentEntry]
        /// Rows that only the live partition has; nil when nobody counted.
        var rowsLost: LostRows?
        var conflict: DatabaseError?

        var rows: Int { files.reduce(0) { $0 + $1.entry.rows } }
    }

    /// How many rows are lost, and whether that was counted row by row.
    struct LostRows: Sendable, Equatable {
        let count: Int
        /// False when the partition is too large to compare: then it is at most so many.
        let isExact: Bool
    }

    struct Table: Sendable {
        enum Change: Sendable, Equatable {
            case create
            /// The table with this id goes, a new one takes its name.
            case replace(id: UInt64)
            /// The table stays, partitions change.
            case partitions
        }

        let change: Change
        /// The table as it is afterwards.
        let definition: TableDefinition
        let partitions: [Partition]
        /// The whole table is in the way, or differs.
        let conflict: DatabaseError?
        /// Bytes of live segments that go with the whole table.
        let bytesDropped: Int
        /// Rows that only the live table has, where they cannot be told partition by partition.
        var rowsLost: LostRows?
        /// The table in the backup.
        var origin: TableDefinition?

        var files: [File] { partitions.flatMap(\.files) }
        var label: String { "\(definition.schema).\(definition.name)" }
    }

    /// A schema or a sequence: it has no rows, only a definition.
    struct Relation: Sendable {
        /// What is created; nil when something only goes.
        let definition: TableDefinition?
        /// The live one that goes.
        var replaced: UInt64?
        var conflict: DatabaseError?
        /// A live sequence that stays and counts on from somewhere else.
        var advanced: TableDefinition?
        /// The directory below `db/` of what goes because it cannot be read.
        var unreadable: String?
    }

    let tables: [Table]
    let relations: [Relation]

    var files: [File] { tables.flatMap(\.files) }
    var bytesToCopy: Int { files.reduce(0) { $0 + ($1.isCopied ? $1.entry.bytes : 0) } }
    var bytesToLink: Int { files.reduce(0) { $0 + ($1.isLinked ? $1.entry.bytes : 0) } }

    /// Bytes that go through our hands: copied ones twice when they are read again.
    func bytesToRead(isVerified: Bool) -> Int {
        guard isVerified else { return bytesToCopy }
        let reused = files.reduce(0) { sum, file in
            if case .reuse = file.operation { sum + file.entry.bytes } else { sum }
        }
        return 2 * bytesToCopy + reused
    }

    /// The first thing that stands in the way.
    var firstConflict: DatabaseError? {
        for case let conflict? in relations.map(\.conflict) { return conflict }
        for table in tables {
            if let conflict = table.conflict { return conflict }
            for case let conflict? in table.partitions.map(\.conflict) { return conflict }
        }
        return nil
    }

    /// The sum of counted losses; nil when nothing was counted.
    var rowsLost: LostRows? {
        let counted = (tables.map(\.rowsLost) + tables.flatMap(\.partitions).map(\.rowsLost))
            .compactMap { $0 }
        guard !counted.isEmpty else { return nil }
        return LostRows(
            count: counted.reduce(0) { $0 + $1.count }, isExact: counted.allSatisfy(\.isExact))
    }
}
