import Diagnostics
import Planner
import Values

/// Gathers all rows and gives them in order; with `first` set only the first so many are kept.
final class SortOperator: Operator {
    private let input: any Operator
    private let keys: [SortKey]
    private let first: Int?
    private let budget: MemoryBudget
    private let cancellation: CancellationFlag
    private var output: Batch?
    private var order: ArraySlice<Int32>?

    init(_ factory: OperatorFactory, _ input: any Operator, _ keys: [SortKey], first: Int?) {
        self.input = input
        self.keys = keys
        self.first = first
        budget = factory.budget
        cancellation = factory.context.cancellation
    }

    func next() throws(DatabaseError) -> Batch? {
        if order == nil { try gather() }
        guard let output, let rest = order, !rest.isEmpty else { return nil }
        let part = rest.prefix(Limits.batchRows)
        order = rest.dropFirst(part.count)
        return Selection.take(output, Array(part))
    }

    private func gather() throws(DatabaseError) {
        var batches: [Batch] = []
        var rows = 0
        let cut = first.map { first in
            max(
                first.multipliedReportingOverflow(by: 4).overflow ? .max : first * 4, Limits.topRows
            )
        }
        while let batch = try input.next() {
            try cancellation.check()
            guard batch.rowCount > 0 else { continue }
            try budget.charge(batch.byteCount)
            batches.append(batch)
            rows += batch.rowCount
            if let cut, let first, rows >= cut {
                for batch in batches { budget.giveBack(batch.byteCount) }
                let joined = join(batches)
                let best = Selection.take(joined, Array(try sorted(joined).prefix(first)))
                try budget.charge(best.byteCount)
                batches = [best]
                rows = best.rowCount
            }
        }
        guard !batches.isEmpty else {
            order = []
            return
        }
        let joined = join(batches)
        let all = try sorted(joined)
        output = joined
        order = all.prefix(first ?? all.count)
    }

    private func join(_ batches: [Batch]) -> Batch {
        Selection.concatenate(batches, types: batches[0].columns.map(\.type))
    }

    private func sorted(_ batch: Batch) throws(DatabaseError) -> [Int32] {
        var ranks: [SortRanks] = []
        for key in keys {
            ranks.append(try SortRanks(batch.columns[key.column], key, cancellation))
        }
        var rows = (0..<batch.rowCount).map { Int32(truncatingIfNeeded: $0) }
        try cancellation.sort(&rows) { left, right in
            for rank in ranks {
                let first = Int(left)
                let second = Int(right)
                if rank.nulls[first] != rank.nulls[second] {
                    return rank.nulls[first] < rank.nulls[second]
                }
                if rank.values[first] != rank.values[second] {
                    return rank.values[first] < rank.values[second]
                }
            }
            return left < right
        }
        return rows
    }
}

extension CancellationFlag {
    /// Sorts, and looks now and then whether it still should.
    ///
    /// - Throws: 57014.
    func sort<Element>(_ elements: inout [Element], by isBefore: (Element, Element) -> Bool)
        throws(DatabaseError)
    {
        var rest = Limits.comparisons
        var failure: DatabaseError?
        do {
            try elements.sort { left, right in
                rest -= 1
                if rest == 0 {
                    rest = Limits.comparisons
                    try check()
                }
                return isBefore(left, right)
            }
        } catch {
            // `check` throws nothing else; the standard library forgets the type.
            failure = error as? DatabaseError
        }
        if let failure { throw failure }
    }
}

/// A column as numbers that sort as its values do.
struct SortRanks {
    private(set) var values: [Int64]
    /// 0 before 1: where the NULLs go.
    private(set) var nulls: [UInt8]

    init(_ vector: ColumnVector, _ key: SortKey, _ cancellation: CancellationFlag)
        throws(DatabaseError)
    {
        let valid: UInt8 = key.nullsFirst ? 1 : 0
        values = try Self.ranks(vector, cancellation)
        nulls = [UInt8](repeating: valid, count: vector.count)
        if vector.validity != nil {
            for row in 0..<vector.count where vector.isNull(row) {
                nulls[row] = 1 - valid
                values[row] = 0
            }
        }
        // Turning bits over reverses the order and cannot overflow, as a minus can.
        if key.isDescending { for row in values.indices { values[row] = ~values[row] } }
    }

