import Testing

@testable import Engine

@Suite struct TableTextTests {
    @Test(
        "SHOW CREATE TABLE makes the same table again",
        arguments: [
            "CREATE TABLE t (a INT)",
            "CREATE TABLE t (\"a b\" DECIMAL(12,3) NOT NULL, \"c\"\"d\" GEOHASH(5c), e DOUBLE[])",
            "CREATE TABLE t (\"select\" INT, \"FROM\" INT CONSTRAINT \"primary\" UNIQUE, "
                + "\"case\" INT CHECK (\"case\" > 0), \"timestamp\" DATE, \"index\" INT)",
            "CREATE TABLE t (id BIGSERIAL, n INT GENERATED ALWAYS AS IDENTITY, v VARCHAR DEFAULT 'it''s')",
            "CREATE TABLE t (a INT PRIMARY KEY, b LONG UNIQUE, c INT CHECK (c > 1 AND c < 9), UNIQUE (a, c))",
            "CREATE TABLE t (ts TIMESTAMP, s SYMBOL CAPACITY 64 NOCACHE INDEX CAPACITY 32, v DOUBLE) "
                + "TIMESTAMP(ts) PARTITION BY HOUR TTL 1 DAY WITH maxUncommittedRows=10, o3MaxLag=5s "
                + "DEDUP UPSERT KEYS(ts, s)",
        ])
    func roundTrip(create: String) throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run(create)
        let text = try client.run("SHOW CREATE TABLE t").joined(separator: "\n")
        try client.run("DROP TABLE t")

        try client.run(text)

        #expect(try client.run("SHOW CREATE TABLE t").joined(separator: "\n") == text)
        withExtendedLifetime(rig) {}
    }
}
