package import Bytes

/// What a RESTORE statement asks for: names, options and nothing looked up yet.
package struct RestoreRequest: Sendable, Equatable {
    /// A table as the statement names it.
    package struct Table: Sendable, Equatable {
        /// nil is `public`.
        package let schema: String?
        package let name: String
        /// Where the statement names it, for errors.
        package let position: Int?

        package init(schema: String? = nil, name: String, position: Int? = nil) {
            self.schema = schema
            self.name = name
            self.position = position
        }
    }

    package enum Scope: Sendable, Equatable {
        /// Every table of the backup.
        case database
        case tables([Table])
    }

    /// Where the rows go.
    package enum Target: Sendable, Equatable {
        /// Under the names the backup has.
        case original
        /// AS: a table that does not exist yet.
        case newTable(Table)
        /// INTO: an existing table of the same columns.
        case existingTable(Table)
    }

    /// What happens to what is there already.
    package enum Mode: Sendable, Equatable {
        /// Nothing was said: an existing table, or with INTO a differing partition, is a conflict.
        case refuse
        /// FULL: the table, or with PARTITION those partitions, are replaced.
        case replace
        /// INCREMENTAL: partitions that differ are replaced, missing ones added.
        case differing
    }

    package var scope: Scope
    /// The backup: a name below `cairo.sql.backup.root`, or the path of its directory.
    package var source: String
    package var partitions: PartitionChoice
    package var target: Target
    package var mode: Mode
    /// Shares segments with the backup by hard link instead of copying them.
    package var isLinked: Bool
    /// Reads every copied byte again before the tables are changed.
    package var isVerified: Bool
    /// Who asked.
    package var requestedBy = ""

    package init(
        scope: Scope, source: String, partitions: PartitionChoice = .all,
        target: Target = .original, mode: Mode = .refuse, isLinked: Bool = false,
        isVerified: Bool = true
    ) {
        self.scope = scope
        self.source = source
        self.partitions = partitions
        self.target = target
        self.mode = mode
        self.isLinked = isLinked
        self.isVerified = isVerified
    }
}

/// The facts of a finished restore, for the last NOTICE and for /exec.
package struct RestoreSummary: Sendable, Equatable {
    package let id: String
    /// The backup's name and path.
    package let name: String
    package let path: String
    /// The commit that made it visible.
    package let lsn: UInt64
    package let tables: Int
    package let partitions: Int
    package let files: Int
    package let rows: Int
    package let bytesCopied: Int
    package let bytesLinked: Int
    package let bytesReused: Int
    /// Rows that only the replaced partitions had; nil when they were not counted.
    package let rowsLost: Int?
    package let durationMicroseconds: Int64
    /// The line of history that began: after a restore of a whole database that changed something.
    package var timeline: String?
    /// Sequences of the live database that count on from somewhere else now.
    package var advancedSequences: [UInt64] = []

    /// What the last NOTICE tells.
    package var sentence: String {
        "restore from \"\(name)\" is complete: \(path), LSN \(lsn), \(tables) tables, "
            + "\(partitions) partitions, \(rows) rows, \(files) files, \(bytesCopied) bytes copied, "
            + "\(bytesLinked) bytes linked, \(bytesReused) bytes reused, "
            + "\(durationMicroseconds / 1000) ms"
    }

    /// What /exec tells.
    package var json: JSONValue {
        .object([
            JSONMember("id", .string(id)), JSONMember("name", .string(name)),
            JSONMember("path", .string(path)),
            JSONMember("lsn", .integer(Int64(clamping: lsn))),
            JSONMember("tables", .integer(Int64(tables))),
            JSONMember("partitions", .integer(Int64(partitions))),
            JSONMember("files", .integer(Int64(files))),
            JSONMember("rows", .integer(Int64(rows))),
            JSONMember("bytesCopied", .integer(Int64(bytesCopied))),
            JSONMember("bytesLinked", .integer(Int64(bytesLinked))),
            JSONMember("bytesReused", .integer(Int64(bytesReused))),
            JSONMember("rowsLost", rowsLost.map { .integer(Int64($0)) } ?? .null),
            JSONMember("timeline", timeline.map { .string($0) } ?? .null),
            JSONMember("durationMicroseconds", .integer(durationMicroseconds)),
        ])
    }
}
