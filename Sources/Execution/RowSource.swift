package import Catalog
package import Diagnostics
package import Values

/// Rows of a table that lie together: a segment, a memtable, or what a transaction has written and
/// not committed.
package protocol RowSource: Sendable {
    var rowCount: Int { get }
    /// The designated timestamp's range, when it is known.
    var minTimestamp: Int64? { get }
    var maxTimestamp: Int64? { get }
    /// Whether rows are known to ascend by the designated timestamp.
    var isSorted: Bool { get }
    /// Whether no two rows are known to have one upsert key: true of a segment.
    var hasUniqueKeys: Bool { get }
    /// Gives columns, by their index in the table's definition, of a range of rows.
    func batch(columns: [Int], rows: Range<Int>) throws(DatabaseError) -> Batch
}

extension RowSource {
    package var isSorted: Bool { false }
    package var hasUniqueKeys: Bool { false }
}

/// Gives the rows of tables at one moment. Engine fills it in from a snapshot.
package protocol TableReader: Sendable {
    func sources(of table: TableDefinition) throws(DatabaseError) -> [any RowSource]
}
