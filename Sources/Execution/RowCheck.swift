package import Catalog
package import Diagnostics
package import Planner
package import Values

/// What rows must satisfy before they become part of a table: NOT NULL and CHECK.
package struct RowCheck: Sendable {
    private let table: TableDefinition
    private let notNull: [Int]
    private let checks: [BoundCheck]

    /// - Parameter checks: over the table's columns in their order.
    package init(_ table: TableDefinition, notNull: [Int]? = nil, checks: [BoundCheck]) {
        self.table = table
        self.notNull = notNull ?? table.columns.indices.filter { !table.isNullable($0) }
        self.checks = checks
    }

    /// - Throws: 23502 for a NULL, 23514 for a check that is false; NULL passes a check.
    package func check(_ batch: Batch) throws(DatabaseError) {
        for index in notNull {
            let vector = batch.columns[index]
            if vector.validity != nil, (0..<batch.rowCount).contains(where: { vector.isNull($0) }) {
                throw .nullInColumn(table.columns[index].name, of: table.name)
            }
        }
        if checks.isEmpty || batch.rowCount == 0 { return }
        let interpreter = Interpreter(parameters: [])
        for check in checks {
            let result = try interpreter.vector(check.condition, batch)
            for row in 0..<batch.rowCount where result.value(at: row) == .boolean(false) {
                throw .checkViolated(check.name, table: table.name)
            }
        }
    }
}

/// Computes columns of other columns: what ALTER makes of the rows that are there.
package struct ColumnProjection {
    private let expressions: [BoundExpression]

    package init(_ expressions: [BoundExpression]) { self.expressions = expressions }

    package func batch(_ input: Batch) throws(DatabaseError) -> Batch {
        let interpreter = Interpreter(parameters: [])
        var columns: [ColumnVector] = []
        for expression in expressions {
            columns.append(try interpreter.vector(expression, input))
        }
        return Batch(rowCount: input.rowCount, columns: columns)
    }
}
