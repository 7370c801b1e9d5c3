import Diagnostics
import Testing

@testable import SQL

@Suite("Parser")
struct ParserTests {
    @Test(
        "a statement of every kind is accepted",
        arguments: [
            "SELECT 1", "select 1;", "SELECT a, b AS c, t.*, s.t.* FROM s.t", "t", "t;", "\"t\"",
            "trades WHERE price > 1 LIMIT -5", "backups()", "SELECT * FROM backup_tables('x')",
            "SELECT DISTINCT a FROM t ORDER BY 1 DESC NULLS LAST, b ASC LIMIT 5, 10",
            "SELECT a FROM t LIMIT 10 OFFSET 5", "SELECT a FROM t OFFSET 5 ROWS",
            "SELECT a FROM t FETCH FIRST 3 ROWS ONLY",
            "SELECT count(*) FROM t GROUP BY 1 HAVING 1>0",
            "SELECT * FROM a JOIN b ON a.x = b.x LEFT OUTER JOIN c USING (y)",
            "SELECT * FROM a ASOF JOIN b", "SELECT * FROM a x, b y CROSS JOIN c",
            "SELECT * FROM (SELECT 1) AS q", "SELECT * FROM ((SELECT 1)) q",
            "SELECT ts, avg(x) FROM t SAMPLE BY 1h FILL(NULL, prev) ALIGN TO CALENDAR TIME "
                + "ZONE 'UTC'",
            "SELECT * FROM t LATEST ON ts PARTITION BY sym WHERE a = 1",
            "SELECT * FROM t WHERE ts IN '2024-01' LATEST ON ts PARTITION BY sym, b",
            "SELECT timestamp, date, time FROM t WHERE timestamp > timestamp '2020-01-01'",
            "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM t",
            "SELECT extract(year FROM ts), left('abc', 1), current_timestamp, user FROM t",
            "SELECT a FROM t WHERE c OPERATOR(pg_catalog.~) '^(x)$' COLLATE pg_catalog.default",
            "SELECT CASE WHEN a THEN 1 ELSE 2 END, CASE x WHEN 1 THEN 'a' END FROM t",
            "SELECT a = ANY($1), b <> ALL (ARRAY[1,2]), (ARRAY[1])[1], EXISTS (SELECT 1)",
            "SELECT ts AT TIME ZONE 'UTC', '1'::int, CAST(a AS varchar(10)), x::double precision[]",
            "SELECT a'x'", "SELECT 1 \"one\", 2 two, 3 AS select",
            "INSERT INTO t VALUES (1, 'a', NULL), ($1, DEFAULT, -2)",
            "INSERT INTO t (a, b) SELECT a, b FROM u", "INSERT INTO t (SELECT 1)",
            "INSERT INTO t DEFAULT VALUES", "INSERT INTO t(a) VALUES (1) RETURNING *",
            "UPDATE t SET a = 1, b = DEFAULT WHERE c", "DELETE FROM t AS x WHERE x.a = 1",
            "COPY t (a) FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER ';')",
            "COPY t TO STDOUT", "COPY (SELECT 1) TO STDOUT CSV HEADER", "COPY t FROM STDIN",
            "CREATE TABLE t (ts TIMESTAMP, s SYMBOL CAPACITY 256 NOCACHE, v DOUBLE NOT "
                + "NULL) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts, s)",
            "CREATE TABLE IF NOT EXISTS s.t (a varchar(10) DEFAULT 'x')",
            "CREATE TABLE t AS (SELECT * FROM u) TIMESTAMP(ts) PARTITION BY MONTH BYPASS WAL",
            "CREATE TABLE t AS SELECT * FROM u TIMESTAMP(ts)",
            "CREATE TABLE t (a int) WITH maxUncommittedRows = 10, o3MaxLag = 10s",
            "DROP TABLE IF EXISTS a, b CASCADE", "TRUNCATE TABLE t", "TRUNCATE a, b",
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, b long", "ALTER TABLE t DROP COLUMN a",
            "ALTER TABLE t RENAME COLUMN a TO b", "ALTER TABLE t RENAME TO u",
            "RENAME TABLE a TO b",
            "ALTER TABLE t DROP PARTITION LIST '2024-01-01', '2024-01-02'",
            "ALTER TABLE t DROP PARTITION WHERE ts < '2024'",
            "BEGIN", "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            "START TRANSACTION",
            "COMMIT WORK", "END", "ROLLBACK", "ABORT", "SAVEPOINT \"a b\"", "RELEASE SAVEPOINT a",
            "RELEASE a", "ROLLBACK TO SAVEPOINT a", "ROLLBACK TO a",
            "SET extra_float_digits = 3", "SET DateStyle TO ISO, MDY", "SET TIME ZONE 'UTC'",
            "SET NAMES 'utf8'", "SET SESSION x = -1", "SET LOCAL a.b TO on", "SET x TO DEFAULT",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "RESET ALL", "RESET x",
            "SHOW ALL", "SHOW TRANSACTION ISOLATION LEVEL", "SHOW TIME ZONE", "SHOW search_path",
            "SHOW TABLES", "SHOW COLUMNS FROM t", "SHOW PARTITIONS FROM 't'", "SHOW BACKUPS",
            "SHOW CREATE TABLE t", "SHOW PARAMETERS", "SHOW BACKUPS FROM '/x'",
            "PREPARE p (int) AS SELECT $1", "EXECUTE p(1)", "DEALLOCATE ALL",
            "DEALLOCATE PREPARE p",
            "DISCARD ALL", "EXPLAIN SELECT 1", "EXPLAIN (ANALYZE, FORMAT text) SELECT 1",
            "EXPLAIN BACKUP DATABASE", "BACKUP DATABASE", "backup database;",
            "BACKUP TABLE my_table;", "Backup Table a, 'b', \"c\"",
            "BACKUP TABLE t PARTITION LIST '2020-01-01', '2020-01-02' TO 'd' AS 'n' "
                + "PARALLEL 4 ASYNC",
            "BACKUP TABLE t PARTITION LIKE '%2020%' WHERE a > 1 INCREMENTAL FROM 'x' PARALLEL",
            "BACKUP DATABASE WITH (rate = '100MB', comment = 'c', verify = false) FULL",
            "BACKUP DATABASE INCREMENTAL", "BACKUP DATABASE TO STDOUT",
            "SNAPSHOT PREPARE", "snapshot complete;", "CHECKPOINT CREATE", "CHECKPOINT RELEASE",
            "RESTORE DATABASE FROM 'x'", "RESTORE TABLE t, u FROM 'x' FULL",
            "RESTORE TABLE t FROM 'x' PARTITION LIKE '%20170810%' INTO u INCREMENTAL WITH "
                + "(link = true)",
            "RESTORE TABLE t FROM 'x' AS u", "RESTORE TABLE t FROM 'x' AS OF '2024-01-01'",
            "VERIFY BACKUP 'x'", "VERIFY BACKUP 'x' DEEP", "VERIFY BACKUP 'x' QUICK",
            "DROP BACKUP 'x'", "CANCEL BACKUP 'id'", "PRUNE BACKUPS KEEP LAST 3 DRY RUN",
            "PRUNE BACKUPS KEEP '30d'",
        ])
    func accepts(text: String) throws {
        let parsed = try Parser.parse(text)

        #expect(parsed.count == 1)
    }

