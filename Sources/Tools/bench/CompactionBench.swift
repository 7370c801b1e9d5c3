import Bytes
import Catalog
import Diagnostics
import Platform
import Storage
import Values

/// A steady stream of rows of which every tenth is late, minutes to two days, and how many bytes
/// were written for each byte that came in.
struct CompactionBench {
    /// Flushes that fill a day, and days.
    private static let flushesPerDay = 24
    private static let days = 8
    private static let day: Int64 = 86_400_000_000

    private let root: String
    private let flushRows: Int
    private let platform: Platform

    /// - Parameter rows: of the whole stream.
    init(folder: String, rows: Int) {
        platform = .linux(log: SilentLog())
        root = "\(folder)/root-\(platform.chance.next())"
        flushRows = max(100, rows / (Self.flushesPerDay * Self.days))
    }

    /// Returns one JSON object: after the stream, and after the last rewriting of idle partitions.
    func run() throws(DatabaseError) -> [String] {
        try platform.files.makeDurableDirectory(root)
        var settings = StorageSettings()
        settings.flushRows = flushRows
        settings.segmentRows = flushRows
        settings.compaction.isEnabled = true
        let storage = try Storage.open(root: root, platform: platform, settings: settings)
        let table = try makeTable(storage)
        var random: UInt64 = 42
        for flush in 0..<Self.flushesPerDay * Self.days {
            let batch = makeBatch(flush, &random)
            _ = try storage.commit(
                Transaction(appends: [
                    Append(table: table, definitionVersion: 1, batch: batch)
                ]))
            try storage.flush(tables: [table])
        }
        var lines = [try line("compaction while streaming", storage, table)]
        try storage.compact()
        lines.append(try line("compaction when idle", storage, table))
        try storage.close()
        try platform.files.removeTree(root)
        return lines
    }

    private func makeTable(_ storage: Storage) throws(DatabaseError) -> UInt64 {
        let id = storage.reserveTableID()
        let definition = TableDefinition(
            id: id, name: "trades",
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                ColumnDefinition(id: 2, name: "sym", type: .symbol),
                ColumnDefinition(id: 3, name: "price", type: .double),
                ColumnDefinition(id: 4, name: "amount", type: .long),
            ], timestampIndex: 0, partitionUnit: .day)
        _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
        return id
    }

    private func makeBatch(_ flush: Int, _ random: inout UInt64) -> Batch {
        var timestamps = ColumnBuilder(type: .timestamp)
        var symbols = ColumnBuilder(type: .symbol)
        var prices = ColumnBuilder(type: .double)
        var amounts = ColumnBuilder(type: .long)
        let span = Self.day / Int64(Self.flushesPerDay)
        for row in 0..<flushRows {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let now = Int64(flush) * span + span * Int64(row) / Int64(flushRows)
            let draw = Int64(random >> 33)
            // Half of the late rows are up to an hour late, half up to two days.
            let reach = draw % 2 == 0 ? 3_600_000_000 : 2 * Self.day
            let late = draw % 10 == 0 ? Int64(random >> 20) % reach : 0
            timestamps.append(.timestamp(max(0, now - late)))
            symbols.append(.string("S\(row % 100)"))
            prices.append(.double(Double(draw % 100_000) / 7))
            amounts.append(.integer(draw))
        }
        return Batch(
            rowCount: flushRows,
            columns: [
                timestamps.makeVector(), symbols.makeVector(), prices.makeVector(),
                amounts.makeVector(),
            ])
    }

    private func line(_ name: String, _ storage: Storage, _ table: UInt64) throws(DatabaseError)
        -> String
    {
        let metrics = storage.metrics(of: table) ?? TableMetrics()
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        let numbers = [
            ("rows", metrics.rows), ("partitions", metrics.partitions),
            ("segments", metrics.segments),
            ("overlapping_segments", metrics.overlappingSegments),
            ("bytes_flushed", metrics.bytesFlushed), ("bytes_compacted", metrics.bytesCompacted),
        ]
        for (key, number) in numbers {
            writer.key(key)
            writer.integer(number)
        }
        writer.key("write_amplification")
        writer.double((metrics.writeAmplification * 1_000).rounded() / 1_000)
        writer.endObject()
        return String(decoding: writer.take(), as: UTF8.self)
    }
}
