/// Segments that leave a table and others that join it, at once: what compaction, UPDATE, DELETE,
/// partitions that come and go, RESTORE and bulk loading have in common.
package struct SegmentReplacement: Sendable, Equatable {
    package let table: UInt64
    /// The version of the definition the new segments were written for, as it is after the edits
    /// before this one in the same transaction.
    package let definitionVersion: UInt64
    /// Ids of segments; every one must still be current, else the commit fails with 40001. The new
    /// segments take the place of the first one named: the order of a table's segments is the order
    /// of their rows among equal timestamps, and with DEDUP KEYS the later one wins.
    package let removed: [String]
    /// Files that are durable under their final names. A `firstLSN` of zero stands for the LSN of
    /// the commit itself. One that is also in `removed` stays where it is on disk, under
    /// this entry.
    package let added: [SegmentEntry]

    package init(
        table: UInt64, definitionVersion: UInt64, removed: [String], added: [SegmentEntry]
    ) {
        self.table = table
        self.definitionVersion = definitionVersion
        self.removed = removed
        self.added = added
    }
}
