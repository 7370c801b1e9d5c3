import Catalog
import Diagnostics
import Platform
import Storage
import Testing
import Values

@testable import Engine

@Suite("UPDATE and DELETE")
struct ModificationTests {
    private func table() throws -> (EngineRig, Client) {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run(
            """
            CREATE TABLE t (ts TIMESTAMP, s SYMBOL, n INT) TIMESTAMP(ts) PARTITION BY DAY;
            INSERT INTO t VALUES ('2026-01-01', 'a', 1), ('2026-01-02', 'b', 2),
                ('2026-01-03', 'c', 3)
            """)
        return (rig, client)
    }

    @Test("a segment without a row that is meant is left as it is")
    func untouched() throws {
        let (rig, client) = try table()
        try rig.engine.storage.flush()
        let before = Set(rig.engine.storage.snapshot().tables[0].segments.map(\.id))

        #expect(try client.run("UPDATE t SET n = 20 WHERE n = 2") == ["UPDATE 1"])

        let after = Set(rig.engine.storage.snapshot().tables[0].segments.map(\.id))
        #expect(before.count == 3 && after.count == 3)
        #expect(before.intersection(after).count == 2)
    }

    @Test("a segment keeps the range of commits that its rows come from")
    func sequenceRange() throws {
        let (rig, client) = try table()
        try rig.engine.storage.flush()
        let before = rig.engine.storage.snapshot().tables[0].segments.map(\.lastLSN)

        try client.run("UPDATE t SET n = n + 1")

        #expect(rig.engine.storage.snapshot().tables[0].segments.map(\.lastLSN) == before)
    }

    @Test("rows that come while a table is rewritten are kept")
    func concurrentInsert() throws {
        let (rig, client) = try table()
        let other = rig.connect()

        try client.run("BEGIN; DELETE FROM t")
        try other.run("INSERT INTO t VALUES ('2026-01-02', 'late', 4)")

        #expect(try client.run("SELECT s FROM t") == ["late"])
        try client.run("COMMIT")
        #expect(try client.run("SELECT s FROM t") == ["late"])
    }

