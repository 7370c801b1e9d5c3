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
        _ returning: BoundReturning?, _ written: [Batch], _ values: [Value], _ tag: RowTag,
        _ completion: @escaping Completion
    ) throws(DatabaseError) -> Completion {
        guard let returning else { return completion }
        var returned = ReturnedRows(returning, values, computingLimits)
        for batch in written { try returned.add(batch) }
        return try ending(returned, tag, completion)
    }

    /// The completion that gives rows once their statement has succeeded.
    func ending(
        _ returned: ReturnedRows?, _ tag: RowTag, _ completion: @escaping Completion
    ) throws(DatabaseError) -> Completion {
        guard let returned else { return completion }
        let rows = ResultRows(try self.rows(of: returned.relation))
        return { outcome in
            switch outcome {
            case .success: completion(.success(.rows(rows, tag)))
            case .failure(let error): completion(.failure(error))
            }
        }
    }
}

/// What RETURNING gives of the rows that a statement writes, computed batch by batch.
struct ReturnedRows {
    private let columns: [PlanColumn]
    private let projection: ColumnProjection
    private let room: GatheringLimit
    private var batches: [Batch] = []

    init(_ returning: BoundReturning, _ values: [Value], _ limits: ComputingLimits) {
        columns = returning.columns
        projection = ColumnProjection(returning.outputs, parameters: values, limits)
        room = GatheringLimit(limits)
    }

    /// - Throws: 53200 above the query's memory, what computing throws.
    mutating func add(_ written: Batch) throws(DatabaseError) {
        if written.rowCount == 0 { return }
        let batch = try projection.batch(written)
        try room.take(batch)
        batches.append(batch)
    }

    fileprivate var relation: some SystemRelation {
        ComputedRows(name: "returning", columns: columns, batches: batches)
    }
}

/// Rows that a statement has computed already.
private struct ComputedRows: SystemRelation {
    let name: String
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
