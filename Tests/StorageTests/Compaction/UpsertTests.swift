import Catalog
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

/// A table with upsert keys against a dictionary: random upserts, late rows, flushes, bulk loads,
/// compaction and restarts.
@Suite struct UpsertTests {
    private static func definition(_ id: UInt64) -> TableDefinition {
        TableDefinition(
            id: id, name: "u",
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp, isNullable: false),
                ColumnDefinition(id: 2, name: "key", type: .symbol),
                ColumnDefinition(id: 3, name: "number", type: .long),
                ColumnDefinition(id: 4, name: "note", type: .varchar),
            ], timestampIndex: 0, partitionUnit: .day, dedupKeys: [1, 2])
    }

    private static func batch(_ rows: [(Int64, String, Int64)]) -> Batch {
        var builders = [ValueType.timestamp, .symbol, .long, .varchar].map {
            ColumnBuilder(type: $0)
        }
        for row in rows {
            builders[0].append(.timestamp(row.0 * 7_200_000_000))
            builders[1].append(.string(row.1))
            builders[2].append(.integer(row.2))
            builders[3].append(.string("n\(row.2)"))
        }
        return Batch(rowCount: rows.count, columns: builders.map { $0.makeVector() })
    }

    /// Key to number of the rows that are not hidden; nil when a key is there twice.
    private static func visible(_ view: TableView) throws -> [String: Int64]? {
        let resolution = try #require(UpsertResolution(view.definition))
        let runs = view.runs
        let inputs = runs.map { run in
            UpsertResolution.Input(
                rowCount: run.rowCount, minTimestamp: run.minTimestamp,
                maxTimestamp: run.maxTimestamp, isSorted: run.isSorted,
                isUnique: run.segment != nil
            ) { (columns, rows) throws(DatabaseError) in
                try run.batch(columns: columns, rows: rows)
            }
        }
        var found: [String: Int64] = [:]
        for (run, hidden) in zip(runs, try resolution.hiddenRows(of: inputs)) {
            let batch = try run.batch(columns: [0, 1, 2, 3], rows: 0..<run.rowCount)
            for row in 0..<batch.rowCount where !hidden.contains(Int32(row)) {
                let values = batch.columns.map { $0.value(at: row) }
                guard case .timestamp(let time) = values[0], case .string(let key) = values[1],
                    case .integer(let number) = values[2], values[3] == .string("n\(number)"),
                    found.updateValue(number, forKey: "\(time / 7_200_000_000) \(key)") == nil
                else { return nil }
            }
        }
        return found
    }

    @Test("each key has the row of the last commit, whatever happened between", arguments: 0..<12)
    func againstDictionary(seed: Int) throws {
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        func draw(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        let world = SimulatedPlatform(seed: UInt64(seed))
        var settings = StorageSettings()
        settings.segmentRows = 16
        settings.compaction.isEnabled = seed % 3 == 0
        var storage = try Storage.open(root: "/root", platform: world.platform, settings: settings)
        let id = storage.reserveTableID()
        let definition = Self.definition(id)
        _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
        var expected: [String: Int64] = [:]
        var number: Int64 = 0
        for _ in 0..<60 {
            let rows = (0..<1 + draw(12)).map { _ in
                number += 1
                let row = (Int64(draw(30)), "k\(draw(3))", number)
                expected["\(row.0) \(row.1)"] = number
                return row
            }
            if draw(5) == 0 {
                // Ready-made segments, beside rows that are still in memory.
                let added = try storage.writeSegments([Self.batch(rows)], of: definition)
                let edit = SegmentReplacement(
                    table: id, definitionVersion: 1, removed: [], added: added)
                _ = try storage.commit(Transaction(edits: [.replaceSegments(edit)]))
            } else {
                let append = Append(table: id, definitionVersion: 1, batch: Self.batch(rows))
                _ = try storage.commit(Transaction(appends: [append]))
            }
            switch draw(8) {
            case 0, 1: try storage.flush()
            case 2: try storage.compact()
            case 3: try storage.compact(isThorough: true)
            case 4:
                try storage.close()
                storage = try Storage.open(
                    root: "/root", platform: world.platform, settings: settings)
            default: break
            }
            let view = try #require(storage.snapshot().table(id: id))
            #expect(try Self.visible(view) == expected)
        }
        try storage.flush()
        try storage.compact(isThorough: true)

        let metrics = try #require(storage.metrics(of: id))

        #expect(metrics.rows == expected.count)
        #expect(metrics.overlappingSegments == 0)
        try storage.close()
    }
}
