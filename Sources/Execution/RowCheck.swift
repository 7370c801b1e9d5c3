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
    private let lengths: [(column: Int, length: TextLength)]

    /// - Parameters:
    ///   - checks: over the table's columns in their order.
    ///   - lengths: of columns whose strings may be longer, or end in blanks that are not kept.
    package init(
        _ table: TableDefinition, notNull: [Int]? = nil, checks: [BoundCheck],
        lengths: [(column: Int, length: TextLength)] = []
    ) {
        self.table = table
        self.lengths = lengths
        isOfColumns = notNull != nil
        self.notNull = notNull ?? table.columns.indices.filter { !table.isNullable($0) }
        self.checks = checks
    }

    /// - Throws: 23502 for a NULL, 22001 for a string that is no value of its column, 23514 for a
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
        for (index, length) in lengths { try check(batch.columns[index], length) }
        if checks.isEmpty || batch.rowCount == 0 { return }
        let interpreter = Interpreter(parameters: [])
        for check in checks {
            let result = try interpreter.vector(check.condition, batch)
            for row in 0..<batch.rowCount where result.value(at: row) == .boolean(false) {
                throw .checkViolated(check.name, table: table.name)
            }
        }
    }

    private func check(_ vector: ColumnVector, _ length: TextLength) throws(DatabaseError) {
        for row in 0..<vector.count {
            guard case .string(let text) = vector.value(at: row) else { continue }
            if try length.fit(text, isCast: false).utf8.count != text.utf8.count {
                throw DatabaseError(
                    .stringTooLong, "value too long for type \(length.postgresName)")
            }
        }
    }
}

/// Computes columns of other columns: what ALTER makes of the rows that are there.
package struct ColumnProjection {
    private let expressions: [BoundExpression]
    private let parameters: [Value]

    package init(_ expressions: [BoundExpression], parameters: [Value] = []) {
        self.expressions = expressions
        self.parameters = parameters
    }

    package func batch(_ input: Batch) throws(DatabaseError) -> Batch {
        let interpreter = Interpreter(parameters: parameters)
        var columns: [ColumnVector] = []
        for expression in expressions {
            columns.append(try interpreter.vector(expression, input))
        }
        return Batch(rowCount: input.rowCount, columns: columns)
    }
}
