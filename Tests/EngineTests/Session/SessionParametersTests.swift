import Diagnostics
import Synchronization
import Testing

@testable import Engine

@Suite("SessionParameters")
struct SessionParametersTests {
    private final class Heard: Sendable {
        private let all = Mutex<[Notice]>([])

        func note(_ notice: Notice) { all.withLock { $0.append(notice) } }
        func take() -> [Notice] {
            all.withLock { notices in
                defer { notices = [] }
                return notices
            }
        }
    }

    private let rig: EngineRig
    private let heard = Heard()
    private let client: Client

    init() throws {
        rig = try EngineRig()
        client = Client(rig.engine.makeSession { [heard] in heard.note($0) }, rig.platform)
    }

    @Test(
        "a value that holds is taken without a word",
        arguments: [
            ("TimeZone", "UTC", "UTC"), ("timezone", "Etc/UTC", "Etc/UTC"), ("timezone", "0", "0"),
            ("timezone", "+00:00", "+00:00"), ("DateStyle", "ISO", "ISO, MDY"),
            ("datestyle", "iso, dmy", "ISO, DMY"), ("datestyle", "YMD", "ISO, YMD"),
            ("bytea_output", "hex", "hex"), ("standard_conforming_strings", "on", "on"),
            ("standard_conforming_strings", "TRUE", "on"), ("extra_float_digits", "3", "3"),
            ("extra_float_digits", "2", "2"), ("IntervalStyle", "postgres", "postgres"),
            ("client_encoding", "utf-8", "UTF8"), ("synchronous_commit", "on", "on"),
            ("row_security", "off", "off"), ("jit", "off", "off"), ("app.user", "me", "me"),
            ("default_table_access_method", "heap", "heap"), ("xmloption", "content", "content"),
            ("idle_in_transaction_session_timeout", "0", "0"), ("application_name", "x", "x"),
            ("client_min_messages", "WARNING", "warning"), ("statement_timeout", "5s", "5s"),
        ])
    func taken(name: String, value: String, shown: String) throws {
        #expect(try client.run("SET \(name) TO '\(value)'") == ["SET"])

        #expect(try client.run("SHOW \(name)") == [shown])
        #expect(heard.take() == [])
    }

    @Test(
        "a value that does not hold is warned of, and SHOW gives what holds",
        arguments: [
            ("TimeZone", "Europe/Berlin", "UTC", "times are shown in UTC"),
            ("timezone", "+02", "UTC", "times are shown in UTC"),
            ("DateStyle", "German, DMY", "ISO, MDY", "ISO 8601"),
            ("datestyle", "SQL", "ISO, MDY", "ISO 8601"),
            ("bytea_output", "escape", "hex", "hexadecimal"),
            ("standard_conforming_strings", "off", "on", "is a backslash"),
            ("extra_float_digits", "0", "1", "all the digits"),
            ("extra_float_digits", "-15", "1", "all the digits"),
            ("IntervalStyle", "iso_8601", "postgres", "02:03:04"),
            ("synchronous_commit", "off", "on", "durable"),
            ("idle_in_transaction_session_timeout", "5min", "0", "no idle transaction"),
            ("work_mem", "64MB", "4MB", "whole server"),
            ("default_table_access_method", "columnar", "heap", "one kind of table"),
        ])
    func kept(name: String, value: String, shown: String, why: String) throws {
        #expect(try client.run("SET \(name) TO '\(value)'") == ["SET"])

        let notices = heard.take()
        #expect(notices.map(\.severity) == [.warning])
        #expect(notices.map(\.state) == [.warning])
        let message = notices.first?.message ?? ""
        #expect(message.contains(why) && message.contains(value), "\(message)")
        #expect(try client.run("SHOW \(name)") == [shown])
        // A client that asks for the same when it connects gets its session.
        let other = rig.engine.makeSession()
        other.applyStartup(name, value)
        #expect(other.parameters[name] == shown)
    }

    @Test(
        "a value that nobody understands is refused",
        arguments: [
            "SET datestyle TO 'nonsense'", "SET extra_float_digits TO 4",
            "SET bytea_output TO 'base64'",
            "SET extra_float_digits TO 'many'", "SET standard_conforming_strings TO 'maybe'",
            "SET client_min_messages TO 'loud'", "SET intervalstyle TO 'long'",
            "SET jit TO 'perhaps'",
            "SET idle_in_transaction_session_timeout TO 'never'",
        ])
    func refused(text: String) {
        #expect(client.failure(text)?.state == .invalidParameter)
    }

    @Test("client_min_messages is what a client hears")
    func leastMessages() throws {
        try client.run("SET client_min_messages TO warning")
        try client.run("DROP TABLE IF EXISTS nothing")
        #expect(heard.take() == [])
        try client.run("SET TimeZone TO 'Asia/Tokyo'")
        #expect(heard.take().count == 1)
        try client.run("SET client_min_messages TO error")
        try client.run("SET TimeZone TO 'Asia/Tokyo'")
        #expect(heard.take() == [])
        try client.run("RESET ALL")
        try client.run("DROP TABLE IF EXISTS nothing")
        #expect(heard.take().map(\.severity) == [.notice])
    }

    @Test("SET LOCAL does nothing outside of a block and says so")
    func localOutside() throws {
        try client.run("SET LOCAL application_name TO 'x'")

        #expect(heard.take().map(\.state) == [.noActiveTransaction])
        #expect(try client.run("SHOW application_name") == [""])
        #expect(client.failure("SET LOCAL nonsense TO 'x'")?.state == .undefinedObject)
    }

