package import Catalog
package import Diagnostics
package import Planner
package import Values

/// The rows an INSERT writes, as columns of its table.
package enum InsertBatch {
    /// Computes rows that the statement has written out; one vector per column of the table, in its
    /// order.
    ///
    /// - Throws: 23502 where a value must be, 53200 above the query's memory, what computing throws.
    package static func make(
        _ rows: [[BoundExpression]], of insert: BoundInsert, _ context: ExecutionContext
    ) throws(DatabaseError) -> Batch {
        let batch = try gather(rows, insert, context)
        try check(batch, of: insert.table)
        return batch
    }

    /// Computes what a query gives, a batch at each call of `take`, as columns of the table.
    ///
    /// - Throws: as `make`; the query's memory is for the query alone.
    package static func forEachBatch(
        of query: BoundQuery, into table: TableDefinition, mapping: [Int?],
        _ context: ExecutionContext, take: (Batch) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let cursor = try Cursor(query, context)
        while let batch = try cursor.next() {
            let columns = mapping.enumerated().map { index, source in
                source.map { batch.columns[$0] }
                    ?? Operand.scalar(.null, table.columns[index].type).spread(batch.rowCount)
            }
            let rows = Batch(rowCount: batch.rowCount, columns: columns)
            try check(rows, of: table)
            try take(rows)
        }
    }

    /// Arranges rows of a stream as columns of their table, with defaults where it has none.
    ///
    /// - Throws: 23502 where a value must be, what computing a default throws.
    package static func arrange(
        _ batch: Batch, _ copy: BoundCopy, _ context: ExecutionContext
    ) throws(DatabaseError) -> Batch {
        var columns: [ColumnVector] = []
        let limits = ComputingLimits(context)
        let interpreter = Interpreter(
            parameters: context.parameters, limits.makeAllowance())
        for (index, column) in copy.table.columns.enumerated() {
            if let place = copy.targets.firstIndex(of: index) {
                var given = batch.columns[place]
                if let modifier = column.modifier {
                    given = try interpreter.fit(given, modifier, isCast: false)
                }
                columns.append(given)
            } else if let value = copy.defaults[index] {
                let evaluator = RowEvaluator(parameters: context.parameters, limits)
                var builder = ColumnBuilder(type: column.type)
                for _ in 0..<batch.rowCount { builder.append(try evaluator.value(value)) }
                columns.append(builder.makeVector())
            } else {
                columns.append(Operand.scalar(.null, column.type).spread(batch.rowCount))
            }
        }
        let rows = Batch(rowCount: batch.rowCount, columns: columns)
        try check(rows, of: copy.table)
        return rows
    }

    /// - Throws: 23502 where a value must be.
    private static func check(_ batch: Batch, of table: TableDefinition) throws(DatabaseError) {
        for (index, column) in table.columns.enumerated()
        where index == table.timestampIndex || !column.isNullable {
            let vector = batch.columns[index]
            if vector.validity != nil, (0..<batch.rowCount).contains(where: { vector.isNull($0) }) {
                throw .nullInColumn(column.name, of: table.name)
            }
        }
    }

    private static func gather(
        _ rows: [[BoundExpression]], _ insert: BoundInsert, _ context: ExecutionContext
    ) throws(DatabaseError) -> Batch {
        let evaluator = RowEvaluator(
            parameters: context.parameters, ComputingLimits(context))
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
                    let value = try evaluator.value(row[source])
                    let bytes = value.heapByteCount
                    try budget.charge(bytes)
                    charged += bytes
                    builders[index].append(value)
                } else {
                    builders[index].append(.null)
                }
            }
        }
        return Batch(rowCount: rows.count, columns: builders.map { $0.makeVector() })
    }
}
