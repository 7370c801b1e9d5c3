import Testing

@testable import SQL

@Suite("Statement")
struct StatementTests {
    private struct Unexpected: Error {}

    private func one(_ text: String) throws -> Statement {
        let parsed = try Parser.parse(text)
        guard parsed.count == 1 else { throw Unexpected() }
        return parsed[0].statement
    }

    @Test("CREATE TABLE keeps columns, timestamp, partition and keys")
    func createTable() throws {
        let text = """
            CREATE TABLE IF NOT EXISTS Trades (Ts TIMESTAMP, s SYMBOL CAPACITY 256 CACHE INDEX, \
            v varchar(10) NOT NULL DEFAULT 'x') TIMESTAMP(ts) PARTITION BY day WAL \
            DEDUP UPSERT KEYS(ts, s)
            """

        guard case .createTable(let create) = try one(text) else { throw Unexpected() }

        #expect(create.table.name.text == "Trades")
        #expect(create.ifNotExists)
        #expect(create.columns.map(\.name.text) == ["Ts", "s", "v"])
        #expect(create.columns.map(\.type.name) == ["timestamp", "symbol", "varchar"])
        #expect(create.columns.map(\.isNotNull) == [false, false, true])
        #expect(create.columns[2].type.arguments == [10])
        #expect(create.columns[2].defaultValue?.kind == .literal(.string("x")))
        #expect(create.designatedTimestamp == Name("ts"))
        #expect(create.partitionBy == .day)
        #expect(create.dedupKeys == [Name("ts"), Name("s")])
    }

    @Test("a table's name alone selects all its columns", arguments: ["Trades", "\"Trades\";"])
    func implicitSelect(text: String) throws {
        #expect(try one(text) == one("SELECT * FROM trades"))
    }

    @Test("INSERT keeps rows with DEFAULT as nil")
    func insert() throws {
        guard
            case .insert(let insert) = try one("INSERT INTO t(a, b) VALUES (1, DEFAULT), ($2, -3)")
        else { throw Unexpected() }

        guard case .rows(let rows) = insert.source else { throw Unexpected() }
        #expect(insert.columns.map(\.text) == ["a", "b"])
        #expect(rows.map(\.count) == [2, 2])
        #expect(rows[0][1] == nil)
        #expect(rows[1][0]?.kind == .parameter(2))
        #expect(rows[1][1] == (try Parser.parseExpression("-3")))
    }

    @Test(
        "SET joins its values and normalises the names of the standard",
        arguments: [
            ("SET DateStyle TO ISO, MDY", "datestyle", "ISO, MDY"),
            ("SET TIME ZONE 'UTC'", "timezone", "UTC"),
            ("SET NAMES 'UTF8'", "client_encoding", "UTF8"),
            ("SET a.b = -1.5", "a.b", "-1.5"), ("SET x = DEFAULT", "x", nil),
            ("SET session = 1", "session", "1"),
        ])
    func set(text: String, name: String, value: String?) throws {
        #expect(
            try one(text)
                == .set(SetParameter(scope: .session, name: Name(name), value: value)))
    }

    @Test("the position of a name and of an operator is where it stands")
    func positions() throws {
        guard case .select(let query) = try one("SELECT 'é' + abc FROM  t WHERE x.y") else {
            throw Unexpected()
        }
        guard case .binary(.add, _, let right)? = query.items[0].expression?.kind else {
            throw Unexpected()
        }

        #expect(query.items[0].position == 11)
        #expect(right.position == 13)
        #expect(query.from?.position == 23)
        #expect(query.filter?.position == 31)
    }

    @Test("equality looks at the meaning, not at place or spelling")
    func equality() throws {
        #expect(try Parser.parseExpression("a + B") == Parser.parseExpression("  A  +  b"))
        #expect(try Parser.parseExpression("a + b") != Parser.parseExpression("b + a"))
    }

    @Test("PREPARE keeps the text of its statement")
    func prepare() throws {
        guard case .prepare(let prepare) = try one("PREPARE p (int, text) AS SELECT $1 , 'x' ;")
        else { throw Unexpected() }

        #expect(prepare.text == "SELECT $1 , 'x'")
        #expect(prepare.types.map(\.name) == ["int", "text"])
    }
}
