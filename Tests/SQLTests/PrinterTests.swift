import Testing

@testable import SQL

@Suite("Printer")
struct PrinterTests {
    @Test(
        "an expression is printed with the parentheses it needs and no others",
        arguments: [
            ("1+2*3", "1 + 2 * 3"), ("(1+2)*3", "(1 + 2) * 3"), ("1-(2-3)", "1 - (2 - 3)"),
            ("((1-2))-3", "1 - 2 - 3"), ("- -1", "- -1"), ("-(1+2)", "-(1 + 2)"),
            ("-1::int", "-1::int"), ("(-1)::int", "(-1)::int"),
            ("a and (b or c) and d", "a AND (b OR c) AND d"),
            ("(a and b) and c", "a AND b AND c"), ("not a = b", "NOT a = b"),
            ("(not a) = b", "(NOT a) = b"), ("not (a and b)", "NOT (a AND b)"),
            ("a <> b", "a <> b"), ("a != b", "a <> b"), ("(a = b) = c", "(a = b) = c"),
            ("a between 1 and 2 and b", "a BETWEEN 1 AND 2 AND b"),
            ("a not in (1, 2)", "a NOT IN (1, 2)"), ("ts in '2024'", "ts IN '2024'"),
            ("a in (select 1)", "a IN (SELECT 1)"),
            ("a not ilike 'x' escape '!'", "a NOT ILIKE 'x' ESCAPE '!'"),
            ("a is not null", "a IS NOT NULL"), ("a isnull", "a IS NULL"),
            ("a is not distinct from b", "a IS NOT DISTINCT FROM b"),
            ("a is unknown", "a IS UNKNOWN"), ("'it''s'", "'it''s'"), ("e'a\\nb'", "'a\nb'"),
            ("$$it's$$", "'it''s'"), ("$x$ $$ $x$", "' $$ '"), ("1_000", "1000"),
            ("1.5e10", "1.5e10"), (".5", ".5"), ("\"select\"", "\"select\""), ("Price", "Price"),
            ("\"a\"\"b\"", "\"a\"\"b\""), ("count(*)", "count(*)"),
            ("count(distinct a)", "count(DISTINCT a)"), ("(a::int)[1]", "(a::int)[1]"),
            ("a::int[][]", "a::int[][]"), ("array[1,2][1]", "ARRAY[1, 2][1]"),
            ("a = any($1)", "a = ANY ($1)"), ("a < all(select 1)", "a < ALL (SELECT 1)"),
            ("cast(a as timestamp(3) with time zone)", "a::timestamp(3) with time zone"),
            ("date '2020-01-01'", "'2020-01-01'::date"), ("exists(select 1)", "EXISTS (SELECT 1)"),
            ("ts at time zone 'UTC'", "timezone('UTC', ts)"),
            ("extract(Year from ts)", "\"extract\"('year', ts)"),
            ("case when a then 1 else 2 end", "CASE WHEN a THEN 1 ELSE 2 END"),
            ("~a + b", "~a + b"), ("(~a) + b", "(~a) + b"), ("2 ^ 3 ^ 4", "2 ^ 3 ^ 4"),
            (
                "sum(a) over (partition by b order by c desc)",
                "sum(a) OVER (PARTITION BY b ORDER BY c DESC)"
            ),
        ])
    func printsExpression(source: String, expected: String) throws {
        let expression = try Parser.parseExpression(source)

        let text = Printer.text(expression)

        #expect(text == expected)
        #expect(try Parser.parseExpression(text) == expression)
    }

    @Test(
        "a query printed and parsed again is the same query",
        arguments: [
            "SELECT DISTINCT a AS \"x y\", t.*, 1 FROM s.t AS q WHERE a > 1 GROUP BY a, 2 "
                + "HAVING b ORDER BY 1 DESC NULLS FIRST LIMIT 10 OFFSET 5",
            "trades WHERE x LIMIT 1, -2", "backups('x') b",
            "SELECT * FROM a, b JOIN c ON a.x = b.y LEFT JOIN (d CROSS JOIN e) USING (k, l)",
            "SELECT * FROM (SELECT 1 AS one) q ASOF JOIN r",
            "SELECT ts, avg(v) FROM t SAMPLE BY 15m FILL(NULL, PREV, 5, LINEAR, NONE) "
                + "ALIGN TO CALENDAR TIME ZONE 'UTC' WITH OFFSET '00:15'",
            "SELECT * FROM t WHERE a LATEST ON ts PARTITION BY s, r",
            "SELECT * FROM t SAMPLE BY 1M ALIGN TO FIRST OBSERVATION",
            "SELECT (SELECT max(x) FROM u) FROM t WHERE EXISTS (SELECT 1 FROM v)",
            "SELECT * FROM \"my.table\" ORDER BY a, b DESC",
        ])
    func printsQuery(source: String) throws {
        let query = try query(source)

        let again = try self.query(Printer.text(query))

        #expect(again == query)
    }

    private func query(_ text: String) throws -> Query {
        let parsed = try Parser.parse(text)
        guard parsed.count == 1, case .select(let query) = parsed[0].statement else {
            throw NotAQuery(text: text)
        }
        return query
    }

    private struct NotAQuery: Error { let text: String }

    @Test("random expressions survive printing and parsing", arguments: 0..<40)
    func randomRoundTrip(seed: UInt64) throws {
        var chance = Chance(seed: seed)
        for _ in 0..<50 {
            let text = Printer.text(chance.expression(5))
            // The first parse brings chains of AND and OR into their one form.
            let expression = try Parser.parseExpression(text)

            let printed = Printer.text(expression)

            #expect(printed == text)
            #expect(try Parser.parseExpression(printed) == expression)
        }
    }
}

/// Makes the same expressions and texts from the same seed.
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func below(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(bound))
    }

    mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }

    mutating func expression(_ depth: Int) -> Expression {
        guard depth > 0 else { return leaf() }
        let negated = below(2) == 0
        let first = expression(depth - 1)
        switch below(13) {
        case 0, 1, 2, 3:
            return Expression(.binary(pick(BinaryOperator.allCases), first, expression(depth - 1)))
        case 4: return Expression(.unary(pick(UnaryOperator.allCases), first))
        case 5: return Expression(.isNull(first, negated: negated))
        case 6: return Expression(.isTruth(first, pick([true, false, nil]), negated: negated))
        case 7: return Expression(.inList(first, [expression(depth - 1)], negated: negated))
        case 8:
            return Expression(
                .between(
                    first, lower: leaf(), upper: expression(depth - 1), negated: negated))
        case 9:
            return Expression(
                .like(Like(operand: first, pattern: expression(depth - 1), negated: negated)))
        case 10:
            return Expression(
                .cast(first, TypeName(name: pick(["int", "double precision", "my type"]))))
        case 11:
            return Expression(
                .call(FunctionCall(name: Name("f"), arguments: .all([first, leaf()]))))
        default: return Expression(.element(of: first, index: leaf()))
        }
    }

    private mutating func leaf() -> Expression {
        switch below(5) {
        case 0: Expression(.literal(.integer("\(below(100))")))
        case 1: Expression(.literal(.string(pick(["", "a'b", "ü\\"]))))
        case 2: Expression(.literal(pick([.null, .boolean(true), .decimal("1.5")])))
        case 3: Expression(.parameter(1 + below(9)))
        default: Expression(.column(ColumnReference(name: Name(pick(["a", "select", "é \""])))))
        }
    }
}
