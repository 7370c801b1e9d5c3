import Diagnostics
import Planner
import Values

/// `long_sequence(n)` and `generate_series(from, to)`.
struct NumberSeries: SystemRelation {
    let name: String

    private var isBounded: Bool { name == "generate_series" }
    var columns: [PlanColumn] { [PlanColumn(name: isBounded ? name : "x", type: .long)] }

    func makeBatch(arguments: [Value]) throws(DatabaseError) -> Batch {
        if let bounds = try bounds(arguments) { return batch(bounds) }
        return Batch.make([.long], [])
    }

    func makeBatch(arguments: [Value], piece: Int) throws(DatabaseError) -> Batch? {
        guard let bounds = try bounds(arguments) else { return nil }
        let first = Int64(piece) * Limits.sequencePieceRows
        guard first <= bounds.upperBound - bounds.lowerBound else { return nil }
        let from = bounds.lowerBound + first
        // Counted from the end, so that nothing reaches beyond 64 bits.
        let count = min(Limits.sequencePieceRows - 1, bounds.upperBound - from)
        return batch(from...from + count)
    }

    private func batch(_ numbers: ClosedRange<Int64>) -> Batch {
        var builder = ColumnBuilder(type: .long)
        for number in numbers { builder.append(.integer(number)) }
        return Batch(rowCount: numbers.count, columns: [builder.makeVector()])
    }

    /// The first number and the last; nil for none.
    private func bounds(_ arguments: [Value]) throws(DatabaseError) -> ClosedRange<Int64>? {
        var numbers: [Int64] = []
        for case .integer(let number) in arguments { numbers.append(number) }
        guard numbers.count == arguments.count, (isBounded ? 2 : 1)...2 ~= numbers.count else {
            throw .notWholeNumbers(name)
        }
        let from = isBounded ? numbers[0] : 1
        let to = isBounded ? numbers[1] : numbers[0]
        if from > to { return nil }
        let (span, overflow) = to.subtractingReportingOverflow(from)
        guard !overflow, span < Limits.sequenceRows else { throw .tooManyNumbers(name) }
        return from...to
    }
}
