import Diagnostics
import Planner
import Testing
import Values

@testable import Execution

extension Allowance {
    /// Enough for everything that a test makes.
    static var ample: Allowance { Allowance(MemoryBudget(1 << 30), CancellationFlag()) }
}

@Suite("TextFunction")
struct TextFunctionTests {
    private func text(_ function: ScalarFunction, _ values: Value..., in allowance: Allowance)
        throws(DatabaseError) -> Value
    {
        try RowFunction.apply(.function(function), values, .varchar, allowance)
    }

    @Test(
        "strpos finds what comes behind a beginning of itself",
        arguments: [
            ("aaab", "aab", 2), ("abcabcabd", "abcabd", 4), ("zoë", "ë", 3), ("ëëb", "b", 3),
            ("abc", "", 1), ("", "", 1), ("ab", "abc", 0), ("ababac", "abac", 3),
        ])
    func position(text: String, wanted: String, place: Int64) throws {
        let found = try self.text(.strpos, .string(text), .string(wanted), in: .ample)

        #expect(found == .integer(place))
    }

    @Test(
        "replace takes each occurrence once, from the left",
        arguments: [
            ("aaaa", "aa", "b", "bb"), ("aaa", "aa", "b", "ba"), ("abc", "", "x", "abc"),
            ("abc", "d", "x", "abc"), ("aëa", "ë", "", "aa"), ("aba", "a", "ab", "abbab"),
        ])
    func replace(text: String, from: String, to: String, expected: String) throws {
        let made = try self.text(
            .replace, .string(text), .string(from), .string(to), in: .ample)

        #expect(made == .string(expected))
    }

    @Test("long strings change their letters stretch by stretch")
    func letters() throws {
        let text = String(repeating: "aÉß", count: Limits.searchMask)

        let lower = try self.text(.lower, .string(text), in: .ample)
        let upper = try self.text(.upper, .string(text), in: .ample)

        #expect(lower == .string(text.lowercased()))
        #expect(upper == .string(text.uppercased()))
    }

    @Test("a string that the statement has no memory for is refused before it is made")
    func budget() {
        let small = Allowance(MemoryBudget(100_000), CancellationFlag())
        let text = Value.string(String(repeating: "a", count: 1_000))

        let error = #expect(throws: DatabaseError.self) {
            _ = try self.text(.replace, text, .string("a"), text, in: small)
        }
        let joined = #expect(throws: DatabaseError.self) {
            let many = [Value](repeating: text, count: 101)
            _ = try RowFunction.apply(.function(.concat), many, .varchar, small)
        }

        let mapped = #expect(throws: DatabaseError.self) {
            let long = Value.string(String(repeating: "a", count: 200_000))
            _ = try self.text(.lower, long, in: small)
        }
        let searched = #expect(throws: DatabaseError.self) {
            // Four bytes for each of the pattern.
            _ = try TextSearch([UInt8](repeating: 0x61, count: 50_000), small)
        }

        #expect(error?.state == .outOfMemory)
        #expect(joined?.state == .outOfMemory)
        #expect(mapped?.state == .outOfMemory)
        #expect(searched?.state == .outOfMemory)
    }

    @Test("a string above the limit of one value is refused whatever memory there is")
    func limit() {
        let vast = Allowance(MemoryBudget(.max), CancellationFlag())
        let text = Value.string(String(repeating: "a", count: 40_000))

        let error = #expect(throws: DatabaseError.self) {
            _ = try self.text(.replace, text, .string("a"), text, in: vast)
        }

        #expect(error?.state == .limitExceeded)
    }

    @Test(
        "a search looks after so many bytes whether it should go on, and ends there",
        arguments: [
            Operation.function(.strpos), .function(.replace), .function(.lower),
            .function(.upper), .concatenate,
        ])
    func cancel(operation: Operation) {
        let clock = CountingClock(endingAt: 2)
        let allowance = Allowance(MemoryBudget(1 << 30), clock.makeFlag())
        let text = String(repeating: "a", count: 3 * Limits.workUnits)
        let wanted = String(repeating: "a", count: 1_000) + "b"
        let values: [Value] =
            operation == .concatenate
            ? [.string(text + text), .string(text)]
            : [.string(text), .string(wanted), .string("")]

        // One look sets the end, one goes on, one ends, and one says why.
        let error = #expect(throws: DatabaseError.self) {
            for _ in 0..<3 {
                _ = try RowFunction.apply(operation, values, .varchar, allowance)
            }
        }

        #expect(error?.state == .cancelled)
        #expect(clock.count == 4)
    }

    private func cancelled(_ body: (Allowance) throws -> Void) -> Bool {
        let clock = CountingClock(endingAt: 1)
        do {
            try body(Allowance(MemoryBudget(1 << 30), clock.makeFlag()))
            return false
        } catch {
            return (error as? DatabaseError)?.state == .cancelled
        }
    }

    @Test("each part of the work is counted by itself")
    func parts() throws {
        let few = Value.string(String(repeating: "a", count: 1_000))
        let much = Value.string(String(repeating: "b", count: 1_000))
        let long = String(repeating: "a", count: Limits.workUnits + 1)

        // What is put in, where little is searched.
        #expect(cancelled { _ = try text(.replace, few, .string("a"), much, in: $0) })
        // The table of a pattern.
        #expect(cancelled { _ = try TextSearch(Array((long + long).utf8), $0) })
        // A text whose first letter decides.
        #expect(
            cancelled {
                let pattern = try LikePattern("b%", escape: nil, ignoringCase: false, $0)
                _ = try pattern.matches(long, $0)
            })
    }

    @Test("LIKE with a piece that has to be tried everywhere counts what it tries")
    func like() throws {
        let clock = CountingClock(endingAt: 2)
        let allowance = Allowance(MemoryBudget(1 << 30), clock.makeFlag())
        let pattern = "%" + String(repeating: "a", count: 2_000) + "_b%"
        let matcher = try LikePattern(pattern, escape: nil, ignoringCase: false, allowance)

        let error = #expect(throws: DatabaseError.self) {
            _ = try matcher.matches(String(repeating: "a", count: 4_000), allowance)
        }

        #expect(error?.state == .cancelled)
        #expect(clock.count == 4)
    }
}

