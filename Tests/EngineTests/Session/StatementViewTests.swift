import Catalog
import Diagnostics
import Platform
import Storage
import Testing
import Values

@testable import Engine

/// Filters find the same rows whether or not statistics leave blocks out. Inside CASE nothing is
/// left out, so that every question is asked both ways.
@Suite("Scans with and without statistics") struct StatementViewTests {
    /// Columns with a name, a type and a literal of a number.
    private static let columns: [(name: String, type: String, literal: @Sendable (Int) -> String)] =
        [
            ("flag", "BOOLEAN", { $0 % 3 == 0 ? "true" : "false" }),
            ("b", "BYTE", { "\($0 % 200 - 100)" }), ("sh", "SHORT", { "\($0 * 7 - 500)" }),
            ("i", "INT", { "\($0 * 1_000 - 70_000)" }),
            ("l", "LONG", { "\(Int64($0) * 9_000_000_000 - 1_000_000)" }),
            ("f", "FLOAT", { $0 % 11 == 4 ? "'NaN'" : "\(Double($0) / 10)" }),
            (
                "d", "DOUBLE",
                { $0 % 13 == 5 ? "'NaN'" : $0 == 20 ? "-0.0" : "\(Double($0 - 20) / 4)" }
            ),
            ("da", "DATE", { "'2026-01-\($0 % 28 + 1)'" }),
            ("m", "TIMESTAMP", { "'2026-01-01T00:00:00.\(1_000 + $0)Z'" }),
            ("tn", "TIMESTAMP_NS", { "'2026-01-01T00:00:\(10 + $0 % 50).000000001Z'" }),
            ("s", "SYMBOL", { "'sym\($0 / 4)'" }),
            ("v", "VARCHAR", { "'\(String(repeating: "é", count: $0 % 30))\($0)'" }),
            ("c", "CHAR", { "'\(["a", "Z", "é", "漢", "0"][$0 / 9 % 5])'" }),
            ("u", "UUID", { "'0000000\($0 % 10)-0000-4000-8000-000000000\(100 + $0)'" }),
            ("ip", "IPV4", { "'\($0 + 100).0.0.\($0)'" }),
            ("dec", "DECIMAL(10,2)", { "\(Double($0) / 8)" }),
            ("g", "GEOHASH(3c)", { "#s\(["0", "1", "c", "z"][$0 / 20 % 4])\(["b", "k"][$0 % 2])" }),
            ("w", "LONG256", { "'0x\(String($0 + 16, radix: 16))00000000000000000'" }),
        ]

    private static let comparisons = ["=", "<>", "<", "<=", ">", ">="]

    /// A condition on one column or several.
    private static func condition(_ random: inout SeededRandom, depth: Int = 2) -> String {
        let kind = depth == 0 ? 99 : random.next() % 8
        switch kind {
        case 0, 1:
            return "(\(condition(&random, depth: depth - 1)) AND "
                + "\(condition(&random, depth: depth - 1)))"
        case 2, 3:
            return "(\(condition(&random, depth: depth - 1)) OR "
                + "\(condition(&random, depth: depth - 1)))"
        case 4: return "NOT (\(condition(&random, depth: depth - 1)))"
        default: return atom(&random)
        }
    }

    private static func atom(_ random: inout SeededRandom) -> String {
        let column = columns[Int(random.next() % UInt64(columns.count))]
        let not = random.next() % 4 == 0 ? "NOT " : ""
        func literal() -> String {
            random.next() % 25 == 0 ? "NULL" : column.literal(Int(random.next() % 90))
        }
        let comparison = comparisons[Int(random.next() % 6)]
        switch random.next() % 13 {
        case 0: return "\(column.name) IS \(not)NULL"
        case 1, 2: return "\(column.name) \(not)IN (\(literal()), \(literal()), \(literal()))"
        case 3, 4: return "\(column.name) \(not)BETWEEN \(literal()) AND \(literal())"
        case 5: return "\(literal()) \(comparison) \(column.name)"
        case 6: return "ts \(comparison) '2026-01-0\(random.next() % 8 + 1)'"
        case 7: return "\(["i", "l", "sh", "f", "d"][Int(random.next() % 5)]) \(comparison) 2.5"
        // Of this statistics know nothing.
        case 8: return "id + 1 \(comparison) \(random.next() % 190)"
        case 9: return column.type == "BOOLEAN" ? "\(not)flag" : "\(not)flag IS TRUE"
        default: return "\(column.name) \(comparison) \(literal())"
        }
    }

