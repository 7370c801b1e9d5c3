package import Diagnostics
import Execution
import Planner
package import Values

/// A column of a result, as clients are told of it.
package struct ResultColumn: Sendable, Equatable {
    package let name: String
    package let type: ValueType
    /// The table's id and the column's number from 1, when it is a table's column unchanged.
    package let tableID: UInt64?
    package let columnNumber: Int?

    init(_ column: PlanColumn) {
        name = column.name
        type = column.type
        tableID = column.tableID
        columnNumber = column.columnNumber
    }
}

/// The rows of a statement, one batch at each call: what Server sees of a cursor.
package struct ResultRows: Sendable {
    package let columns: [ResultColumn]
    private let cursor: Cursor

    init(_ cursor: Cursor) {
        self.cursor = cursor
        columns = cursor.columns.map(ResultColumn.init)
    }

    /// Makes the next batch, never an empty one; nil when there are no more. On one thread at a
    /// time.
    package func next() throws(DatabaseError) -> Batch? { try cursor.next() }

    /// Asked after a batch was read: it may lie in a file that cannot be.
    ///
    /// - Throws: 58030 naming the file.
    package func checkRead() throws(DatabaseError) { try cursor.checkRead() }
}