    @Test("a kept snapshot is not shaken by rows that came later, which are not lost")
    func keptSnapshot() throws {
        let (rig, client) = try table()
        let other = rig.connect()
        try client.run("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1")
        try other.run(
            """
            INSERT INTO t VALUES ('2026-01-02', 'later', 2), ('2026-01-01T12:00:00Z', 'later', 5)
            """)

        #expect(try client.run("UPDATE t SET n = n + 100") == ["UPDATE 3"])
        try other.run("INSERT INTO t VALUES ('2026-01-02', 'last', 6)")

        #expect(try client.run("SELECT n FROM t ORDER BY n") == ["101", "102", "103"])
        #expect(try client.run("DELETE FROM t WHERE n = 103") == ["DELETE 1"])
        try client.run("COMMIT")
        #expect(
            try client.run("SELECT n FROM t ORDER BY n") == ["2", "5", "6", "101", "102"])
    }

    @Test("who waits for a lock goes on when it is given back, from what is newest then")
    func waiting() throws {
        let (rig, client) = try table()
        let other = rig.connect()
        try client.run("BEGIN; UPDATE t SET n = 10 WHERE n = 1")

        let waiter = other.begin("UPDATE t SET n = n + 1 WHERE n >= 10")
        try client.run("COMMIT")

        #expect(try waiter.end() == ["UPDATE 1"])
        #expect(try client.run("SELECT n FROM t ORDER BY n") == ["2", "3", "11"])
    }

    @Test("a wait for a lock ends when it is cancelled")
    func cancelledWait() throws {
        let (rig, client) = try table()
        let other = rig.connect()
        try client.run("BEGIN; UPDATE t SET n = 10 WHERE n = 1")

        let waiter = other.begin("DELETE FROM t")
        other.session.cancel()

        let error = #expect(throws: DatabaseError.self) { try waiter.end() }
        #expect(error?.state == .cancelled)
        try client.run("COMMIT")
        #expect(try other.run("SELECT count(*) FROM t") == ["3"])
    }

    @Test("two blocks that wait for each other: the second is told, the first goes on")
    func deadlock() throws {
        let (rig, client) = try table()
        let other = rig.connect()
        try client.run("CREATE TABLE u (a INT); INSERT INTO u VALUES (1)")
        try client.run("BEGIN; UPDATE t SET n = 10 WHERE n = 1")
        try other.run("BEGIN; UPDATE u SET a = 2")

        let waiter = client.begin("UPDATE u SET a = 3")
        #expect(other.failure("DELETE FROM t")?.state == .deadlock)

        #expect(try waiter.end() == ["UPDATE 1"])
        try client.run("COMMIT")
        #expect(try client.run("SELECT a FROM u") == ["3"])
    }

    @Test("a statement alone is done again when its rows were moved under it")
    func redone() throws {
        let (rig, client) = try table()
        let definition = rig.engine.storage.snapshot().tables[0].definition
        try client.run("BEGIN; UPDATE t SET n = n + 1 WHERE n = 1")
        let before = rig.engine.storage.snapshot().tables[0].segments
        // Compaction, say: it knows no locks.
        let moved = try rig.engine.storage.writeSegments(
            try before.map {
                try rig.engine.storage.run(of: $0, table: definition)
                    .batch(columns: [0, 1, 2], rows: 0..<$0.rows)
            }, of: definition, firstLSN: before[0].firstLSN, lastLSN: before[0].lastLSN)
        _ = try rig.engine.storage.commit(
            Transaction(edits: [
                .replaceSegments(
                    SegmentReplacement(
                        table: definition.id, definitionVersion: 1, removed: before.map(\.id),
                        added: moved))
            ]))

        #expect(client.failure("SELECT n FROM t")?.state == .serializationFailure)
        #expect(try client.run("ROLLBACK; UPDATE t SET n = n + 1") == ["UPDATE 3"])
        #expect(try client.run("SELECT n FROM t ORDER BY n") == ["2", "3", "4"])
    }

    @Test("rows of one moment stay in the order of their commits")
    func orderOfTies() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run(
            "CREATE TABLE o (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        for number in 1...4 {
            try client.run("INSERT INTO o VALUES ('2026-01-01', \(number))")
            try rig.engine.storage.flush()
        }

        try client.run(
            "BEGIN; UPDATE o SET n = n + 10 WHERE n <> 2; UPDATE o SET n = 23 WHERE n = 13")

        #expect(try client.run("SELECT n FROM o ORDER BY ts") == ["11", "2", "23", "14"])
        try client.run("COMMIT")
        #expect(try client.run("SELECT n FROM o ORDER BY ts") == ["11", "2", "23", "14"])
    }

    @Test("with upsert keys only what is seen is changed, and nothing that was hidden comes back")
    func upsertKeys() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        let storage = rig.engine.storage
        _ = try storage.commit(
            Transaction(edits: [
                .createTable(
                    TableDefinition(
                        id: storage.reserveTableID(), name: "k",
                        columns: [
                            ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                            ColumnDefinition(id: 2, name: "s", type: .symbol),
                            ColumnDefinition(id: 3, name: "n", type: .int),
                        ], timestampIndex: 0, partitionUnit: .day, dedupKeys: [1, 2]))
            ]))
        for number in 1...2 {
            try client.run(
                "INSERT INTO k VALUES ('2026-01-01', 'a', \(number)), ('2026-01-01', 'b', \(number))"
            )
            try storage.flush()
        }

        #expect(try client.run("UPDATE k SET n = 9 WHERE n = 1") == ["UPDATE 0"])
        #expect(try client.run("DELETE FROM k WHERE n = 2 AND s = 'a'") == ["DELETE 1"])
        #expect(try client.run("SELECT s, n FROM k") == ["b|2"])
        #expect(try client.run("UPDATE k SET n = n + 1") == ["UPDATE 1"])
        #expect(try client.run("SELECT s, n FROM k") == ["b|3"])
        #expect(client.failure("UPDATE k SET s = 'c'")?.state == .featureNotSupported)
        #expect(client.failure("UPDATE k SET ts = ts + 1")?.position != nil)
    }

    @Test("compaction leaves a table alone while a block has rewritten it")
    func compaction() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        let storage = rig.engine.storage
        try client.run("CREATE TABLE o (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        for number in 1...3 {
            try client.run("INSERT INTO o VALUES ('2026-01-01', \(number))")
            try storage.flush()
        }

        try client.run("BEGIN; UPDATE o SET n = n + 10 WHERE n < 3")
        try storage.compact()

        #expect(try client.run("SELECT n FROM o ORDER BY ts") == ["11", "12", "3"])
        try client.run("COMMIT")
        // Those that were rewritten are one, and the third is by itself.
        #expect(storage.snapshot().tables[0].segments.count == 2)
        try storage.compact()
        #expect(storage.snapshot().tables[0].segments.count == 1)
        #expect(try client.run("SELECT n FROM o ORDER BY ts") == ["11", "12", "3"])
    }
}
