import Catalog
import Diagnostics
import Planner
import Storage
import Values

/// A source without the stretches of rows that a filter does not want.
struct PrunedRows: RowSource {
    private let source: any RowSource
    /// The source's rows that are left: ascending, not empty, apart from each other.
    private let ranges: [Range<Int>]
    /// For each range the first of its rows as this source counts them; and the end.
    private let starts: [Int]

    private init(_ source: any RowSource, _ ranges: [Range<Int>]) {
        self.source = source
        self.ranges = ranges
        starts = ranges.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
    }

    /// The sources with rows that a filter may want, in their order.
    static func prune(_ sources: [any RowSource], by filter: BlockFilter?)
        throws(DatabaseError) -> [any RowSource]
    {
        guard let filter else { return sources }
        var found: [any RowSource] = []
        for source in sources {
            let ranges = try source.candidates(filter)
            if ranges.isEmpty { continue }
            let isWhole = ranges.count == 1 && ranges[0].count == source.rowCount
            found.append(isWhole ? source : PrunedRows(source, ranges))
        }
        return found
    }

    var rowCount: Int { starts.last ?? 0 }
    var minTimestamp: Int64? { source.minTimestamp }
    var maxTimestamp: Int64? { source.maxTimestamp }
    var isSorted: Bool { source.isSorted }
    var hasUniqueKeys: Bool { source.hasUniqueKeys }

    /// As many of some rows, from the first on, as lie together.
    func stretch(of rows: Range<Int>) -> Range<Int> {
        rows.lowerBound..<min(rows.upperBound, starts[place(of: rows.lowerBound) + 1])
    }

    func batch(columns: [Int], rows: Range<Int>) throws(DatabaseError) -> Batch {
        if rows.isEmpty { return try source.batch(columns: columns, rows: 0..<0) }
        var parts: [Batch] = []
        var row = rows.lowerBound
        while row < rows.upperBound {
            let piece = stretch(of: row..<rows.upperBound)
            let range = ranges[place(of: row)]
            let first = range.lowerBound + row - starts[place(of: row)]
            parts.append(try source.batch(columns: columns, rows: first..<first + piece.count))
            row = piece.upperBound
        }
        if parts.count == 1 { return parts[0] }
        return Selection.concatenate(parts, types: parts[0].columns.map(\.type))
    }

    /// The range that a row lies in.
    private func place(of row: Int) -> Int {
        var low = 0
        var high = ranges.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= row { low = middle } else { high = middle }
        }
        return low
    }
}

extension BlockFilter {
    /// What a filter over some columns of a table says; nil when there is nothing in it for
    /// statistics.
    init?(
        _ filter: BoundExpression?, of table: TableDefinition, columns: [Int],
        _ interpreter: Interpreter
    ) {
        guard let filter, let predicate = ScanPredicate(filter, columns: columns) else {
            return nil
        }
        self.init(Condition(predicate, interpreter), timestamp: table.timestampIndex)
    }
}

extension BlockFilter.Condition {
    /// Puts values in the place of what they are computed from.
    fileprivate init(_ predicate: ScanPredicate, _ interpreter: Interpreter) {
        switch predicate {
        case .isNull(let column): self = .isNull(column)
        case .isNotNull(let column): self = .isNotNull(column)
        case .all(let parts): self = .all(parts.map { Self($0, interpreter) })
        case .any(let parts): self = .any(parts.map { Self($0, interpreter) })
        case .comparison(let operand, let comparison, let expression):
            // What cannot be computed leaves nothing out; the filter itself will say why.
            switch try? interpreter.constant(expression) {
            case nil: self = .all([])
            case .null?: self = .never
            case let value?:
                self = .compare(
                    operand.column, stored: operand.stored, as: operand.compared,
                    BlockFilter.Comparison(comparison), value)
            }
        }
    }
}

extension BlockFilter.Comparison {
    fileprivate init(_ comparison: ScanPredicate.Comparison) {
        switch comparison {
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        }
    }
}
