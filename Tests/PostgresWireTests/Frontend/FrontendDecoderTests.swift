import Diagnostics
import Testing

@testable import PostgresWire

@Suite("FrontendDecoder")
struct FrontendDecoderTests {
    func startup(_ bytes: [UInt8]) throws -> StartupMessage? {
        var decoder = FrontendDecoder()
        decoder.append(bytes)
        return try decoder.nextStartup()
    }

    func message(_ bytes: [UInt8]) throws -> FrontendMessage? {
        var decoder = FrontendDecoder()
        decoder.append(bytes)
        return try decoder.next(limit: 1000).map { try FrontendMessage($0) }
    }

    @Test("requests before the start-up packet are told apart")
    func requests() throws {
        #expect(try startup(FrontendEncoder.encryptionRequest()) == .encryptionRequest)
        #expect(try startup(FrontendEncoder.gssEncryptionRequest()) == .gssEncryptionRequest)
        let key = CancelKey(processID: 7, secret: [1, 2, 3, 4])
        #expect(try startup(FrontendEncoder.cancel(key)) == .cancel(key))
        #expect(
            try startup([0, 0, 0, 8, 0, 2, 0, 0]) == .unsupported(major: 2, minor: 0))
    }

    @Test("a start-up packet gives user, database and settings")
    func parameters() throws {
        let bytes = FrontendEncoder.startup(
            user: "u", database: "",
            settings: [
                WireSetting("application_name", "psql"),
                WireSetting("options", #"-c statement_timeout=5s --search-path=a\ b -cx=1 -d 3"#),
                WireSetting("_pq_.x", "1"),
            ], minorVersion: 2)

        guard case .startup(let parameters)? = try startup(bytes) else {
            Issue.record("no start-up packet")
            return
        }

        #expect(parameters.user == "u")
        #expect(parameters.database == "u")
        #expect(parameters.minorVersion == 2)
        #expect(parameters.extensions == ["_pq_.x"])
        #expect(
            parameters.settings == [
                WireSetting("statement_timeout", "5s"), WireSetting("search_path", "a b"),
                WireSetting("x", "1"), WireSetting("application_name", "psql"),
            ])
    }

    @Test(
        "lengths that cannot be are refused as soon as they are read",
        arguments: [
            [0, 0, 0, 0], [0, 0, 0, 7], [0, 0, 0x27, 0x11], [0xff, 0xff, 0xff, 0xff],
            Array("GET ".utf8), Array("HTTP".utf8),
        ] as [[UInt8]])
    func startupLengths(_ bytes: [UInt8]) {
        #expect(throws: DatabaseError.self) { try startup(bytes) }
    }

    @Test("a start-up packet without its last zero is refused")
    func unterminated() {
        var bytes = FrontendEncoder.startup(user: "u", database: "d")
        bytes.removeLast()
        bytes[3] -= 1
        #expect(throws: DatabaseError.self) { try startup(bytes) }
    }

    @Test("messages are read back as they were written")
    func roundTrip() throws {
        #expect(try message(FrontendEncoder.query("select 'é'")) == .query("select 'é'"))
        #expect(
            try message(FrontendEncoder.parse(name: "s", "select $1", parameterTypes: [23, 0]))
                == .parse(name: "s", sql: "select $1", parameterTypes: [23, 0]))
        #expect(
            try message(
                FrontendEncoder.bind(
                    portal: "p", statement: "s", formats: [.binary],
                    values: [[1], nil, []], resultFormats: [.text, .binary]))
                == .bind(
                    portal: "p", statement: "s",
                    BoundValues(
                        formats: [.binary, .binary, .binary], values: [[1], nil, []],
                        resultFormats: [.text, .binary])))
        #expect(
            try message(FrontendEncoder.execute(portal: "p", maximumRows: 5))
                == .execute(portal: "p", maximumRows: 5))
        #expect(try message(FrontendEncoder.describePortal("p")) == .describePortal("p"))
        #expect(try message(FrontendEncoder.closeStatement("s")) == .closeStatement("s"))
        #expect(try message(FrontendEncoder.sync()) == .sync)
        #expect(try message(FrontendEncoder.copyFail("no")) == .copyFail("no"))
    }

    @Test("a statement may have 65535 parameters")
    func manyParameters() throws {
        let bytes = FrontendEncoder.bind(values: Array(repeating: nil, count: 65535))
        var decoder = FrontendDecoder()
        decoder.append(bytes)

        let next = try decoder.next(limit: bytes.count)
        let frame = try #require(next)

        guard case .bind(_, _, let values) = try FrontendMessage(frame) else {
            Issue.record("no Bind")
            return
        }
        #expect(values.values.count == 65535)
    }

    @Test("every cut of a content is an error, and text must be UTF-8")
    func brokenContents() throws {
        let whole = FrontendEncoder.bind(
            portal: "p", statement: "s", formats: [.text], values: [[1, 2], nil],
            resultFormats: [.binary])
        for count in 5..<whole.count {
            let frame = FrontendFrame(kind: .bind, body: Array(whole[5..<count]))
            #expect(throws: DatabaseError.self) { try FrontendMessage(frame) }
        }
        let bad = FrontendFrame(kind: .query, body: [0xff, 0])
        let error = #expect(throws: DatabaseError.self) { try FrontendMessage(bad) }
        #expect(error?.state == .badEncoding)
        for body in [[0x58, 0], [0x53], []] as [[UInt8]] {
            #expect(throws: DatabaseError.self) {
                try FrontendMessage(FrontendFrame(kind: .describe, body: body))
            }
        }
    }

    @Test("negative value lengths other than NULL are refused")
    func negativeLength() {
        var body: [UInt8] = [0, 0, 0, 0, 0, 1]
        body += [0xff, 0xff, 0xff, 0xfe, 0, 0]
        #expect(throws: DatabaseError.self) {
            try FrontendMessage(FrontendFrame(kind: .bind, body: body))
        }
    }

    @Test("a Terminate is seen behind other messages, and nothing else is taken for one")
    func lookAhead() {
        var decoder = FrontendDecoder()
        var found: [Bool] = []
        for bytes in [FrontendEncoder.query("XXXXX"), [0x58, 0, 0, 0], [4]] {
            decoder.append(bytes)
            found.append(decoder.holdsTerminate())
        }

        #expect(found == [false, false, true])
    }
}
