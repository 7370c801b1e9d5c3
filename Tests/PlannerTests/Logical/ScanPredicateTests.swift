import Catalog
import Diagnostics
import SQL
import Testing
import Values

@testable import Planner

@Suite struct ScanPredicateTests {
    typealias Comparison = ScanPredicate.Comparison

    /// What the WHERE of a query over `t (ts, s, a INT, b LONG, d DOUBLE)` says.
    private func derive(_ condition: String) throws -> ScanPredicate? {
        var binder = Binder(relations: OneTable())
        let text = "DELETE FROM t WHERE \(condition)"
        let statement = try #require(try Parser.parse(text).first?.statement)
        let filter = try #require(try binder.bindModification(statement).filter)
        return ScanPredicate(filter, columns: Array(OneTable.definition.columns.indices))
    }

    /// Column, comparison and value of a comparison.
    private func parts(_ predicate: ScanPredicate?) -> (Int, Comparison, Value?)? {
        if case .all(let only) = predicate, only.count == 1 { return parts(only[0]) }
        guard case .comparison(let operand, let comparison, let value) = predicate else {
            return nil
        }
        return (operand.column, comparison, value.constantValue)
    }

    @Test(
        "a column compared with what is the same for all rows",
        arguments: [
            ("a = 5", 2, .equal), ("5 < a", 2, .greater), ("NOT a < 5", 2, .greaterOrEqual),
            ("(a >= 5) IS TRUE", 2, .greaterOrEqual), ("(a >= 5) IS FALSE", 2, .less),
            ("NOT NOT a <> 5", 2, .notEqual),
        ] as [(String, Int, Comparison)])
    func comparisons(text: String, column: Int, comparison: Comparison) throws {
        let found = try #require(parts(try derive(text)))

        #expect(found.0 == column)
        #expect(found.1 == comparison)
        #expect(found.2 == .integer(5))
    }

    @Test(
        "what is not IS TRUE or IS FALSE may be NULL",
        arguments: [
            "NOT ((a >= 5) IS TRUE)", "NOT ((a >= 5) IS FALSE)", "(a >= 5) IS NOT TRUE",
            "(a >= 5) IS NOT FALSE", "NOT (NOT (a >= 5) IS TRUE)",
        ])
    func notTrue(text: String) throws { #expect(try derive(text) == nil) }

    @Test("a cast that keeps the order is looked through, others are not")
    func casts() throws {
        guard case .comparison(let operand, .greater, _) = try derive("a > 2.5") else {
            Issue.record("no comparison")
            return
        }
        #expect(operand.stored == .int && operand.compared != .int)
        #expect(try derive("a::VARCHAR > '2'") == nil)
        #expect(try derive("b::INT > 2") == nil)
        #expect(try derive("a + 1 > 2") == nil)
    }

    @Test("of AND any part will do, of OR every part is needed, of NOT both turn round")
    func combinations() throws {
        #expect(try derive("a = 1 AND a + 1 = 2")?.columns == [2])
        #expect(try derive("a = 1 OR a + 1 = 2") == nil)
        #expect(try derive("a = 1 OR d = 2")?.columns == [2, 4])
        #expect(try derive("NOT (a = 1 AND a + 1 = 2)") == nil)
        #expect(try derive("NOT (a = 1 OR a + 1 = 2)") == nil)
        #expect(try derive("NOT (a = 1 OR d = 2)")?.columns == [2, 4])
        #expect(try derive("a NOT IN (1, 2) AND ts IS NOT NULL")?.columns == [0, 2])
        #expect(try derive("a BETWEEN 1 AND b")?.columns == [2])
        #expect(try derive("a IS DISTINCT FROM 1") == nil)
        #expect(try derive("a IN (1, b)") == nil)
        #expect(try derive("true") == nil)
    }
}
