import Diagnostics
import Platform
import Synchronization
import Testing
import Values

@testable import Execution

/// Counts how often it is asked for the time: as often as a query looks whether it should go on. At
/// one of these times the hour has come.
final class CountingClock: WorldClock {
    private let asked = Atomic<Int>(0)
    private let last: Int

    init(endingAt last: Int = .max) { self.last = last }

    var count: Int { asked.load(ordering: .relaxed) }
    func now() -> Int64 { 0 }
    func wait(nanoseconds: UInt64) {}
    func monotonicNanoseconds() -> UInt64 {
        let number = asked.wrappingAdd(1, ordering: .relaxed).newValue
        return number > last ? .max : 0
    }

    func makeFlag() -> CancellationFlag {
        let flag = CancellationFlag(clock: self)
        flag.extend(timeoutMilliseconds: 1000)
        return flag
    }
}

extension Runs {
    /// How often a query looks whether it should go on.
    func checks(of text: String) throws -> Int {
        let clock = CountingClock()
        let cursor = try cursor(text, memoryBytes: 1 << 30, cancellation: clock.makeFlag())
        while try cursor.next() != nil {}
        return clock.count
    }

    /// The error of a query whose time is up at one of its looks, and how many it took after all.
    func ending(_ text: String, at check: Int) -> (error: DatabaseError?, checks: Int) {
        let clock = CountingClock(endingAt: check)
        do {
            let cursor = try cursor(text, memoryBytes: 1 << 30, cancellation: clock.makeFlag())
            while try cursor.next() != nil {}
            return (nil, clock.count)
        } catch {
            return (error as? DatabaseError, clock.count)
        }
    }
}

@Suite("JoinOperator")
struct JoinOperatorTests {
    private static let numbers = (0..<1_200).map { Int64($0 * 7 % 1_200) }

    @Test(
        "a join looks after so many pairs whether it should go on, and ends there",
        arguments: [
            "SELECT count(*) FROM t a CROSS JOIN t b",
            "SELECT count(*) FROM t a JOIN t b ON a.a % 1 = b.a % 1",
            "SELECT count(*) FROM t a LEFT JOIN t b ON a.a > b.a",
            "SELECT a.a FROM t a CROSS JOIN t b ORDER BY a.a LIMIT 3",
        ])
    func cancel(text: String) throws {
        let table = Runs(runs: [.init(numbers: Self.numbers)])
        let pairs = Self.numbers.count * Self.numbers.count

        // One row of the left side goes over the measure at most.
        #expect(try table.checks(of: text) >= pairs / (Limits.joinPairs + 1_200))
        let (error, checks) = table.ending(text, at: 12)
        #expect(error?.state == .cancelled)
        #expect(checks <= 15)
    }

    @Test("a join that is cut into pieces gives every pair once")
    func pieces() throws {
        let table = Runs(
            runs: [.init(numbers: Self.numbers), .init(numbers: [-1, -1, 1_200])])

        let cross = try table.rows("SELECT count(*) FROM t a CROSS JOIN t b")
        let equal = try table.rows("SELECT count(*) FROM t a JOIN t b ON a.a = b.a")
        let half = try table.rows("SELECT count(*) FROM t a JOIN t b ON a.a % 2 = b.a % 2")
        let outer = try table.rows(
            "SELECT count(*) FROM t a LEFT JOIN t b ON a.a = b.a + 1198 AND b.a >= 0")
        let lonely = try table.rows(
            "SELECT count(*) FROM t a LEFT JOIN t b ON a.a = b.a + 1198 AND b.a >= 0 WHERE b.a IS NULL"
        )

        #expect(cross == [.integer(1_447_209)])
        #expect(equal == [.integer(1_205)])
        #expect(half == [.integer(721_205)])
        #expect(outer == [.integer(1_203)])
        #expect(lonely == [.integer(1_200)])
    }

    @Test("a join with keys needs no memory for all its pairs at a time")
    func memory() throws {
        let table = Runs(runs: [.init(numbers: Self.numbers)])

        let count = try table.rows(
            "SELECT count(*) FROM t a JOIN t b ON a.a % 1 = b.a % 1", memoryBytes: 4 << 20)

        #expect(count == [.integer(1_440_000)])
    }
}
