import Diagnostics
import Synchronization
import Testing
import Values

@testable import Execution

/// Merging against sorting everything, and how little of a table is opened for its first rows.
@Suite struct TimeMergeTests {
    /// Rows (time, number) as they lie, and a count of how often they were asked for.
    private final class Source: RowSource {
        let rows: [(Int64, Int64)]
        let knowsBounds: Bool
        let isSorted: Bool
        let reads = Mutex(0)

        init(_ rows: [(Int64, Int64)], knowsBounds: Bool = true) {
            self.rows = rows
            self.knowsBounds = knowsBounds
            isSorted = zip(rows, rows.dropFirst()).allSatisfy { $0.0 <= $1.0 } && knowsBounds
        }

        var rowCount: Int { rows.count }
        var minTimestamp: Int64? { knowsBounds ? rows.map(\.0).min() : nil }
        var maxTimestamp: Int64? { knowsBounds ? rows.map(\.0).max() : nil }

        func batch(columns: [Int], rows range: Range<Int>) -> Batch {
            reads.withLock { $0 += 1 }
            let vectors = columns.map { column in
                var builder = ColumnBuilder(type: column == 0 ? .timestamp : .symbol)
                for row in rows[range] {
                    builder.append(column == 0 ? .timestamp(row.0) : .string("\(row.1)"))
                }
                return builder.makeVector()
            }
            return Batch(rowCount: range.count, columns: vectors)
        }
    }

    private func merged(_ sources: [Source], isDescending: Bool) throws -> [String] {
        var merge = TimeMerge(sources, columns: [1], timestamp: 0, isDescending: isDescending)
        var found: [String] = []
        while let batch = try merge.next() {
            for row in 0..<batch.rowCount {
                if case .string(let text) = batch.columns[0].value(at: row) { found.append(text) }
            }
        }
        return found
    }

    @Test("any sources give what a stable sort of all their rows gives", arguments: 0..<60)
    func againstSorting(seed: Int) throws {
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        func draw(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var number: Int64 = 0
        let span = [4, 30, 1_000][draw(3)]
        let sources = (0..<1 + draw(7)).map { _ in
            let begin = draw(span)
            var rows = (0..<draw(40)).map { _ in
                number += 1
                return (Int64(begin + draw(1 + span / (1 + draw(6)))), number)
            }
            if draw(2) == 0 { rows.sort { ($0.0, $0.1) < ($1.0, $1.1) } }
            return Source(rows, knowsBounds: draw(4) > 0)
        }
        let all = sources.flatMap(\.rows).enumerated().map {
            ($0.element.0, $0.offset, $0.element.1)
        }

        let ascending = all.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { "\($0.2)" }
        let descending = all.sorted { (-$0.0, $0.1) < (-$1.0, $1.1) }.map { "\($0.2)" }

        // Sorted rows of a source keep their order among ties; the order of numbers is the table's.
        #expect(try merged(sources, isDescending: false) == ascending)
        #expect(try merged(sources, isDescending: true) == descending)
    }

    @Test("sorting what lies unsorted in memory looks now and then whether it should go on")
    func cancel() throws {
        let count = 100_000
        let source = Source((0..<count).map { (Int64($0 * 7_919 % count), Int64($0 % 50)) })
        func merge(_ clock: CountingClock) throws {
            var merge = TimeMerge(
                [source], columns: [1], timestamp: 0, isDescending: false,
                cancellation: clock.makeFlag())
            while try merge.next() != nil {}
        }
        let whole = CountingClock()

        try merge(whole)
        let ended = CountingClock(endingAt: 3)
        let error = #expect(throws: DatabaseError.self) { try merge(ended) }

        // A sort of n numbers that lie anyhow takes more than 8 n comparisons.
        #expect(whole.count > 8 * count / Limits.comparisons)
        #expect(error?.state == .cancelled)
        #expect(ended.count <= 6)
    }

    @Test("the first rows of many sources that do not overlap are read from the first alone")
    func opensLittle() throws {
        let sources = (0..<50).map { place in
            Source((0..<10).map { (Int64(place * 10 + $0), Int64(place)) })
        }
        var merge = TimeMerge(sources, columns: [1], timestamp: 0, isDescending: false)

        let first = try merge.next()

        #expect(first?.rowCount == 10)
        #expect(sources.dropFirst(2).allSatisfy { $0.reads.withLock { $0 } == 0 })
    }
}
