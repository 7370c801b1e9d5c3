/// Columns of equal length: the unit in which rows travel between rooms.
package struct Batch: Sendable {
    package let rowCount: Int
    package let columns: [ColumnVector]

    package init(rowCount: Int, columns: [ColumnVector]) {
        for column in columns {
            precondition(column.count == rowCount, "columns of a batch have one length")
        }
        self.rowCount = rowCount
        self.columns = columns
    }
}