    struct Failure: Sendable, CustomTestStringConvertible {
        let text: String
        let state: SQLState
        let position: Int?
        let message: String?

        init(_ text: String, _ state: SQLState, _ position: Int?, _ message: String? = nil) {
            self.text = text
            self.state = state
            self.position = position
            self.message = message
        }

        var testDescription: String { text }
    }

    @Test(
        "an error names its place and its kind",
        arguments: [
            Failure("snapshot commit", .syntaxError, 9, "'prepare' or 'complete' expected"),
            Failure("snapshot", .syntaxError, 8, "'prepare' or 'complete' expected"),
            Failure("checkpoint commit", .syntaxError, 11, "'create' or 'release' expected"),
            Failure("backup something", .syntaxError, 7, "'table' or 'database' expected"),
            Failure("backup table", .syntaxError, 12, "a table name expected"),
            Failure("backup table a b", .syntaxError, 15, "syntax error at or near \"b\""),
            Failure("BACKUP DATABASE FULL INCREMENTAL", .syntaxError, 21),
            Failure("BACKUP DATABASE AS 'a' AS 'b'", .syntaxError, 23),
            Failure("BACKUP DATABASE PARALLEL 0", .invalidParameter, 25),
            Failure("selct 1", .syntaxError, 0, "syntax error at or near \"selct\""),
            Failure("SELECT", .syntaxError, 6, "syntax error at end of input"),
            Failure("SELECT 1 +", .syntaxError, 10, "syntax error at end of input"),
            Failure("SELECT é, FROM t", .syntaxError, 10, "syntax error at or near \"FROM\""),
            Failure("SELECT 1; SELEC 2", .syntaxError, 10),
            Failure("SELECT a < b < c", .syntaxError, 13, "syntax error at or near \"<\""),
            Failure(
                "SELECT 1abc", .syntaxError, 7,
                "trailing junk after numeric literal at or near \"1abc\""),
            Failure(
                "SELECT 'abc", .syntaxError, 7,
                "unterminated quoted string at or near \"'abc\""),
            Failure(
                "SELECT \"abc", .syntaxError, 7,
                "unterminated quoted identifier at or near \"\"abc\""),
            Failure("SELECT /* a", .syntaxError, 7, "unterminated /* comment at or near \"/* a\""),
            Failure("SELECT $a$b", .syntaxError, 7),
            Failure("SELECT \"\"", .syntaxError, 7),
            Failure("SELECT $0", .undefinedParameter, 7),
            Failure("SELECT $99999999999999999999", .undefinedParameter, 7),
            Failure("SELECT E'\\ud800'", .syntaxError, 9),
            Failure("SELECT E'\\xff'", .syntaxError, 7),
            Failure("SELECT 'a\0b'", .badEncoding, 9),
            Failure("SELECT * FROM t WHERE", .syntaxError, 21),
            Failure("SELECT * FROM a JOIN b", .syntaxError, 22),
            Failure("SELECT 1 UNION SELECT 2", .featureNotSupported, 9),
            Failure("WITH a AS (SELECT 1) SELECT 2", .featureNotSupported, 0),
            Failure("SELECT ? FROM t", .syntaxError, 7, "syntax error at or near \"?\""),
            Failure("CREATE TABLE t (a int) PARTITION BY DECADE", .invalidParameter, 36),
            Failure("CREATE TABLE t (a int REFERENCES u)", .featureNotSupported, 22),
            Failure("CREATE TABLE t (a int", .syntaxError, 21),
            Failure("CREATE TABLE t ()", .syntaxError, 16),
            Failure("SELECT a.b.c.d.e", .syntaxError, 13),
            Failure("(SELECT 1", .syntaxError, 9),
            Failure("SELECT 1)", .syntaxError, 8),
            Failure("LIMIT", .syntaxError, 0),
        ])
    func rejects(failure: Failure) {
        let error = #expect(throws: DatabaseError.self) { try Parser.parse(failure.text) }

        #expect(error?.state == failure.state)
        #expect(error?.position == failure.position)
        if let message = failure.message { #expect(error?.message == message) }
    }

    @Test(
        "empty statements are dropped",
        arguments: ["", " ", ";", " ; ;\n", "-- c\n", "/* /* */ */;"])
    func dropsEmpty(text: String) throws {
        let parsed = try Parser.parse(text)

        #expect(parsed.isEmpty)
    }

    @Test("statements of one text know their ranges and texts")
    func ranges() throws {
        let parsed = try Parser.parse(" SELECT 'é' ; -- x\n t ;")

        #expect(parsed.map(\.text) == ["SELECT 'é'", "t"])
        #expect(parsed.map(\.range) == [1..<11, 20..<21])
    }

    @Test("a later error keeps every statement from being returned")
    func allOrNothing() {
        #expect(throws: DatabaseError.self) { try Parser.parse("SELECT 1; SELECT") }
    }
}
