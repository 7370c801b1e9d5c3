package import Catalog
package import Diagnostics
package import Planner
package import Values

/// What rows must satisfy before they become part of a table: NOT NULL and CHECK.
package struct RowCheck: Sendable {
    private let table: TableDefinition
    private let notNull: [Int]
    /// Whether the rows are there already and the column is what is new.
    private let isOfColumns: Bool
    private let checks: [BoundCheck]
    private let limits: ComputingLimits
    private let modifiers: [(column: Int, modifier: TypeModifier)]

    /// - Parameters:
    ///   - checks: over the table's columns in their order.
    ///   - modifiers: of columns whose values may not be as the modifier leaves them.
    package init(
        _ table: TableDefinition, notNull: [Int]? = nil, checks: [BoundCheck],
        modifiers: [(column: Int, modifier: TypeModifier)] = [],
        _ limits: ComputingLimits
    ) {
        self.limits = limits
        self.table = table
        self.modifiers = modifiers
        isOfColumns = notNull != nil
        self.notNull = notNull ?? table.columns.indices.filter { !table.isNullable($0) }
        self.checks = checks
    }

    /// - Throws: 23502 for a NULL, 22001 or 22008 for what is no value of its column, 23514 for a
    ///   check that is false; NULL passes a check.
    package func check(_ batch: Batch) throws(DatabaseError) {
        for index in notNull {
            let vector = batch.columns[index]
            if vector.validity != nil, (0..<batch.rowCount).contains(where: { vector.isNull($0) }) {
                let name = table.columns[index].name
                throw isOfColumns
                    ? .columnHoldsNulls(name, of: table.name) : .nullInColumn(name, of: table.name)
            }
        }
        for (index, modifier) in modifiers {
            let vector = batch.columns[index]
            for row in 0..<vector.count { try modifier.check(vector.value(at: row)) }
        }
        if checks.isEmpty || batch.rowCount == 0 { return }
        let interpreter = Interpreter(parameters: [], limits.makeAllowance())
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
    private let parameters: [Value]

    private let limits: ComputingLimits

    package init(
        _ expressions: [BoundExpression], parameters: [Value] = [], _ limits: ComputingLimits
    ) {
        self.limits = limits
        self.expressions = expressions
        self.parameters = parameters
    }

    package func batch(_ input: Batch) throws(DatabaseError) -> Batch {
        let interpreter = Interpreter(parameters: parameters, limits.makeAllowance())
        var columns: [ColumnVector] = []
        for expression in expressions {
            columns.append(try interpreter.vector(expression, input))
        }
        return Batch(rowCount: input.rowCount, columns: columns)
    }
}
