import Diagnostics
import Execution
import Planner
import SQL
import Testing
import Values

@testable import Engine

@Suite("Session")
struct SessionTests {
    @Test("a transaction's rows are its own until it commits")
    func isolation() throws {
        let rig = try EngineRig()
        let writer = rig.connect()
        let reader = rig.connect()
        try writer.run("CREATE TABLE t (a INT)")

        try writer.run("BEGIN")
        try writer.run("INSERT INTO t VALUES (1)")
        try writer.run("INSERT INTO t VALUES (2)")

        #expect(try writer.run("SELECT sum(a) FROM t") == ["3"])
        #expect(try reader.run("SELECT count(*) FROM t") == ["0"])
        try writer.run("COMMIT")
        #expect(try reader.run("SELECT sum(a) FROM t") == ["3"])
    }

    @Test("a rollback leaves nothing")
    func rollback() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run("CREATE TABLE t (a INT)")

        try client.run("BEGIN; INSERT INTO t VALUES (1); CREATE TABLE u (b INT); ROLLBACK")

        #expect(try client.run("SELECT count(*) FROM t") == ["0"])
        #expect(client.failure("SELECT * FROM u")?.state.code == "42P01")
    }

    @Test("a failed block takes nothing but its end")
    func failed() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run("CREATE TABLE t (a INT)")

        try client.run("BEGIN")
        #expect(client.failure("SELECT 1/0") != nil)
        #expect(client.session.status == .failed)
        #expect(client.failure("SELECT 1")?.state.code == "25P02")
        #expect(try client.run("COMMIT") == ["ROLLBACK"])
        #expect(client.session.status == .idle)
    }

    @Test("a table made in a block is there for the block, with its rows")
    func definitionInBlock() throws {
        let rig = try EngineRig()
        let client = rig.connect()

        try client.run("BEGIN; CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")

        #expect(try client.run("SELECT a FROM t") == ["7"])
        try client.run("COMMIT")
        #expect(try rig.connect().run("SELECT a FROM t") == ["7"])
    }

    @Test("a description tells parameters and columns")
    func description() throws {
        let rig = try EngineRig()
        let session = rig.engine.makeSession()
        let statement = try #require(try session.parse("SELECT 1 AS one, $1 + 2").first)

        let (_, description) = try session.describe(statement)

        #expect(description.parameterTypes == [.int])
        #expect(description.columns?.map(\.name) == ["one", "?column?"])
        #expect(description.columns?.map(\.type) == [.int, .int])
    }

    @Test("a cancelled query ends with 57014")
    func cancelled() throws {
        let rig = try EngineRig()
        let session = rig.engine.makeSession()
        let statement = try #require(try session.parse("SELECT x FROM long_sequence(9)").first)
        var found: Cursor?
        session.execute(statement) { result in
            if case .success(.rows(let cursor, _)) = result { _ = cursor }
        }
        let view = session.view()
        found = try session.cursor(
            try Self.bound("SELECT x FROM long_sequence(9)", view), view)

        session.cancel()

        #expect(throws: DatabaseError.self) { try found?.next() }
    }

    private static func bound(_ text: String, _ view: StatementView) throws -> BoundQuery {
        var binder = Binder(relations: view)
        guard case .select(let query)? = try Parser.parse(text).first?.statement else {
            throw DatabaseError(.internalError, "not a query")
        }
        return try binder.bindQuery(query)
    }

    @Test("prepared statements run with arguments")
    func prepared() throws {
        let rig = try EngineRig()
        let client = rig.connect()

        try client.run("PREPARE add AS SELECT $1 + 1")

        #expect(try client.run("EXECUTE add(41)") == ["42"])
        #expect(client.failure("EXECUTE other(1)")?.state.code == "26000")
    }

    @Test("settings are set, shown and refused")
    func settings() throws {
        let rig = try EngineRig()
        let client = rig.connect()

        try client.run("SET application_name = 'probe'")

        #expect(try client.run("SHOW application_name") == ["probe"])
        #expect(client.failure("SET server_version = '9'")?.state.code == "22023")
        #expect(client.failure("SET nothing = 1")?.state.code == "42704")
    }

    @Test("statements of one text are one commit when asked to be")
    func implicitTransaction() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run("CREATE TABLE t (a INT)")

        client.session.openImplicitTransaction()
        try client.run("INSERT INTO t VALUES (1)")
        #expect(client.failure("INSERT INTO t VALUES (1 / 0)") != nil)
        client.session.closeImplicitTransaction { _ in }

        #expect(try client.run("SELECT count(*) FROM t") == ["0"])
    }
}
