package import Catalog
package import Diagnostics
package import Storage
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
    /// The rows that a filter may want, ascending and apart from each other: all others it does not.
    func candidates(_ filter: BlockFilter) throws(DatabaseError) -> [Range<Int>]
}

extension RowSource {
    package var isSorted: Bool { false }
    package var hasUniqueKeys: Bool { false }

    /// All rows, unless the range of time says that none is wanted.
    package func candidates(_ filter: BlockFilter) throws(DatabaseError) -> [Range<Int>] {
        rowCount > 0 && filter.meets(minTimestamp, maxTimestamp) ? [0..<rowCount] : []
    }
}

/// Gives the rows of tables at one moment. Engine fills it in from a snapshot.
package protocol TableReader: Sendable {
    /// - Parameter filter: sources none of whose rows it wants may be left out.
    func sources(of table: TableDefinition, for filter: BlockFilter?) throws(DatabaseError)
        -> [any RowSource]
}

extension TableReader {
    package func sources(of table: TableDefinition) throws(DatabaseError) -> [any RowSource] {
        try sources(of: table, for: nil)
    }
}
