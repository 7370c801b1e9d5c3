import Catalog
import Diagnostics
import Execution
import Planner
import Storage
import Values

extension Session {
    /// Makes the end of a statement with RETURNING: its rows are computed now, so that it fails before
    /// anything is committed, and given when it has succeeded. Without RETURNING the completion is
    /// as it was.
    func returning(
        _ returning: BoundReturning?, _ written: [Batch], of table: TableDefinition,
        _ values: [Value], _ tag: RowTag, _ completion: @escaping Completion
    ) throws(DatabaseError) -> Completion {
        guard let returning else { return completion }
        let projection = ColumnProjection(
            returning.outputs, parameters: values, computingLimits)
        var results: [Batch] = []
        for batch in written where batch.rowCount > 0 {
            results.append(try projection.batch(batch))
        }
        let relation = ReturnedRows(columns: returning.columns, batches: results)
        let rows = ResultRows(try self.rows(of: relation))
        return { outcome in
            switch outcome {
            case .success: completion(.success(.rows(rows, tag)))
            case .failure(let error): completion(.failure(error))
            }
        }
    }
}

/// Rows that a statement has computed already.
private struct ReturnedRows: SystemRelation {
    let name = "returning"
    let columns: [PlanColumn]
    let batches: [Batch]

    func makeBatch(arguments: [Value]) -> Batch {
        if let first = batches.first, batches.count == 1 { return first }
        var builders = columns.map { ColumnBuilder(type: $0.type) }
        for batch in batches {
            for row in 0..<batch.rowCount {
                for (index, column) in batch.columns.enumerated() {
                    builders[index].append(column.value(at: row))
                }
            }
        }
        return Batch(
            rowCount: batches.reduce(0) { $0 + $1.rowCount },
            columns: builders.map { $0.makeVector() })
    }
}