    private static func ranks(_ vector: ColumnVector, _ cancellation: CancellationFlag)
        throws(DatabaseError) -> [Int64]
    {
        let rows = 0..<vector.count
        switch vector.type.layout {
        case .boolean, .int8: return rows.map { Int64(vector.load($0, Int8.self)) }
        case .int16: return rows.map { Int64(vector.load($0, Int16.self)) }
        case .uint16: return rows.map { Int64(vector.load($0, UInt16.self)) }
        case .int32: return rows.map { Int64(vector.load($0, Int32.self)) }
        case .uint32: return rows.map { Int64(vector.load($0, UInt32.self)) }
        case .int64: return rows.map { vector.load($0, Int64.self) }
        case .float:
            return rows.map {
                rank(Double(Float(bitPattern: vector.load($0, UInt32.self))))
            }
        case .double: return rows.map { rank(Double(bitPattern: vector.load($0, UInt64.self))) }
        case .symbol:
            let strings = vector.dictionary?.strings ?? []
            let order = strings.indices.sorted {
                strings[$0].utf8.lexicographicallyPrecedes(strings[$1].utf8)
            }
            var ranks = [Int64](repeating: 0, count: strings.count)
            for (rank, code) in order.enumerated() { ranks[code] = Int64(rank) }
            return rows.map {
                let code = Int(vector.load($0, UInt32.self))
                return code < ranks.count ? ranks[code] : 0
            }
        case .text, .bytes: return try textRanks(vector, cancellation)
        case .uuid: return try uuidRanks(vector, cancellation)
        case .int128:
            let units = rows.map { vector.load($0, Int128.self) }
            return try ranks(count: vector.count, cancellation) { left, right in
                units[left] == units[right] ? 0 : units[left] < units[right] ? -1 : 1
            }
        case .long256, .interval, .array:
            let values = rows.map { vector.value(at: $0) }
            return try ranks(count: vector.count, cancellation) { values[$0].order(values[$1]) }
        }
    }

    /// NaN above all numbers, -0 as 0.
    private static func rank(_ number: Double) -> Int64 {
        if number.isNaN { return .max }
        let bits = Int64(bitPattern: (number + 0).bitPattern)
        return bits < 0 ? Int64.min &- bits : bits
    }

    private static func textRanks(_ vector: ColumnVector, _ cancellation: CancellationFlag)
        throws(DatabaseError) -> [Int64]
    {
        let side = TextSide.vector(vector)
        func compare(_ left: Int, _ right: Int) -> Int {
            let (first, firstRange) = side.place(left)
            let (second, secondRange) = side.place(right)
            return Comparison.compareBytes(first.bytes, firstRange, second.bytes, secondRange)
        }
        return try ranks(count: vector.count, cancellation, compare)
    }

    private static func uuidRanks(_ vector: ColumnVector, _ cancellation: CancellationFlag)
        throws(DatabaseError) -> [Int64]
    {
        func parts(_ row: Int) -> (UInt64, UInt64) {
            (vector.load(2 * row, UInt64.self), vector.load(2 * row + 1, UInt64.self))
        }
        return try ranks(count: vector.count, cancellation) { left, right in
            parts(left) == parts(right) ? 0 : parts(left) < parts(right) ? -1 : 1
        }
    }

    private static func ranks(
        count: Int, _ cancellation: CancellationFlag, _ compare: (Int, Int) -> Int
    ) throws(DatabaseError) -> [Int64] {
        var order = Array(0..<count)
        try cancellation.sort(&order) { compare($0, $1) < 0 }
        var ranks = [Int64](repeating: 0, count: count)
        var rank: Int64 = 0
        for (index, row) in order.enumerated() {
            if index > 0, compare(order[index - 1], row) != 0 { rank += 1 }
            ranks[row] = rank
        }
        return ranks
    }
}
