import Diagnostics
import Catalog
import Testing
import Values

@testable import Storage

/// Which rows are hidden, against a dictionary of keys.
@Suite struct UpsertResolutionTests {
    private static let definition = TableDefinition(
        id: 1, name: "u",
        columns: [
            ColumnDefinition(id: 1, name: "ts", type: .timestamp, isNullable: false),
            ColumnDefinition(id: 2, name: "key", type: .symbol),
            ColumnDefinition(id: 3, name: "number", type: .long),
        ], timestampIndex: 0, partitionUnit: .day, dedupKeys: [1, 2])

    private static func batch(_ rows: [(Int64, String?, Int64)]) -> Batch {
        var times = ColumnBuilder(type: .timestamp)
        var keys = ColumnBuilder(type: .symbol)
        var numbers = ColumnBuilder(type: .long)
        for row in rows {
            times.append(.timestamp(row.0))
            keys.append(row.1.map { .string($0) } ?? .null)
            numbers.append(.integer(row.2))
        }
        return Batch(
            rowCount: rows.count,
            columns: [times.makeVector(), keys.makeVector(), numbers.makeVector()])
    }

    private static func numbers(_ batches: [Batch]) -> [Int64] {
        batches.flatMap { batch in
            (0..<batch.rowCount).compactMap { row in
                if case .integer(let number) = batch.columns[2].value(at: row) {
                    number
                } else {
                    nil
                }
            }
        }
    }

    @Test("the last row of each key stays, wherever the rows lie", arguments: 0..<60)
    func againstDictionary(seed: Int) throws {
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        func draw(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var number: Int64 = 0
        var last: [String: Int64] = [:]
        let span = [3, 20, 400][draw(3)]
        let batches = (0..<1 + draw(6)).map { _ in
            Self.batch(
                (0..<draw(60)).map { _ in
                    number += 1
                    let row = (Int64(draw(span)), draw(5) == 0 ? nil : "k\(draw(4))", number)
                    last["\(row.0) \(row.1 ?? "-")"] = number
                    return row
                })
        }
        let resolution = try #require(UpsertResolution(Self.definition))

        let visible = try resolution.visibleRows(of: batches)

        #expect(Self.numbers(visible).sorted() == last.values.sorted())
    }

    @Test("an input whose keys are unique is read only where others overlap it")
    func skips() throws {
        let resolution = try #require(UpsertResolution(Self.definition))
        var keyReads = 0
        let inputs = [0, 1_000].map { (begin: Int64) in
            let batch = Self.batch((0..<100).map { (begin + $0, "k", $0) })
            return UpsertResolution.Input(
                rowCount: 100, minTimestamp: begin, maxTimestamp: begin + 99, isSorted: true,
                isUnique: true
            ) { columns, rows in
                keyReads += 1
                return Batch(rowCount: 100, columns: columns.map { batch.columns[$0] })
                    .taking(rows)
            }
        }

        let hidden = try resolution.hiddenRows(of: inputs)

        #expect(hidden == [[], []])
        #expect(keyReads == 0)
    }

    @Test("a search among many moments asks whether it should go on, and ends when it should not")
    func cancelled() throws {
        let resolution = try #require(UpsertResolution(Self.definition))
        let batch = Self.batch((0..<200_000).map { ($0, "k", $0) })
        let inputs = [0, 1].map { _ in
            UpsertResolution.Input(
                rowCount: 200_000, minTimestamp: 0, maxTimestamp: 199_999, isSorted: true,
                isUnique: true
            ) { columns, rows in
                Batch(rowCount: 200_000, columns: columns.map { batch.columns[$0] }).taking(rows)
            }
        }
        var asked = 0

        let error = failure {
            _ = try resolution.hiddenRows(of: inputs) { () throws(DatabaseError) in
                asked += 1
                if asked == 4 { throw DatabaseError(.cancelled, "enough") }
            }
        }

        #expect(error?.state == .cancelled)
        #expect(asked == 4)
    }

    @Test("a table without keys has no resolution")
    func withoutKeys() {
        #expect(UpsertResolution(TradesTable.definition(id: 1)) == nil)
    }
}
