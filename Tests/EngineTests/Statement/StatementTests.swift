import Diagnostics
import Testing
import Values

@Suite("Statements end to end")
struct StatementTests {
    private func trades() throws -> (EngineRig, Client) {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run(
            """
            CREATE TABLE trades (ts TIMESTAMP, sym SYMBOL, px DOUBLE, n INT)
                TIMESTAMP(ts) PARTITION BY DAY;
            INSERT INTO trades VALUES
                ('2026-01-01T00:00:00Z', 'a', 1.5, 10), ('2026-01-01T01:00:00Z', 'b', 2.5, 20),
                ('2026-01-02T00:00:00Z', 'a', 3.5, NULL), ('2026-01-03T00:00:00Z', NULL, 4, 40)
            """)
        return (rig, client)
    }

    @Test("rows that were inserted are selected")
    func roundTrip() throws {
        let (rig, client) = try trades()

        let rows = try client.run("SELECT * FROM trades ORDER BY ts")

        #expect(
            rows == [
                "2026-01-01 00:00:00|a|1.5|10", "2026-01-01 01:00:00|b|2.5|20",
                "2026-01-02 00:00:00|a|3.5|(null)", "2026-01-03 00:00:00|(null)|4|40",
            ])
        _ = rig
    }

    @Test(
        "a query gives what SQL says",
        arguments: [
            ("SELECT 1", ["1"]),
            ("SELECT 1 + 2 * 3, 7 / 2, -7 / 2, 7 % 3, 7.0 / 2", ["7|3|-3|1|3.5"]),
            ("SELECT 'a' || 'b', NULL || 'x', 1 = NULL", ["ab|(null)|(null)"]),
            (
                "SELECT sym, count(*) FROM trades GROUP BY sym ORDER BY sym",
                ["a|2", "b|1", "(null)|1"]
            ),
            ("SELECT sym, max(px) FROM trades ORDER BY 1 DESC", ["(null)|4", "b|2.5", "a|3.5"]),
            (
                "SELECT count(*), count(n), sum(n), min(n), max(n), avg(n) FROM trades",
                ["4|3|70|10|40|23.333333333333332"]
            ),
            ("SELECT count(*), sum(n) FROM trades WHERE px > 100", ["0|(null)"]),
            ("SELECT count(DISTINCT sym) FROM trades", ["2"]),
            ("SELECT n FROM trades WHERE sym = 'a' ORDER BY n", ["10", "(null)"]),
            ("SELECT n FROM trades WHERE sym <> 'a'", ["20"]),
            ("SELECT n FROM trades WHERE sym IS NULL", ["40"]),
            ("SELECT px FROM trades WHERE ts >= '2026-01-02' ORDER BY px DESC LIMIT 1", ["4"]),
            ("SELECT px FROM trades WHERE ts IN '2026-01-01' ORDER BY px", ["1.5", "2.5"]),
            ("SELECT px FROM trades ORDER BY px LIMIT 2 OFFSET 1", ["2.5", "3.5"]),
            ("SELECT px FROM trades WHERE px BETWEEN 2 AND 3", ["2.5"]),
            ("SELECT px FROM trades WHERE n IN (10, 40) ORDER BY px", ["1.5", "4"]),
            ("SELECT px FROM trades WHERE n NOT IN (10, NULL)", []),
            ("SELECT sym FROM trades WHERE sym LIKE '_' ORDER BY px", ["a", "b", "a"]),
            (
                "SELECT CASE WHEN n > 15 THEN 'big' ELSE 'small' END FROM trades ORDER BY px",
                ["small", "big", "small", "big"]
            ),
            ("SELECT DISTINCT sym FROM trades ORDER BY sym", ["a", "b", "(null)"]),
            ("SELECT coalesce(n, 0) FROM trades ORDER BY px", ["10", "20", "0", "40"]),
            ("SELECT sum(x) FROM long_sequence(100)", ["5050"]),
            ("SELECT '5'::int + 1, CAST(2.5 AS INT), 3::varchar", ["6|2|3"]),
            (
                "SELECT n + 1 FROM trades WHERE n <> 10 AND 100 / (n - 10) > 2 ORDER BY n",
                ["21", "41"]
            ),
            ("SELECT count(*) FROM (SELECT sym FROM trades WHERE px > 2) t", ["3"]),
            (
                "SELECT a.px FROM trades a JOIN trades b ON a.sym = b.sym WHERE b.px = 1.5 ORDER BY 1",
                ["1.5", "3.5"]
            ),
            ("SELECT sym s, count(*) c FROM trades GROUP BY s HAVING count(*) > 1", ["a|2"]),
            ("SELECT table_name FROM tables()", ["trades"]),
            ("SHOW TABLES", ["trades"]),
            ("SELECT current_database(), current_schema(), current_user", ["qdb|public|admin"]),
        ] as [(String, [String])])
    func queries(text: String, expected: [String]) throws {
        let (rig, client) = try trades()

        let rows = try client.run(text)

        #expect(rows == expected)
        _ = rig
    }

    @Test(
        "a wrong statement ends with its state",
        arguments: [
            ("SELECT * FROM nothing", "42P01"), ("SELECT nothing FROM trades", "42703"),
            ("SELECT 1 / 0", "22012"), ("SELECT 2147483647 + 1", "22003"),
            ("SELECT 9223372036854775807 + 1", "22003"), ("SELECT 'x'::int", "22P02"),
            ("SELECT sum(sum(n)) FROM trades", "42803"),
            ("SELECT sym, px FROM trades GROUP BY sym", "42803"),
            ("SELECT px FROM trades WHERE count(*) > 1", "42803"),
            ("SELECT px FROM trades WHERE n", "42804"), ("SELECT 1 + true", "42883"),
            ("SELECT nofunction(1)", "42883"),
            ("INSERT INTO trades VALUES ('never', 'a', 1, 1)", "22007"),
            ("INSERT INTO trades VALUES (NULL, 'a', 1, 1)", "23502"),
            ("INSERT INTO trades (sym) VALUES ('a')", "23502"),
            ("INSERT INTO trades (ts, n) VALUES ('2026-01-01', 3000000000)", "22003"),
            ("INSERT INTO trades (ts, nope) VALUES ('2026-01-01', 3)", "42703"),
            ("CREATE TABLE trades (a INT)", "42P07"), ("DROP TABLE nothing", "42P01"),
            ("CREATE TABLE t2 (a NOTYPE)", "42704"), ("SHOW nothing_at_all", "42704"),
            ("SELECT ts FROM trades a JOIN trades b ON a.sym = b.sym", "42702"),
        ])
    func errors(text: String, state: String) throws {
        let (rig, client) = try trades()

        #expect(client.failure(text)?.state.code == state)
        _ = rig
    }

    @Test("an error names its place in the text")
    func position() throws {
        let (rig, client) = try trades()

        #expect(client.failure("SELECT px, nothing FROM trades")?.position == 11)
        #expect(client.failure("SELECT px FROM nothing")?.position == 15)
        _ = rig
    }

    @Test("parameters take the types of what they stand beside")
    func parameters() throws {
        let (rig, client) = try trades()

        let rows = try client.run(
            "SELECT px FROM trades WHERE sym = $1 AND n > $2", [.string("b"), .integer(5)])

        #expect(rows == ["2.5"])
        try client.run(
            "INSERT INTO trades (ts, sym) VALUES ($1, $2)", [.timestamp(0), .string("old")])
        #expect(try client.run("SELECT sym FROM trades ORDER BY ts LIMIT 1") == ["old"])
        _ = rig
    }

    @Test("tables are dropped and truncated")
    func definitions() throws {
        let (rig, client) = try trades()

        try client.run("TRUNCATE TABLE trades")
        #expect(try client.run("SELECT count(*) FROM trades") == ["0"])
        try client.run("DROP TABLE trades; DROP TABLE IF EXISTS trades")
        #expect(client.failure("SELECT 1 FROM trades")?.state.code == "42P01")
        _ = rig
    }

    @Test("INSERT SELECT copies rows")
    func insertSelect() throws {
        let (rig, client) = try trades()

        try client.run("CREATE TABLE copy (s VARCHAR, n LONG)")
        #expect(try client.run("INSERT INTO copy SELECT sym, n FROM trades") == ["INSERT 0 4"])
        #expect(try client.run("SELECT count(*), sum(n) FROM copy") == ["4|70"])
        _ = rig
    }
}
