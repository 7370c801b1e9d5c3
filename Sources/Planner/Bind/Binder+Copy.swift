package import Catalog
package import Diagnostics
package import SQL

/// A COPY into a table ready to take rows.
package struct BoundCopy: Sendable {
    package let table: TableDefinition
    /// The table's column for each one of the stream.
    package let targets: [Int]
    /// For each column of the table what it gets when the stream has none for it; nil is NULL.
    package let defaults: [BoundExpression?]
}

extension Binder {
    /// Finds the table and columns that a COPY … FROM writes.
    ///
    /// - Throws: 42P01, 42703, 42701.
    package mutating func bindCopy(_ name: TableName, columns: [Name]) throws(DatabaseError)
        -> BoundCopy
    {
        guard let table = relations.table(schema: name.schema?.folded, name: name.name.folded)
        else { throw relations.missing(name) }
        var targets: [Int] = []
        for column in columns {
            guard let index = table.columnIndex(named: column.text) else {
                throw .undefinedColumn(column.text, of: table.name, at: column.position)
            }
            if targets.contains(index) {
                throw .duplicateColumn(column.text, at: column.position)
            }
            targets.append(index)
        }
        if columns.isEmpty { targets = Array(table.columns.indices) }
        var defaults: [BoundExpression?] = []
        for (index, column) in table.columns.enumerated() {
            defaults.append(targets.contains(index) ? nil : try defaultValue(of: column))
        }
        return BoundCopy(table: table, targets: targets, defaults: defaults)
    }
}
