import Diagnostics
import Testing

@testable import PostgresWire

@Suite("ConnectionMachine, start-up")
struct ConnectionStartupTests {
    @Test("a client that knows the password gets in")
    func login() {
        var harness = ConnectionHarness()
        var client = ClientMachine.quick()

        let events = harness.converse(&client)

        #expect(events.last == .ready(.idle))
        #expect(events.contains(.parameter(WireSetting("client_encoding", "UTF8"))))
        #expect(events.contains(.key(CancelKey(processID: 77, secret: [1, 2, 3, 4]))))
        #expect(harness.machine.isAuthenticated)
    }

    @Test("a wrong password and an unknown user get the same answer", arguments: [true, false])
    func refused(_ knowsUser: Bool) throws {
        var harness = ConnectionHarness()
        harness.knowsUser = knowsUser
        var client = ClientMachine.quick(password: knowsUser ? "wrong" : "secret")

        let events = harness.converse(&client)

        guard case .error(let report)? = events.last else {
            Issue.record("no error")
            return
        }
        #expect(report.severity == "FATAL")
        #expect(report.code == "28P01")
        #expect(report.message == "password authentication failed for user \"ada\"")
        #expect(harness.log.last == .close)
        #expect(
            !harness.log.contains { if case .request(.openSession) = $0 { true } else { false } })
    }

    @Test("an encryption request is answered with one byte")
    func encryption() {
        var harness = ConnectionHarness()
        harness.feed(FrontendEncoder.gssEncryptionRequest())
        harness.feed(FrontendEncoder.encryptionRequest())
        #expect(harness.output == Array("NN".utf8))

        harness = ConnectionHarness(.offered)
        harness.feed(FrontendEncoder.gssEncryptionRequest())
        harness.feed(FrontendEncoder.encryptionRequest())
        #expect(harness.output == Array("NS".utf8))
        #expect(harness.log == [.startTLS])
    }

    @Test("a client too many is told so once it has asked to come in, not before")
    func refusal() throws {
        let tooMany = DatabaseError(.tooManyConnections, "too many")
        var harness = ConnectionHarness(refusal: tooMany)
        harness.feed(FrontendEncoder.gssEncryptionRequest())
        harness.feed(FrontendEncoder.encryptionRequest())
        #expect(harness.output == Array("NN".utf8))
        #expect(harness.log.isEmpty)

        var client = ClientMachine.quick()
        let events = harness.converse(&client)

        guard case .error(let report)? = events.last else {
            Issue.record("no error")
            return
        }
        #expect(report.code == "53300")
        #expect(report.severity == "FATAL")
        #expect(harness.log == [.close])
    }

    @Test("a client too many may cancel what runs")
    func cancelBeyondTheLimit() {
        let key = CancelKey(processID: 7, secret: [1, 2, 3, 4])
        var harness = ConnectionHarness(
            refusal: DatabaseError(.tooManyConnections, "too many"))

        harness.feed(FrontendEncoder.cancel(key))

        #expect(harness.log == [.cancel(key), .close])
    }

    @Test(
        "plaintext behind an encryption request is refused (CVE-2021-23214)",
        arguments: [ConnectionMachine.Encryption.offered, .refused])
    func smuggling(_ encryption: ConnectionMachine.Encryption) throws {
        var harness = ConnectionHarness(encryption)

        harness.feed(
            FrontendEncoder.encryptionRequest()
                + FrontendEncoder.startup(user: "ada", database: "d"))

        #expect(harness.log == [.close])
        #expect(try harness.errors().map(\.code) == ["08P01"])
    }

    @Test("plaintext that comes while the handshake runs is refused")
    func lateSmuggling() {
        var harness = ConnectionHarness(.offered)
        harness.feed(FrontendEncoder.encryptionRequest())
        harness.feed([0])

        #expect(harness.log == [.startTLS, .close])
    }

    @Test("inside TLS the log-in goes on, with channel binding on offer")
    func insideTLS() throws {
        var harness = ConnectionHarness(.required)
        harness.feed(FrontendEncoder.encryptionRequest())
        harness.perform(harness.machine.tlsEstablished(certificateHash: [1]))
        harness.output = []
        harness.feed(FrontendEncoder.startup(user: "ada", database: "d"))

        #expect(
            try decodeAll(harness.output) == [
                .authenticationSASL(mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"])
            ])
    }

    @Test("a server that insists on TLS refuses plaintext")
    func required() throws {
        var harness = ConnectionHarness(.required)
        harness.feed(FrontendEncoder.startup(user: "ada", database: "d"))

        #expect(try harness.errors().map(\.code) == ["28000"])
        #expect(harness.log == [.close])
    }

    @Test("a cancel request is passed on and the connection closes without a word")
    func cancel() {
        var harness = ConnectionHarness()
        let key = CancelKey(processID: 5, secret: [9, 9, 9, 9])
        harness.feed(FrontendEncoder.cancel(key))

        #expect(harness.log == [.cancel(key), .close])
        #expect(harness.output.isEmpty)
    }

    @Test("a newer minor version is negotiated down")
    func negotiation() throws {
        var harness = ConnectionHarness()
        harness.feed(
            FrontendEncoder.startup(
                user: "ada", database: "d", settings: [WireSetting("_pq_.x", "1")],
                minorVersion: 2))

        #expect(
            try decodeAll(harness.output).first
                == .negotiateProtocolVersion(newestMinor: 0, unknown: ["_pq_.x"]))
    }

    @Test(
        "what is no start-up ends the connection with a reason",
        arguments: [
            (Array("GET / HTTP/1.1\r\n".utf8), "08P01"), ([0, 0, 0, 8, 0, 2, 0, 0], "0A000"),
            (FrontendEncoder.startup(user: "", database: "d"), "28000"),
            (
                FrontendEncoder.startup(
                    user: "u", database: "d", settings: [WireSetting("replication", "true")]),
                "0A000"
            ),
        ] as [([UInt8], String)])
    func refusals(_ bytes: [UInt8], _ code: String) throws {
        var harness = ConnectionHarness()
        harness.feed(bytes)

        #expect(try harness.errors().map(\.code) == [code])
        #expect(harness.log.last == .close)
        harness.feed(bytes)
        #expect(harness.log.count == 1)
    }

    @Test("password messages are small, and nothing else is taken before one")
    func passwordLimits() throws {
        for bytes in [[0x70, 0, 1, 0, 1], FrontendEncoder.query("select 1")] as [[UInt8]] {
            var harness = ConnectionHarness()
            harness.feed(FrontendEncoder.startup(user: "ada", database: "d"))
            harness.output = []
            harness.feed(bytes)

            #expect(try harness.errors().map(\.code) == ["08P01"])
            #expect(harness.machine.isClosed)
        }
    }
}
