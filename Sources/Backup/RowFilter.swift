package import Diagnostics
package import Storage
package import Values

/// Which rows of a segment a backup takes.
package enum FilteredRows: Sendable {
    /// All of them: the segment is taken as a file.
    case all
    /// These, in their order.
    case some(Batch)
}

/// Says which rows of a segment a WHERE lets through. Engine makes one of a predicate.
package struct RowFilter: Sendable {
    /// Gives what is taken of the segment with this number.
    package typealias Taking = (Int) throws(DatabaseError) -> FilteredRows

    private let body: @Sendable ([Run]) throws(DatabaseError) -> Taking

    /// For rows that do not depend on other segments.
    package init(_ body: @escaping @Sendable (Run) throws(DatabaseError) -> FilteredRows) {
        self.body = { runs in { number throws(DatabaseError) in try body(runs[number]) } }
    }

    /// - Parameter body: gets the segments in the table's order: with upsert keys a row of one may
    ///   hide a row of another, and what is hidden is never taken.
    package init(resolving body: @escaping @Sendable ([Run]) throws(DatabaseError) -> Taking) {
        self.body = body
    }

    package func taking(from runs: [Run]) throws(DatabaseError) -> Taking { try body(runs) }
}
