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
    private let body: @Sendable (Run) throws(DatabaseError) -> FilteredRows

    package init(_ body: @escaping @Sendable (Run) throws(DatabaseError) -> FilteredRows) {
        self.body = body
    }

    package func rows(of run: Run) throws(DatabaseError) -> FilteredRows { try body(run) }
}