    @Test(
        "SET LOCAL ends with its block, and the client is told", arguments: ["COMMIT", "ROLLBACK"])
    func local(ending: String) throws {
        try client.run("SET application_name TO 'outer'")
        try client.run("BEGIN")
        try client.run("SET LOCAL application_name TO 'x'")
        try client.run("SET LOCAL search_path TO 'lab'")
        try client.run("SET LOCAL search_path TO 'work'")
        #expect(try client.run("SHOW application_name") == ["x"])

        guard case .command(let command) = try client.outcome(ending) else {
            throw DatabaseError(.internalError, "no command")
        }

        #expect(command.reportedParameters.map(\.name) == ["application_name", "search_path"])
        #expect(command.reportedParameters.map(\.value) == ["outer", "\"$user\", public"])
        #expect(try client.run("SHOW application_name") == ["outer"])
        #expect(heard.take() == [])
    }

    @Test("a failed block ends SET LOCAL, and the client is told at its end")
    func localFailed() throws {
        try client.run("BEGIN")
        try client.run("SET LOCAL application_name TO 'x'")
        _ = client.failure("SELECT 1 / 0 FROM nothing")

        guard case .command(let command) = try client.outcome("COMMIT") else {
            throw DatabaseError(.internalError, "no command")
        }

        #expect(command.tag == "ROLLBACK")
        #expect(command.reportedParameters.map(\.value) == [""])
    }

    private func command(_ text: String) throws -> CommandResult {
        guard case .command(let command) = try client.outcome(text) else {
            throw DatabaseError(.internalError, "no command")
        }
        return command
    }

    @Test("SET in a block is undone by ROLLBACK, and the client is told")
    func undone() throws {
        let session = client.session
        try client.run("SET application_name TO 'outer'")
        try client.run("BEGIN")
        try client.run("SET application_name TO 'x'")
        try client.run("SET LOCAL application_name TO 'y'")
        try client.run("SET application_name TO 'z'")
        try client.run("SET statement_timeout TO '0'")
        try client.run("SET lock_timeout TO '1s'")
        try client.run("SET client_min_messages TO 'error'")

        let ended = try command("ROLLBACK")

        #expect(ended.reportedParameters.map(\.name) == ["application_name"])
        #expect(ended.reportedParameters.map(\.value) == ["outer"])
        #expect(session.parameters.statementTimeoutMilliseconds == nil)
        #expect(session.parameters.lockTimeoutMilliseconds == 10_000)
        #expect(try client.run("SHOW application_name") == ["outer"])
        // Notices come again, too.
        try client.run("DROP TABLE IF EXISTS nothing")
        #expect(heard.take().count == 1)
    }

    @Test("SET in a block stays with COMMIT, below what SET LOCAL has hidden it by")
    func committed() throws {
        try client.run("BEGIN")
        try client.run("SET application_name TO 'x'")
        try client.run("SET LOCAL application_name TO 'y'")

        let ended = try command("COMMIT")

        #expect(ended.reportedParameters.map(\.value) == ["x"])
        try client.run("BEGIN")
        try client.run("SELECT 1")
        #expect(try command("ROLLBACK").reportedParameters.isEmpty)
        #expect(try client.run("SHOW application_name") == ["x"])
    }

    @Test("a commit that fails undoes SET")
    func failedCommit() throws {
        let other = rig.connect()
        try client.run("CREATE TABLE t (x INT)")
        try client.run("BEGIN")
        try client.run("SET application_name TO 'x'")
        try client.run("INSERT INTO t VALUES (1)")
        try other.run("DROP TABLE t")

        #expect(client.failure("COMMIT") != nil)

        #expect(client.session.takeParameterReports().map(\.value) == [""])
        #expect(try client.run("SHOW application_name") == [""])
    }

    @Test("a failure in statements that came together undoes their SET")
    func implicit() throws {
        client.session.openImplicitTransaction()
        try client.run("SET application_name TO 'x'")
        _ = client.failure("SELECT * FROM nothing")

        #expect(try client.run("SHOW application_name") == [""])
        #expect(client.session.takeParameterReports().map(\.name) == ["application_name"])
    }

    @Test("RESET ALL tells the client what changed, and ROLLBACK brings it back")
    func resetAll() throws {
        try client.run("SET application_name TO 'x'")
        try client.run("SET app.user TO 'me'")
        try client.run("SET statement_timeout TO '5s'")
        try client.run("BEGIN")

        #expect(try command("RESET ALL").reportedParameters.map(\.value) == [""])
        #expect(client.failure("SHOW app.user") != nil)

        let ended = try command("ROLLBACK")
        #expect(ended.reportedParameters.map(\.value) == ["x"])
        #expect(try client.run("SHOW app.user") == ["me"])
        #expect(client.session.parameters.statementTimeoutMilliseconds == 5_000)
    }

    @Test("limits of time that SET LOCAL has set end with the block")
    func localLimits() throws {
        let session = client.session
        try client.run("BEGIN")
        try client.run("SET LOCAL statement_timeout TO '5s'")
        try client.run("SET LOCAL lock_timeout TO '1s'")
        #expect(session.parameters.statementTimeoutMilliseconds == 5_000)
        #expect(session.parameters.lockTimeoutMilliseconds == 1_000)

        try client.run("COMMIT")

        #expect(session.parameters.statementTimeoutMilliseconds == nil)
        #expect(session.parameters.lockTimeoutMilliseconds == 10_000)
    }
}