    /// A table whose segments and blocks hold numbers near each other, with NULLs here and there, a
    /// column younger than the first segments, and rows in memory.
    private func table(_ client: Client, _ storage: Storage, keys: String = "") throws {
        let types = Self.columns.map { "\($0.name) \($0.type)" }.joined(separator: ", ")
        try client.run(
            "CREATE TABLE t (id INT, ts TIMESTAMP, \(types)) TIMESTAMP(ts) PARTITION BY DAY \(keys)"
        )
        var random = SeededRandom(seed: 7)
        for flush in 0..<8 {
            var rows: [String] = []
            for row in 0..<24 {
                let id = flush * 24 + row
                let values = Self.columns.map { column in
                    let isNull = random.next() % 9 == 0 || flush == 3 && column.name == "s"
                    return isNull ? "NULL" : column.literal(flush * 9 + Int(random.next() % 18))
                }
                let day = flush % 5 + 1 + Int(random.next() % 2)
                let time = "2026-01-0\(day)T0\(random.next() % 10):00:00Z"
                let young = flush > 2 ? ", \(id)" : ""
                rows.append("(\(id), '\(time)', \(values.joined(separator: ", "))\(young))")
            }
            try client.run("INSERT INTO t VALUES \(rows.joined(separator: ", "))")
            if flush < 7 { try storage.flush() }
            if flush == 2 { try client.run("ALTER TABLE t ADD COLUMN young INT") }
            if flush == 4 { try client.run("UPDATE t SET young = id WHERE id > 90") }
        }
    }

    private func ask(_ client: Client, _ condition: String) throws -> [String] {
        try client.run("SELECT id, ts FROM t WHERE \(condition) ORDER BY id, ts")
    }

    @Test(
        "what statistics leave out no filter wants, of any type",
        arguments: ["", "DEDUP UPSERT KEYS(ts, s)"])
    func everyType(keys: String) throws {
        var settings = StorageSettings()
        settings.segmentRows = 8
        let rig = try EngineRig(settings: settings)
        let client = rig.connect()
        try table(client, rig.engine.storage, keys: keys)
        var random = SeededRandom(seed: 1)
        var found = 0
        for _ in 0..<400 {
            let condition = Self.condition(&random)
            let whole = "CASE WHEN \(condition) THEN true ELSE false END"
            // Some pairs of types cannot be compared.
            guard let expected = try? ask(client, whole) else { continue }
            found += expected.count

            #expect(try ask(client, condition) == expected, "\(condition)")
            let ordered = try client.run("SELECT id FROM t WHERE \(condition) ORDER BY ts DESC")
            #expect(ordered.count == expected.count, "\(condition)")
        }
        #expect(found > 1_000)
        let metrics = try #require(
            rig.engine.storage.metrics(of: rig.engine.storage.snapshot().tables[0].definition.id))
        #expect(metrics.blocksPruned > metrics.blocksScanned / 4)
    }

    @Test("UPDATE and DELETE mean the same rows when blocks are left out")
    func modifications() throws {
        var settings = StorageSettings()
        settings.segmentRows = 8
        let rig = try EngineRig(settings: settings)
        let client = rig.connect()
        try table(client, rig.engine.storage)
        var random = SeededRandom(seed: 3)
        for round in 0..<40 {
            let condition = Self.condition(&random)
            let whole = "CASE WHEN \(condition) THEN true ELSE false END"
            guard let meant = try? ask(client, whole) else { continue }
            let others = try ask(client, "NOT (\(whole))")
            try client.run("BEGIN")

            let updated = try client.run("UPDATE t SET young = -\(round + 1) WHERE \(condition)")
            #expect(updated == ["UPDATE \(meant.count)"], "\(condition)")
            #expect(try ask(client, "young = -\(round + 1)") == meant, "\(condition)")
            let deleted = try client.run("DELETE FROM t WHERE \(condition)")
            #expect(deleted == ["DELETE \(meant.count)"], "\(condition)")
            #expect(try ask(client, "true") == others, "\(condition)")
            try client.run("ROLLBACK")
        }
    }

    @Test("blocks inside a segment are left out, and rows around a moment are found by search")
    func blocks() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        let storage = rig.engine.storage
        try client.run(
            """
            CREATE TABLE t (id LONG, ts TIMESTAMP, s SYMBOL) TIMESTAMP(ts) PARTITION BY NONE;
            INSERT INTO t SELECT x, x::timestamp, CASE WHEN x > 30000 THEN 'late' ELSE 'early' END
                FROM long_sequence(50000)
            """)
        try storage.flush()
        let table = storage.snapshot().tables[0].definition.id
        let questions: [(String, found: Int, scanned: Int)] = [
            ("id = 40000", 1, 1), ("s = 'late'", 20_000, 3), ("id IN (1, 49999)", 2, 2),
            ("ts >= 49000::timestamp", 1_001, 2), ("ts BETWEEN 100 AND 20000", 19_901, 2),
            ("ts = 16385::timestamp AND s = 'early'", 1, 1), ("id < 0 OR id > 60000", 0, 0),
            ("s IS NULL", 0, 0), ("s = 'lat'", 0, 1),
        ]
        for (condition, found, scanned) in questions {
            let before = storage.metrics(of: table) ?? TableMetrics()

            #expect(
                try client.run("SELECT count(*) FROM t WHERE \(condition)") == ["\(found)"],
                "\(condition)")

            let after = storage.metrics(of: table) ?? TableMetrics()
            #expect(after.blocksScanned - before.blocksScanned == scanned, "\(condition)")
            #expect(after.blocksPruned - before.blocksPruned == 4 - scanned, "\(condition)")
        }
    }
}
