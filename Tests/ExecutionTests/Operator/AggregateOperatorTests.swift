import Diagnostics
import Testing
import Values

@testable import Execution

@Suite("AggregateOperator")
struct AggregateOperatorTests {
    private static let count = 60_000
    private let table = Runs(
        runs: [.init(numbers: (0..<Self.count).map { Int64($0 * 7_919 % Self.count) })])

    @Test(
        "results of many groups are made in pieces, and between two it looks whether to go on",
        arguments: [
            "SELECT a, count(*), sum(a) FROM t GROUP BY a",
            "SELECT a::varchar, max(a::varchar), avg(a) FROM t GROUP BY a::varchar",
        ])
    func cancel(text: String) throws {
        let batches = Self.count / Limits.batchRows + 1

        // For each batch of the input, for each result of each piece, for each batch that is given.
        let checks = try table.checks(of: text)
        #expect(checks >= 4 * batches - 2)
        let (error, ended) = table.ending(text, at: batches + 4)
        #expect(error?.state == .cancelled)
        #expect(ended <= batches + 8)
    }

    @Test("each group is given once, with its own results")
    func pieces() throws {
        let cursor = try table.cursor(
            "SELECT a, count(*), sum(a), min(a), avg(a) FROM t GROUP BY a", memoryBytes: 1 << 30)
        var seen: Set<Int64> = []
        while let batch = try cursor.next() {
            for row in 0..<batch.rowCount {
                let values = batch.columns.map { $0.value(at: row) }
                guard case .integer(let key) = values[0] else { continue }
                seen.insert(key)
                let expected: [Value] = [
                    .integer(key), .integer(1), .integer(key), .integer(key),
                    .double(Double(key)),
                ]
                if values != expected { Issue.record("\(values)") }
            }
        }
        #expect(seen.count == Self.count)
    }

    @Test("a sum that does not fit is told before any row is given")
    func overflow() throws {
        var numbers = (0..<Int64(20_000)).map { $0 }
        numbers += [.max, .max]
        let table = Runs(runs: [.init(numbers: numbers)])
        let cursor = try table.cursor("SELECT a, sum(a) FROM t GROUP BY a", memoryBytes: 1 << 30)

        let error = #expect(throws: DatabaseError.self) { try cursor.next() }

        #expect(error?.state == .numericOutOfRange)
    }
}
