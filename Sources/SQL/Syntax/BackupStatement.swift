/// What a backup or a restore is about.
package enum BackupScope: Sendable, Equatable {
    case database
    case tables([TableName])
}

/// Which partitions: names as directories have them, or a pattern with `%` and `?`.
package enum PartitionSelection: Sendable, Equatable {
    case list([TextLiteral])
    case like(TextLiteral)
}

/// One `name = value` of WITH (…).
package struct Option: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case text(String)
        /// As written, perhaps with a sign.
        case number(String)
        case boolean(Bool)
        /// A bare word: `FORMAT csv`.
        case word(String)
        /// The name alone: `HEADER`.
        case none
    }

    package let name: Name
    package let value: Value
    package let valuePosition: Int

    package init(name: Name, value: Value, valuePosition: Int = 0) {
        self.name = name
        self.value = value
        self.valuePosition = valuePosition
    }

    package static func == (left: Option, right: Option) -> Bool {
        left.name == right.name && left.value == right.value
    }
}

/// `BACKUP DATABASE | TABLE …` with its options in any order.
package struct BackupStatement: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case full
        /// The parent's name; nil is the newest in the destination.
        case incremental(from: TextLiteral?)
    }
    package enum Destination: Sendable, Equatable {
        case path(TextLiteral)
        case client(position: Int)
    }
    package enum Parallelism: Sendable, Equatable {
        case usual
        /// PARALLEL without a number: one worker per core.
        case automatic
        case workers(Int)
    }

    package let scope: BackupScope
    package let partitions: PartitionSelection?
    package let filter: Expression?
    package let kind: Kind
    /// nil is cairo.sql.backup.root.
    package let destination: Destination?
    /// nil is the date.
    package let name: TextLiteral?
    package let parallelism: Parallelism
    package let isAsynchronous: Bool
    package let options: [Option]
    package let position: Int
}

/// `SNAPSHOT PREPARE | COMPLETE`
package enum SnapshotCommand: String, Sendable {
    case prepare = "PREPARE"
    case complete = "COMPLETE"
}

/// `CHECKPOINT CREATE | RELEASE`
package enum CheckpointCommand: String, Sendable {
    case create = "CREATE"
    case release = "RELEASE"
}

/// `RESTORE DATABASE | TABLE … FROM 'name' …`
package struct RestoreStatement: Sendable, Equatable {
    package enum Target: Sendable, Equatable {
        /// Under the names the backup has.
        case original
        /// `AS t`: a new table.
        case newTable(TableName)
        /// `INTO t`: an existing table of the same schema.
        case existingTable(TableName)
    }
    package enum Mode: Sendable {
        /// Nothing was written: existing tables are a conflict.
        case refuse
        /// FULL
        case replace
        /// INCREMENTAL
        case differing
    }

    package let scope: BackupScope
    /// The backup's name or path.
    package let source: TextLiteral
    package let partitions: PartitionSelection?
    package let target: Target
    package let mode: Mode
    package let filter: Expression?
    package let asOf: TextLiteral?
    package let options: [Option]
    package let position: Int
}

/// `VERIFY BACKUP 'name' [QUICK | DEEP]`
package struct VerifyBackup: Sendable, Equatable {
    package enum Depth: String, Sendable {
        case quick = "QUICK"
        case checksums = ""
        case deep = "DEEP"
    }

    package let name: TextLiteral
    package let depth: Depth
}

/// `PRUNE BACKUPS KEEP LAST n | KEEP '30d' [DRY RUN]`
package struct PruneBackups: Sendable, Equatable {
    package enum Keep: Sendable, Equatable {
        case last(Int)
        case age(TextLiteral)
    }

    package let keep: Keep
    package let isDryRun: Bool
    package let position: Int
}
