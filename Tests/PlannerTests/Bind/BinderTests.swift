import Catalog
import Diagnostics
import SQL
import Testing
import Values

@testable import Planner

/// One table, `t (ts TIMESTAMP, s SYMBOL, a INT, b LONG, d DOUBLE)`.
struct OneTable: Relations {
    static let definition = TableDefinition(
        id: 7, name: "t",
        columns: [
            Catalog.ColumnDefinition(id: 1, name: "ts", type: .timestamp),
            Catalog.ColumnDefinition(id: 2, name: "s", type: .symbol),
            Catalog.ColumnDefinition(id: 3, name: "a", type: .int),
            Catalog.ColumnDefinition(id: 4, name: "b", type: .long),
            Catalog.ColumnDefinition(id: 5, name: "d", type: .double),
        ], timestampIndex: 0, partitionUnit: .day)

    func table(schema: String?, name: String) -> TableDefinition? {
        name == "t" ? Self.definition : nil
    }

    func systemRelation(schema: String?, name: String, isFunction: Bool)
        -> (any SystemRelation)?
    { nil }

    func sessionValue(_ function: String) -> (Value, ValueType)? { nil }
}

@Suite("Binder")
struct BinderTests {
    private func bind(_ text: String) throws -> (BoundQuery, [ValueType]) {
        var binder = Binder(relations: OneTable())
        let statement = try #require(try Parser.parse(text).first?.statement)
        guard case .select(let query) = statement else {
            throw DatabaseError(.internalError, "not a query")
        }
        let bound = try binder.bindQuery(query)
        return (bound, binder.settledParameterTypes)
    }

    @Test(
        "columns of the result have the types of SQL",
        arguments: [
            ("SELECT a + 1 FROM t", .int), ("SELECT a + b FROM t", .long),
            ("SELECT a + d FROM t", .double), ("SELECT 3000000000", .long),
            ("SELECT 7.0", .double), ("SELECT s || 'x' FROM t", .varchar),
            ("SELECT ts + 5 FROM t", .timestamp), ("SELECT ts - ts FROM t", .long),
            ("SELECT sum(a) FROM t", .long), ("SELECT avg(a) FROM t", .double),
            ("SELECT max(s) FROM t", .varchar), ("SELECT max(a) FROM t", .int),
            ("SELECT CASE WHEN true THEN 1 ELSE 2.5 END", .double), ("SELECT NULL", .varchar),
            ("SELECT coalesce(NULL, a) FROM t", .int),
        ] as [(String, ValueType)])
    func types(text: String, type: ValueType) throws {
        #expect(try bind(text).0.columns.map(\.type) == [type])
    }

    @Test(
        "a parameter takes the type of what it meets",
        arguments: [
            ("SELECT * FROM t WHERE a = $1", .int), ("SELECT * FROM t WHERE $1 < d", .double),
            ("SELECT * FROM t WHERE ts > $1", .timestamp),
            ("SELECT * FROM t WHERE s = $1", .varchar), ("SELECT $1", .varchar),
            ("SELECT $1::long", .long), ("SELECT * FROM t LIMIT $1", .long),
            ("SELECT * FROM t WHERE a IN ($1)", .int),
            ("SELECT * FROM t WHERE b BETWEEN $1 AND 5", .long),
        ] as [(String, ValueType)])
    func parameters(text: String, type: ValueType) throws {
        #expect(try bind(text).1 == [type])
    }

    @Test("a scan reads only the columns a query names")
    func pruning() throws {
        let (query, _) = try bind("SELECT a FROM t WHERE d > 1")

        #expect(query.plan.lines.joined(separator: "\n").contains("Scan t (a, d)"))
    }

    @Test("a result column knows its table")
    func origin() throws {
        let column = try #require(try bind("SELECT b AS x FROM t").0.columns.first)

        #expect(column == PlanColumn(name: "x", type: .long, tableID: 7, columnNumber: 4))
    }

    @Test(
        "deep nesting is bound in time that grows with the text",
        arguments: [
            ("coalesce(", ", 1)"), ("nullif(", ", 1)"), ("CASE WHEN true THEN ", " ELSE 1 END"),
            ("greatest(", ", 1)"),
        ])
    func nesting(before: String, after: String) throws {
        let text =
            "SELECT " + String(repeating: before, count: 40) + "a"
            + String(repeating: after, count: 40) + " FROM t"

        #expect(try bind(text).0.columns.map(\.type) == [.int])
    }

    @Test("CASE in operands of CASE is bounded")
    func operands() {
        let text =
            "SELECT " + String(repeating: "CASE ", count: 8) + "1"
            + String(repeating: " WHEN 1 THEN 2 END", count: 8)

        let error = #expect(throws: DatabaseError.self) { try bind(text) }

        #expect(error?.state == .limitExceeded)
    }
}
