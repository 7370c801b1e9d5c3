import Testing

@testable import SQL

@Suite("BackupStatement")
struct BackupStatementTests {
    private struct Unexpected: Error {}

    private func one(_ text: String) throws -> Statement {
        let parsed = try Parser.parse(text)
        guard parsed.count == 1 else { throw Unexpected() }
        return parsed[0].statement
    }

    private func backup(_ text: String) throws -> BackupStatement {
        guard case .backup(let backup) = try one(text) else { throw Unexpected() }
        return backup
    }

    private func restore(_ text: String) throws -> RestoreStatement {
        guard case .restore(let restore) = try one(text) else { throw Unexpected() }
        return restore
    }

    @Test("BACKUP DATABASE alone is full, serial and to the default place")
    func defaults() throws {
        let statement = try backup("BACKUP database;")

        #expect(statement.scope == .database)
        #expect(statement.kind == .full)
        #expect(statement.destination == nil)
        #expect(statement.name == nil)
        #expect(statement.parallelism == .usual)
        #expect(!statement.isAsynchronous)
        #expect(statement.options.isEmpty)
    }

    @Test("a table's name knows where it stands")
    func tablePosition() throws {
        let statement = try backup("backup table tb2, 'my table'")

        guard case .tables(let tables) = statement.scope else { throw Unexpected() }
        #expect(tables.map(\.name.text) == ["tb2", "my table"])
        #expect(tables.map(\.position) == [13, 18])
    }

    @Test(
        "options stand in any order",
        arguments: [
            "BACKUP TABLE t INCREMENTAL FROM 'p' TO 'd' AS 'n' PARALLEL 3 ASYNC WITH "
                + "(verify = false, rate = '1MB', n = 5)",
            "BACKUP TABLE t WITH (verify = false, rate '1MB', n 5) ASYNC PARALLEL 3 AS 'n' "
                + "TO 'd' INCREMENTAL FROM 'p'",
        ])
    func anyOrder(text: String) throws {
        let statement = try backup(text)

        #expect(statement.kind == .incremental(from: TextLiteral("p")))
        #expect(statement.destination == .path(TextLiteral("d")))
        #expect(statement.name == TextLiteral("n"))
        #expect(statement.parallelism == .workers(3))
        #expect(statement.isAsynchronous)
        #expect(
            statement.options == [
                Option(name: Name("verify"), value: .boolean(false)),
                Option(name: Name("rate"), value: .text("1MB")),
                Option(name: Name("n"), value: .number("5")),
            ])
    }

    @Test("a predicate ends where the next option begins")
    func predicate() throws {
        let statement = try backup("BACKUP TABLE t WHERE a > 1 AND b FULL TO 'd'")

        #expect(statement.filter == (try Parser.parseExpression("a > 1 AND b")))
        #expect(statement.destination == .path(TextLiteral("d")))
    }

    @Test(
        "partitions are a list or a pattern",
        arguments: [
            (
                "LIST '2020-01-01', '2020-01-02'",
                PartitionSelection.list([TextLiteral("2020-01-01"), TextLiteral("2020-01-02")])
            ),
            ("LIKE '%2020%'", .like(TextLiteral("%2020%"))),
        ])
    func partitions(text: String, expected: PartitionSelection) throws {
        #expect(try backup("BACKUP TABLE t PARTITION \(text) FULL").partitions == expected)
        #expect(try restore("RESTORE TABLE t FROM 'x' PARTITION \(text)").partitions == expected)
    }

    @Test("RESTORE refuses by default and says where rows go")
    func restoreTargets() throws {
        let plain = try restore("RESTORE TABLE t FROM 'b'")
        let renamed = try restore("RESTORE TABLE t FROM 'b' AS u")
        let into = try restore("RESTORE TABLE t FROM 'b' INCREMENTAL INTO u")
        let past = try restore("RESTORE DATABASE FROM 'b' AS OF '2024-01-01' FULL")

        let other = TableName(name: Name("U"))
        #expect(plain.target == .original)
        #expect(plain.mode == .refuse)
        #expect(renamed.target == .newTable(other))
        #expect(into.target == .existingTable(other))
        #expect(into.mode == .differing)
        #expect(past.asOf == TextLiteral("2024-01-01"))
        #expect(past.mode == .replace)
    }

    @Test("the small statements keep their words")
    func smallStatements() throws {
        let name = TextLiteral("b")
        #expect(try one("snapshot PREPARE") == .snapshot(.prepare, position: 0))
        #expect(try one("CHECKPOINT RELEASE;") == .checkpoint(.release, position: 0))
        #expect(
            try one("VERIFY BACKUP 'b' DEEP")
                == .verifyBackup(VerifyBackup(name: name, depth: .deep)))
        #expect(
            try one("VERIFY BACKUP 'b'")
                == .verifyBackup(VerifyBackup(name: name, depth: .checksums)))
        #expect(try one("DROP BACKUP 'b'") == .dropBackup(name))
        #expect(try one("CANCEL BACKUP 'b'") == .cancelBackup(name))
    }
}
