import Backup
import Catalog
import Diagnostics
import Storage
import Values

/// Appends rows in batches, flushes, scans and backs up, each timed alone.
struct StorageBench {
    private static let batchRows = 50_000

    let root: BenchRoot
    let rows: Int

    /// Returns one JSON object per measurement.
    func run() throws(DatabaseError) -> [String] {
        try root.use(StorageSettings()) { (storage) throws(DatabaseError) in try run(on: storage) }
    }

    private func run(on storage: Storage) throws(DatabaseError) -> [String] {
        let table = try makeTable(storage)
        let batches = makeBatches()
        let service = BackupService(
            storage: storage, platform: root.platform, settings: BackupSettings(root: root.path))
        var lines: [String] = []
        lines.append(
            try measure("append") { () throws(DatabaseError) in
                for batch in batches { try storage.append(batch, to: table.id) }
            })
        lines.append(try measure("flush") { () throws(DatabaseError) in try storage.flush() })
        lines.append(
            try measure("scan first touch") { () throws(DatabaseError) in try scan(storage) })
        lines.append(try measure("scan") { () throws(DatabaseError) in try scan(storage) })
        lines.append(
            try measure("backup full") { () throws(DatabaseError) in
                _ = try service.backup(BackupRequest(scope: .database))
            })
        lines.append(
            try measure("backup incremental") { () throws(DatabaseError) in
                _ = try service.backup(
                    BackupRequest(scope: .database, kind: .incremental(from: nil)))
            })
        return lines
    }

    private func makeTable(_ storage: Storage) throws(DatabaseError) -> TableDefinition {
        let definition = TableDefinition(
            id: storage.reserveTableID(), name: "trades",
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                ColumnDefinition(id: 2, name: "sym", type: .symbol),
                ColumnDefinition(id: 3, name: "price", type: .double),
                ColumnDefinition(id: 4, name: "amount", type: .long),
            ], timestampIndex: 0, partitionUnit: .day)
        _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
        return definition
    }

    /// Rows 50 ms apart, so that 1.7 million make a day.
    private func makeBatches() -> [Batch] {
        stride(from: 0, to: rows, by: Self.batchRows).map { begin in
            let end = min(rows, begin + Self.batchRows)
            var timestamps = ColumnBuilder(type: .timestamp)
            var symbols = ColumnBuilder(type: .symbol)
            var prices = ColumnBuilder(type: .double)
            var amounts = ColumnBuilder(type: .long)
            for row in begin..<end {
                timestamps.append(.timestamp(Int64(row) * 50_000))
                symbols.append(.string("S\(row % 100)"))
                prices.append(.double(Double(row % 1_000) / 7))
                amounts.append(.integer(Int64(row)))
            }
            return Batch(
                rowCount: end - begin,
                columns: [
                    timestamps.makeVector(), symbols.makeVector(), prices.makeVector(),
                    amounts.makeVector(),
                ])
        }
    }

    /// Sums a column of every run, which also checks that all rows are there.
    private func scan(_ storage: Storage) throws(DatabaseError) {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        var sum: Int64 = 0
        for table in snapshot.tables {
            for run in table.runs {
                let batch = try run.batch(columns: [3], rows: 0..<run.rowCount)
                for row in 0..<batch.rowCount { sum &+= batch.columns[0].load(row, Int64.self) }
            }
        }
        let last = Int64(rows)
        precondition(sum == last * (last - 1) / 2, "a scan sees every row once")
    }

    private func measure(_ name: String, _ body: () throws(DatabaseError) -> Void)
        throws(DatabaseError) -> String
    {
        let nanoseconds = try root.time(body)
        var measurement = Measurement(name)
        measurement.add("rows", rows)
        measurement.add(milliseconds: nanoseconds)
        measurement.add(rowsPerSecondOf: rows, in: nanoseconds)
        return measurement.line
    }
}
