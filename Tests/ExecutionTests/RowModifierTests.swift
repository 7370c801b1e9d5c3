import Catalog
import Diagnostics
import Planner
import SQL
import Testing
import Values

@testable import Execution

@Suite("RowModifier")
struct RowModifierTests {
    private let table = Runs(runs: [])

    /// What a statement makes of a run: nil when it stays as it is.
    private func modify(
        _ text: String, _ numbers: [Int64], memoryBytes: Int = 64 << 20,
        cancellation: CancellationFlag = CancellationFlag()
    ) throws -> (hits: Int, rest: [Value])? {
        var binder = Binder(relations: table)
        let statement = try #require(try Parser.parse(text).first?.statement)
        let modifier = RowModifier(
            try binder.bindModification(statement),
            ExecutionContext(
                tables: table, cancellation: cancellation, memoryBytes: memoryBytes))
        switch try modifier.modify(Runs.Run(numbers: numbers)) {
        case .untouched: return nil
        case .changed(let hits, let rest, _):
            return (hits, (0..<rest.rowCount).map { rest.columns[0].value(at: $0) })
        }
    }

    private func integers(_ numbers: [Int64]) -> [Value] { numbers.map { .integer($0) } }

    @Test("a run without a row that is meant stays as it is")
    func untouched() throws {
        #expect(try modify("UPDATE t SET a = 0 WHERE a > 5", [1, 2, 3]) == nil)
        #expect(try modify("DELETE FROM t WHERE a IS NULL", [1, 2, 3]) == nil)
        #expect(try modify("DELETE FROM t", []) == nil)
    }

    @Test("rows that are meant change and the others keep their values and places")
    func changed() throws {
        let found = try #require(try modify("UPDATE t SET a = -a WHERE a % 2 = 0", [1, 2, 3, 4]))

        #expect(found.hits == 2)
        #expect(found.rest == integers([1, -2, 3, -4]))
    }

    @Test("a run longer than a batch is one run afterwards")
    func long() throws {
        let numbers = (0..<Int64(3 * Limits.batchRows + 7)).map { $0 }

        let updated = try #require(
            try modify("UPDATE t SET a = 0 WHERE a >= \(Limits.batchRows - 1)", numbers))
        let deleted = try #require(try modify("DELETE FROM t WHERE a % 3 <> 0", numbers))

        #expect(updated.hits == numbers.count - Limits.batchRows + 1)
        #expect(
            updated.rest == integers(numbers.map { $0 >= Int64(Limits.batchRows - 1) ? 0 : $0 }))
        #expect(deleted.rest == integers(numbers.filter { $0 % 3 == 0 }))
    }

    @Test("when every row goes nothing is left")
    func all() throws {
        #expect(try #require(try modify("DELETE FROM t", [1, 2])).rest == [])
        #expect(try #require(try modify("DELETE FROM t WHERE a < 9", [1, 2])).rest == [])
    }

    @Test("a cancelled statement ends, and one that needs too much memory too")
    func limits() {
        let cancelled = CancellationFlag()
        cancelled.cancel()
        let numbers = (0..<Int64(20_000)).map { $0 }

        let first = #expect(throws: DatabaseError.self) {
            _ = try modify("DELETE FROM t", [1], cancellation: cancelled)
        }
        let second = #expect(throws: DatabaseError.self) {
            _ = try modify("UPDATE t SET a = a + 1 WHERE a > 3", numbers, memoryBytes: 50_000)
        }

        #expect(first?.state == .cancelled)
        #expect(second?.state == .outOfMemory)
    }
}