@Suite("Allowance")
struct AllowanceTests {
    private let table = Runs(
        runs: [Runs.Run(numbers: (0..<1_000).map { $0 }), Runs.Run(numbers: [1, 2, 3])])

    @Test("what a batch took is given back before the next one")
    func givenBack() throws {
        // A thousand rows of 3 and 13 bytes; both runs together would be too much.
        let numbers = (0..<1_000).map { Int64($0) }
        let table = Runs(runs: [Runs.Run(numbers: numbers), Runs.Run(numbers: numbers)])
        let text = "SELECT a::varchar || '0123456789' FROM t"

        #expect(try table.rows(text, memoryBytes: 24_000).count == 2_000)
    }

    @Test("a symbol's string is charged for each row that it becomes text in")
    func symbols() throws {
        let budget = MemoryBudget(100_000)
        let interpreter = Interpreter(parameters: [], Allowance(budget, CancellationFlag()))
        var builder = ColumnBuilder(type: .symbol)
        let text = Value.string(String(repeating: "s", count: 1_000))
        for _ in 0..<101 { builder.append(text) }
        let column = builder.makeVector()

        let error = #expect(throws: DatabaseError.self) {
            _ = try interpreter.cast(column, to: .varchar)
        }

        #expect(error?.state == .outOfMemory)
    }

    @Test(
        "a long string in many rows is refused before it is there",
        arguments: [
            "SELECT '\(String(repeating: "a", count: 1_000))' FROM t",
            "SELECT '\(String(repeating: "a", count: 1_000))' || a FROM t",
            "SELECT length(b.v) FROM (SELECT '\(String(repeating: "a", count: 1_000))' v) b "
                + "CROSS JOIN t",
            "SELECT nullif('\(String(repeating: "a", count: 1_000))', a::varchar) FROM t",
        ])
    func many(text: String) {
        let error = #expect(throws: DatabaseError.self) {
            _ = try table.rows(text, memoryBytes: 400_000)
        }

        #expect(error?.state == .outOfMemory)
    }
}
