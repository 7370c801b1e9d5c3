import Bytes
import Catalog
import Testing
import Values

@testable import Storage

@Suite struct SortedRowsTests {
    private let definition = TradesTable.definition(id: 1)

    private func rows(_ batch: Batch) -> [[Value]] {
        (0..<batch.rowCount).map { row in batch.columns.map { $0.value(at: row) } }
    }

    @Test("rows of several batches come out in the order of their timestamps, ties as they came")
    func sorting() {
        var random = SeededNumbers(seed: 3)
        var expected: [(time: Int64, row: [Value])] = []
        var batches: [Batch] = []
        for part in 0..<7 {
            let numbers = (0..<Int64(part * 31)).map { Int64(part) * 1_000 + $0 }
            var times: [Int64: Int64] = [:]
            for number in numbers { times[number] = Int64(random.next() % 50) - 25 }
            batches.append(TradesTable.batch(numbers) { times[$0] ?? 0 })
            expected += numbers.map {
                (times[$0] ?? 0, TradesTable.row($0, time: times[$0] ?? 0))
            }
        }
        let order = expected.indices.sorted {
            (expected[$0].time, $0) < (expected[$1].time, $1)
        }

        let sorted = SortedRows(batches, definition: definition)

        #expect(sorted.rowCount == expected.count)
        #expect(rows(sorted.batch(0..<sorted.rowCount)) == order.map { expected[$0].row })
        #expect(rows(sorted.batch(100..<333)) == order[100..<333].map { expected[$0].row })
    }

    @Test("rows that came in order are cut at any place", arguments: [1, 8, 100])
    func inOrder(batchRows: Int64) {
        let batches = stride(from: Int64(0), to: 200, by: Int64.Stride(batchRows)).map {
            TradesTable.batch($0..<min($0 + batchRows, 200))
        }
        let expected = (0..<Int64(200)).map { TradesTable.row($0, time: $0 * 1_000_000) }

        let sorted = SortedRows(batches, definition: definition)

        for range in [0..<200, 0..<1, 13..<14, 7..<150, 96..<104] {
            #expect(rows(sorted.batch(range)) == Array(expected[range]))
        }
        #expect(sorted.end(from: 0, notAfter: 99_000_000) == 100)
        #expect(sorted.end(from: 150, notAfter: .max) == 200)
    }

    @Test("far and negative timestamps are sorted too")
    func extremes() {
        let times: [Int64] = [5, .max, -1, .min, 0, .max - 1, .min + 1, 1 << 40]
        let batch = TradesTable.batch(0..<8) { times[Int($0)] }

        let sorted = SortedRows([batch], definition: definition)

        #expect((0..<8).map { sorted.timestamp(at: $0) } == times.sorted())
    }

    @Test("a cut by bytes leaves one row at least")
    func cutByBytes() {
        let sorted = SortedRows([TradesTable.batch(0..<50)], definition: definition)

        #expect(sorted.cut(3..<50, toBytes: 1) == 4)
        #expect(sorted.cut(0..<50, toBytes: 1 << 20) == 50)
        let some = sorted.cut(0..<50, toBytes: 1_000)
        #expect(some > 1 && some < 50)
    }
}
