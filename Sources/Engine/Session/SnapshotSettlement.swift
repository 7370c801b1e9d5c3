import Catalog
import Diagnostics
import Execution
import Storage
import Values

/// The stored rows that a transaction with a kept snapshot sees of a table it is about to rewrite.
///
/// UPDATE and DELETE exchange segments, but at the time of the snapshot some rows may have been in
/// memory. They are in segments by now, perhaps together with rows that came later and that the
/// transaction must neither see nor lose: such segments are split in two.
struct SettledRows: Sendable {
    /// Keeps the segments' files.
    let snapshot: Snapshot
    /// Segments with rows of the snapshot and no others.
    let segments: Set<String>
    /// Segments that are split into rows of the snapshot and rows that came later.
    var divided: [SegmentExchange] = []

    func shows(_ run: Run) -> Bool { run.segment.map { segments.contains($0.id) } ?? false }

    var written: [SegmentEntry] { divided.flatMap(\.added) }
}

/// Finds the segments of a table that hold the rows of an older snapshot.
///
/// Rows lie in segments by time, and of one time in the order of their commits: so of the rows of
/// one moment the snapshot's come first, and counting them is enough.
struct SnapshotSettlement {
    let storage: Storage
    let table: TableDefinition
    /// What the transaction sees.
    let kept: Snapshot
    let newest: Snapshot
    /// How many rows of the snapshot are still to be found, by their timestamps.
    private var wanted: [Int64: Int] = [:]

    init(_ storage: Storage, _ table: TableDefinition, kept: Snapshot, newest: Snapshot) {
        self.storage = storage
        self.table = table
        self.kept = kept
        self.newest = newest
    }

    /// - Requires: nobody has rewritten rows of the table since the snapshot.
    /// - Throws: 40001 when the rows cannot be told apart after all; no file stays behind then.
    mutating func run() throws(DatabaseError) -> SettledRows {
        guard let seen = kept.table(id: table.id), let stored = newest.table(id: table.id),
            seen.definition.version == stored.definition.version
        else { throw .concurrentChange(of: table.name) }
        let old = Set(seen.segments.map(\.id))
        let possible = stored.runs.compactMap { run in run.segment.map { ($0, run) } }
            .filter { $0.0.firstLSN <= kept.lsn }
        let whole = possible.filter { old.contains($0.0.id) || $0.0.lastLSN <= kept.lsn }
        let mixed = possible.filter { !old.contains($0.0.id) && $0.0.lastLSN > kept.lsn }
            .sorted { $0.0.firstLSN < $1.0.firstLSN }
        // Where later rows take the place of earlier ones, counting tells nothing.
        guard mixed.isEmpty || table.dedupKeys.isEmpty else {
            throw .concurrentChange(of: table.name)
        }
        let wholeIDs = Set(whole.map(\.0.id))
        for run in seen.runs where !(run.segment.map { wholeIDs.contains($0.id) } ?? false) {
            try count(run, by: 1)
        }
        for (segment, run) in whole where !old.contains(segment.id) { try count(run, by: -1) }
        var settled = SettledRows(snapshot: newest, segments: wholeIDs)
        do throws(DatabaseError) {
            for (segment, run) in mixed { try divide(segment, run, &settled) }
            guard wanted.values.allSatisfy({ $0 == 0 }) else {
                throw .concurrentChange(of: table.name)
            }
        } catch {
            storage.discardSegments(settled.written, of: table)
            throw error
        }
        return settled
    }

    private mutating func count(_ run: Run, by step: Int) throws(DatabaseError) {
        for time in try times(of: run) { wanted[time, default: 0] += step }
    }

    /// The designated timestamps of a run; of a table without time all rows are of one moment.
    private func times(of run: Run) throws(DatabaseError) -> [Int64] {
        guard let index = table.timestampIndex else {
            return [Int64](repeating: 0, count: run.rowCount)
        }
        let column = try run.batch(columns: [index], rows: 0..<run.rowCount).columns[0]
        return (0..<run.rowCount).map { column.load($0, Int64.self) }
    }

    private mutating func divide(
        _ segment: SegmentEntry, _ run: Run, _ settled: inout SettledRows
    ) throws(DatabaseError) {
        var seen: [Int32] = []
        var later: [Int32] = []
        for (row, time) in try times(of: run).enumerated() {
            if let rest = wanted[time], rest > 0 {
                wanted[time] = rest - 1
                seen.append(Int32(row))
            } else {
                later.append(Int32(row))
            }
        }
        if seen.isEmpty { return }
        let all = try run.batch(
            columns: Array(table.columns.indices), rows: 0..<run.rowCount)
        var exchange = SegmentExchange(removed: segment.id, seen: [])
        exchange.seen = try storage.writeSegments(
            [all.rows(at: seen)], of: table, firstLSN: segment.firstLSN, lastLSN: kept.lsn)
        settled.divided.append(exchange)
        if later.isEmpty { return }
        settled.divided[settled.divided.count - 1].later = try storage.writeSegments(
            [all.rows(at: later)], of: table, firstLSN: LSN(kept.lsn.value + 1),
            lastLSN: segment.lastLSN)
    }
}
