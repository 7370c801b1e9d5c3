import Diagnostics
import Testing

@testable import Execution

@Suite("SortOperator")
struct SortOperatorTests {
    @Test(
        "a sort looks after so many comparisons whether it should go on, and ends there",
        arguments: [
            "SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a::varchar",
            "SELECT a FROM t ORDER BY a DESC LIMIT 100000",
        ])
    func cancel(text: String) throws {
        let count = 100_000
        let table = Runs(
            runs: [.init(numbers: (0..<count).map { Int64($0 * 7_919 % count) })])
        let batches = count / Limits.batchRows + 1

        // A sort of n numbers that lie anyhow takes more than 8 n comparisons.
        let checks = try table.checks(of: text)
        #expect(checks > 2 * batches + 8 * count / Limits.comparisons)
        let (error, ended) = table.ending(text, at: 2 * batches + 6)
        #expect(error?.state == .cancelled)
        #expect(ended <= 2 * batches + 10)
    }
}
