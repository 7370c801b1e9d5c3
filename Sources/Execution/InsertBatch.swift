import Catalog
package import Diagnostics
package import Planner
package import Values

/// The rows an INSERT writes, as columns of its table.
package enum InsertBatch {
    /// Computes all rows; one vector per column of the table, in its order.
    ///
    /// - Throws: 23502 where a value must be, 53200 above the query's memory, what computing throws.
    package static func make(_ insert: BoundInsert, _ context: ExecutionContext)
        throws(DatabaseError) -> Batch
    {
        let batch: Batch
        switch insert.source {
        case .rows(let rows): batch = try gather(rows, insert, context)
        case .query(let query): batch = try run(query, insert, context)
        }
        for (index, column) in insert.table.columns.enumerated()
        where index == insert.table.timestampIndex || !column.isNullable {
            let vector = batch.columns[index]
            if vector.validity != nil, (0..<batch.rowCount).contains(where: { vector.isNull($0) }) {
                throw .nullInColumn(column.name, of: insert.table.name)
            }
        }
        return batch
    }

    private static func gather(
        _ rows: [[BoundExpression]], _ insert: BoundInsert, _ context: ExecutionContext
    ) throws(DatabaseError) -> Batch {
        let evaluator = RowEvaluator(parameters: context.parameters)
        let budget = MemoryBudget(context.memoryBytes)
        var builders = insert.table.columns.map { ColumnBuilder(type: $0.type) }
        var charged = 0
        for (number, row) in rows.enumerated() {
            if number & 1023 == 0 {
                try context.cancellation.check()
                let bytes = builders.reduce(0) { $0 + $1.byteCount }
                try budget.charge(bytes - charged)
                charged = bytes
            }
            for (index, source) in insert.mapping.enumerated() {
                if let source {
                    builders[index].append(try evaluator.value(row[source]))
                } else {
                    builders[index].append(.null)
                }
            }
        }
        return Batch(rowCount: rows.count, columns: builders.map { $0.makeVector() })
    }

    private static func run(
        _ query: BoundQuery, _ insert: BoundInsert, _ context: ExecutionContext
    ) throws(DatabaseError) -> Batch {
        let cursor = try Cursor(query, context)
        let budget = MemoryBudget(context.memoryBytes)
        var batches: [Batch] = []
        while let batch = try cursor.next() {
            try budget.charge(batch.byteCount)
            let columns = insert.mapping.enumerated().map { index, source in
                source.map { batch.columns[$0] }
                    ?? Operand.scalar(.null, insert.table.columns[index].type)
                    .spread(batch.rowCount)
            }
            batches.append(Batch(rowCount: batch.rowCount, columns: columns))
        }
        return Selection.concatenate(batches, types: insert.table.columns.map(\.type))
    }
}
