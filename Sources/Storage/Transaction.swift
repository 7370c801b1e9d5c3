package import Catalog
package import Values

/// A change to the set of tables, to a definition or to the segments of a table.
package enum Edit: Sendable {
    /// The definition's id comes from `Storage.reserveTableID()`.
    case createTable(TableDefinition)
    case dropTable(id: UInt64)
    case truncateTable(id: UInt64)
    /// A new definition under the same id; its version is the current one's plus one.
    case alterTable(TableDefinition)
    case replaceSegments(SegmentReplacement)
    /// A partition that was kept beside its table is gone: whoever commits this removes its directory
    /// with `Storage.forget` afterwards, and a start does when a crash was first.
    case forgetDetached(ForgottenPartition)
    /// From this commit on the database is of another line of history: the new timeline, as
    /// `Storage.makeTimeline()` gives it.
    case beginTimeline(String)
}

/// Rows for one table.
package struct Append: Sendable {
    package let table: UInt64
    /// The version of the definition the rows were built for; another one fails with 40001.
    package let definitionVersion: UInt64
    /// One vector per column of the definition, in its order.
    package let batch: Batch

    package init(table: UInt64, definitionVersion: UInt64, batch: Batch) {
        self.table = table
        self.definitionVersion = definitionVersion
        self.batch = batch
    }
}

/// Everything that becomes visible at one LSN, or not at all. Edits go before appends.
package struct Transaction: Sendable {
    package var edits: [Edit]
    package var appends: [Append]
    /// Tables that must hold these segments and no rows besides, else the commit fails with 40001:
    /// for what was computed from all rows of a table.
    package var expectedSegments: [UInt64: Set<String>] = [:]
    /// Whether it gives way to whoever is changing one of its tables, as `deferCompaction` tells:
    /// it fails with 40001 then. Asked when its turn to commit has come, so that nobody who has taken a
    /// lock and looks at the table behind the commits before finds it changed later on.
    var isYielding = false

    package init(
        edits: [Edit] = [], appends: [Append] = [], expectedSegments: [UInt64: Set<String>] = [:]
    ) {
        self.edits = edits
        self.appends = appends
        self.expectedSegments = expectedSegments
    }
}

/// What a commit was given.
package struct CommitResult: Sendable, Equatable {
    package let lsn: LSN
}
