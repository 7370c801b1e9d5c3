import Catalog
import Diagnostics
import Execution
import Storage
import Values

/// Runs an UPDATE or DELETE over everything a statement sees of a table, one segment at a time.
struct TableRewrite {
    let storage: Storage
    let table: TableDefinition
    let modifier: RowModifier
    let check: RowCheck?
    private(set) var rowCount = 0
    private(set) var exchanges: [SegmentExchange] = []
    /// The transaction's rows that are in no segment, as they are afterwards; nil when they stay.
    private(set) var batches: [Batch]?
    /// The rows meant, when the modifier keeps them.
    private(set) var returned: [Batch] = []
    private var folding = SegmentFolding()

    init(
        storage: Storage, table: TableDefinition, modifier: RowModifier, check: RowCheck? = nil
    ) {
        self.storage = storage
        self.table = table
        self.modifier = modifier
        self.check = check
    }

    var written: [SegmentEntry] { exchanges.flatMap(\.added) }

    /// Leaves no file behind when it fails.
    mutating func run(_ view: StatementView) throws(DatabaseError) {
        do throws(DatabaseError) {
            // What is in memory was committed after the flush: after this statement.
            let parts = try view.parts(of: table).filter { !$0.isInMemory }
            let visible = try VisibleRows.resolve(
                parts.map(\.source), of: table, view.cancellation)
            let alone = Self.alone(parts)
            // Others' rows that a kept snapshot does not see may lie between those that it sees.
            if view.changes[table.id]?.stored == nil { folding.allow(among: parts) }
            batches = view.changes[table.id]?.rows.batches
            var hiding: [Int] = []
            for (index, source) in visible.enumerated() {
                switch try modifier.modify(source) {
                case .untouched:
                    if source.rowCount < parts[index].source.rowCount { hiding.append(index) }
                case .changed(let hits, let rest, let gone):
                    if let gone { returned.append(gone) }
                    rowCount += hits
                    try check?.check(rest)
                    try put(rest, of: index, in: parts[index].place, alone)
                }
            }
            if rowCount == 0 { return }
            // A row that was hidden by one that is gone now would come back.
            for index in hiding {
                let source = visible[index]
                let rest = try source.batch(
                    columns: Array(table.columns.indices), rows: 0..<source.rowCount)
                try put(rest, of: index, in: parts[index].place, alone)
            }
            try writeFolded()
        } catch {
            storage.discardSegments(written, of: table)
            throw error
        }
    }

    /// Partitions with one segment.
    private static func alone(_ parts: [StatementView.Part]) -> Set<String> {
        var counts: [String: Int] = [:]
        for part in parts {
            switch part.place {
            case .stored(let segment?), .own(let segment):
                counts[segment.partition, default: 0] += 1
            case .stored(nil), .batch: break
            }
        }
        return Set(counts.filter { $0.value == 1 }.keys)
    }

    /// Puts the rows that are left of a part in its place.
    private mutating func put(
        _ rest: Batch, of index: Int, in place: StatementView.Part.Place, _ alone: Set<String>
    ) throws(DatabaseError) {
        switch place {
        case .stored(nil): break
        case .batch(let index): batches?[index] = rest
        case .stored(let segment?), .own(let segment):
            if folding.take(rest, of: index, segment) {
                if folding.isFull { try writeFolded() }
                return
            }
            var exchange = SegmentExchange(
                removed: segment.id, seen: [], isAlone: alone.contains(segment.partition))
            if rest.rowCount > 0 {
                exchange.seen = try storage.writeSegments(
                    [rest], of: table, firstLSN: segment.firstLSN, lastLSN: segment.lastLSN)
            }
            exchanges.append(exchange)
        }
    }

    /// Writes what waits: one new segment in the place of each group's first, none for the others.
    private mutating func writeFolded() throws(DatabaseError) {
        for group in folding.takeGroups() {
            let segments = group.map(\.segment)
            guard let first = segments.first else { continue }
            let written = try storage.writeSegments(
                group.map(\.rest), of: table,
                firstLSN: segments.map(\.firstLSN).min() ?? first.firstLSN,
                lastLSN: segments.map(\.lastLSN).max() ?? first.lastLSN)
            exchanges.append(SegmentExchange(removed: first.id, seen: written))
            exchanges += segments.dropFirst().map { SegmentExchange(removed: $0.id, seen: []) }
        }
    }
}

extension StatementView.Part {
    /// Whether its rows are committed and in no segment.
    fileprivate var isInMemory: Bool {
        if case .stored(nil) = place { true } else { false }
    }
}
