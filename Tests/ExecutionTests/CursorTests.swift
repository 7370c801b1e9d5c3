import Catalog
import Diagnostics
import Planner
import SQL
import Storage
import Testing
import Values

@testable import Execution

/// A table `t (a LONG)` whose rows lie in several runs.
struct Runs: Relations, TableReader {
    struct Run: RowSource {
        let numbers: [Int64]
        var rowCount: Int { numbers.count }
        var minTimestamp: Int64? { nil }
        var maxTimestamp: Int64? { nil }

        func batch(columns: [Int], rows: Range<Int>) -> Batch {
            var builder = ColumnBuilder(type: .long)
            for number in numbers[rows] { builder.append(.integer(number)) }
            return Batch(
                rowCount: rows.count, columns: columns.map { _ in builder.makeVector() })
        }
    }

    let runs: [Run]
    let definition = TableDefinition(
        id: 1, name: "t", columns: [Catalog.ColumnDefinition(id: 1, name: "a", type: .long)],
        timestampIndex: nil, partitionUnit: .none)

    func table(schema: String?, name: String) -> TableDefinition? {
        name == "t" ? definition : nil
    }

    func systemRelation(schema: String?, name: String, isFunction: Bool)
        -> (any SystemRelation)?
    { nil }

    func sessionValue(_ function: String) -> (Value, ValueType)? { nil }

    func sources(of table: TableDefinition, for filter: BlockFilter?) -> [any RowSource] { runs }

    func cursor(
        _ text: String, memoryBytes: Int = 64 << 20, cancellation: CancellationFlag = .init()
    ) throws -> Cursor {
        var binder = Binder(relations: self)
        guard case .select(let query)? = try Parser.parse(text).first?.statement else {
            throw DatabaseError(.internalError, "not a query")
        }
        return try Cursor(
            try binder.bindQuery(query),
            ExecutionContext(
                tables: self, cancellation: cancellation, memoryBytes: memoryBytes))
    }

    func rows(_ text: String, memoryBytes: Int = 64 << 20) throws -> [Value] {
        let cursor = try cursor(text, memoryBytes: memoryBytes)
        var rows: [Value] = []
        while let batch = try cursor.next() {
            for row in 0..<batch.rowCount { rows.append(batch.columns[0].value(at: row)) }
        }
        return rows
    }
}

@Suite("Cursor")
struct CursorTests {
    private let table = Runs(
        runs: [
            .init(numbers: (0..<20_000).map { ($0 * 7919) % 20_000 }), .init(numbers: []),
            .init(numbers: [5, 5, -1]),
        ])

    @Test("runs are read one after the other")
    func scan() throws {
        #expect(try table.rows("SELECT count(*) FROM t") == [.integer(20_003)])
        #expect(try table.rows("SELECT sum(a) FROM t") == [.integer(199_990_000 + 9)])
        #expect(try table.rows("SELECT a FROM t WHERE a < 0") == [.integer(-1)])
    }

    @Test("sorting gives all rows in order, a top-N only the first")
    func sort() throws {
        let all = try table.rows("SELECT a FROM t ORDER BY a")

        #expect(all.count == 20_003)
        #expect(all.prefix(3) == [.integer(-1), .integer(0), .integer(1)])
        #expect(
            try table.rows("SELECT a FROM t ORDER BY a DESC LIMIT 2")
                == [.integer(19_999), .integer(19_998)])
        #expect(
            try table.rows("SELECT a FROM t ORDER BY a LIMIT 9000000000000000000").count == 20_003)
    }

    @Test("a query that gathers too much ends with 53200")
    func memory() {
        for text in ["SELECT a FROM t ORDER BY a", "SELECT a, count(*) FROM t GROUP BY a"] {
            let error = #expect(throws: DatabaseError.self) {
                try table.rows(text, memoryBytes: 50_000)
            }
            #expect(error?.state == .outOfMemory)
        }
    }

    @Test("cancellation ends a query at its next batch")
    func cancel() throws {
        let flag = CancellationFlag()
        let cursor = try table.cursor("SELECT a FROM t", cancellation: flag)
        #expect(try cursor.next() != nil)

        flag.cancel()

        let error = #expect(throws: DatabaseError.self) { try cursor.next() }
        #expect(error?.state == .cancelled)
        #expect(try cursor.next() == nil)
    }

    @Test("a sum that does not fit is 22003, in whatever order it was added")
    func overflow() throws {
        let wide = Runs(runs: [.init(numbers: [.max, 1, -5])])
        let over = Runs(runs: [.init(numbers: [.max, 1])])

        #expect(try wide.rows("SELECT sum(a) FROM t") == [.integer(.max - 4)])
        let error = #expect(throws: DatabaseError.self) { try over.rows("SELECT sum(a) FROM t") }
        #expect(error?.state == .numericOutOfRange)
    }

    @Test(
        "nested choices are computed in time that grows with the text",
        arguments: [("coalesce(", ", 1)"), ("nullif(", ", -7)"), ("abs(", ")")])
    func nesting(before: String, after: String) throws {
        let text =
            "SELECT " + String(repeating: before, count: 40) + "5"
            + String(repeating: after, count: 40)

        #expect(try table.rows(text) == [.integer(5)])
    }
}
