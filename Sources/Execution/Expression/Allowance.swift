import Diagnostics
import Values

/// What computing expressions may cost a statement: bytes of its memory, and so much work between
/// two looks at whether it was cancelled.
///
/// Bytes are charged before they are allocated, and given back when the outermost expression of a
/// batch is done: whoever keeps the result charges it then.
final class Allowance {
    private let budget: MemoryBudget
    private let cancellation: CancellationFlag
    private var taken = 0
    private var depth = 0
    private var work = 0

    init(_ budget: MemoryBudget, _ cancellation: CancellationFlag) {
        self.budget = budget
        self.cancellation = cancellation
    }

    /// Counts work: about one for each byte looked at or made.
    ///
    /// - Throws: 57014 when the statement was cancelled.
    @inline(__always)
    func spend(_ units: Int) throws(DatabaseError) {
        work &+= units
        if work >= Limits.workUnits {
            work = 0
            try cancellation.check()
        }
    }

    /// - Throws: 53200 when the statement may not have so many bytes more.
    func take(_ bytes: Int) throws(DatabaseError) {
        taken += bytes
        try budget.charge(bytes)
    }

    /// Whether one value of so many bytes may be made now.
    ///
    /// - Throws: 54000 for a value that no statement may make, 53200 as `take`.
    func admit(value bytes: Int) throws(DatabaseError) {
        guard bytes <= Limits.valueBytes else { throw .valueTooLarge() }
        try budget.charge(bytes)
        budget.giveBack(bytes)
    }

    /// Gives back what the body takes, when no other body is around it.
    func scope<Result>(_ body: () throws(DatabaseError) -> Result) throws(DatabaseError) -> Result {
        depth += 1
        defer {
            depth -= 1
            if depth == 0 {
                budget.giveBack(taken)
                taken = 0
            }
        }
        return try body()
    }
}

/// What expressions may cost that are computed outside of a query.
package struct ComputingLimits: Sendable {
    let memoryBytes: Int
    let cancellation: CancellationFlag

    package init(memoryBytes: Int = Limits.memoryBytes, cancellation: CancellationFlag) {
        self.memoryBytes = memoryBytes
        self.cancellation = cancellation
    }

    init(_ context: ExecutionContext) {
        memoryBytes = context.memoryBytes
        cancellation = context.cancellation
    }

    func makeAllowance() -> Allowance { Allowance(MemoryBudget(memoryBytes), cancellation) }
}

extension Value {
    /// The bytes it takes in the heap of a column.
    var heapByteCount: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        case .array(let array):
            array.elements.reduce(8 * (array.lengths.count + 1)) { $0 + 8 + $1.heapByteCount }
        case .null, .integer, .double, .boolean, .timestamp, .timestampNanos, .date, .decimal,
            .uuid, .long256, .interval:
            0
        }
    }
}
