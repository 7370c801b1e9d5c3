package import Catalog
package import SQL

/// What an ALTER TABLE comes to.
package struct BoundAlter: Sendable {
    package let table: TableDefinition
    /// The next version; the same as `table` when nothing changes.
    package let altered: TableDefinition
    /// For each column of `altered` its values, over the columns of `table`; nil when they are those
    /// in the segments already.
    package let values: [BoundExpression]?
    /// Columns of `altered` that were not known to be free of NULL.
    package let newlyNotNull: [Int]
    /// Checks and keys that rows already there must satisfy.
    package let newChecks: [String]
    package let newKeys: [String]
    package let newSequences: [TableDefinition]
    /// Sequences of columns that go: schema and name.
    package let droppedSequences: [(schema: String, name: String)]
    package let notices: [String]

    /// Whether the rows that are there have a say in it.
    package var concernsRows: Bool {
        values != nil || !newlyNotNull.isEmpty || !newChecks.isEmpty || !newKeys.isEmpty
            || changesUpsertKeys
    }

    /// Whether DEDUP UPSERT KEYS are others afterwards, or a column of them has other values.
    package var changesUpsertKeys: Bool { Set(table.dedupKeys) != Set(altered.dedupKeys) }

    package var isChange: Bool { altered != table }
}

/// Partitions that come or go: an ALTER TABLE of its own.
package struct PartitionChange: Sendable {
    package enum Kind: Sendable { case drop, detach, attach }

    package enum Selection: Sendable {
        case names([TextLiteral])
        case pattern(TextLiteral)
        /// A condition over the designated timestamp alone, as column 0.
        case condition(BoundExpression)
    }

    package let kind: Kind
    package let selection: Selection
}
