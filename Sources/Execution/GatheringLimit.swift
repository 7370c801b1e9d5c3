package import Diagnostics
package import Values

/// Counts batches that are kept beside a query against the memory that a statement may take.
package struct GatheringLimit {
    private let budget: MemoryBudget

    package init(_ limits: ComputingLimits) { budget = MemoryBudget(limits.memoryBytes) }

    /// - Throws: 53200 when the batch is more than there is memory for.
    package func take(_ batch: Batch) throws(DatabaseError) { try budget.charge(batch.byteCount) }
}
