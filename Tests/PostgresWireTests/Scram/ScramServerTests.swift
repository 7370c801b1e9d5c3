import Bytes
import Diagnostics
import Testing

@testable import PostgresWire

@Suite("SCRAM-SHA-256")
struct ScramTests {
    static let clientNonce = "rOprNGfwEbeRWgbNEkqO"
    static let clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    static let ownNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    static let salt = "W22ZaJ0SNY7soEsUEjb6gQ=="
    static let serverFirst =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    static let clientFinal =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    static let serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

    @Test("the example of RFC 7677 holds on both sides")
    func example() throws {
        let nonce = try #require(Base64.decode(Self.clientNonce.utf8))
        let salt = try #require(Base64.decode(Self.salt.utf8))
        var client = ScramClient(user: "user", password: "pencil", .test(nonce: nonce))
        let verifier = ScramVerifier(password: "pencil", salt: salt, .test())
        var server = ScramServer(verifier: verifier, channelBinding: nil, .test())

        let first = client.begin()
        let challenge = try server.begin(
            mechanism: ScramServer.mechanism, first, ownNonce: Array(Self.ownNonce.utf8))
        let proof = try client.respond(challenge)
        let answer = try server.finish(proof)
        let signature = try #require(answer)

        #expect(String(decoding: first, as: UTF8.self) == Self.clientFirst)
        #expect(String(decoding: challenge, as: UTF8.self) == Self.serverFirst)
        #expect(String(decoding: proof, as: UTF8.self) == Self.clientFinal)
        #expect(String(decoding: signature, as: UTF8.self) == Self.serverFinal)
        #expect(throws: Never.self) { try client.finish(signature) }
    }

    @Test("a wrong password gives no signature")
    func wrongPassword() throws {
        var client = ScramClient(password: "right?", .quick())
        let verifier = ScramVerifier(password: "wrong", salt: [1, 2], .quick())
        var server = ScramServer(verifier: verifier, channelBinding: nil, .quick())

        let challenge = try server.begin(mechanism: ScramServer.mechanism, client.begin())
        let answer = try server.finish(try client.respond(challenge))

        #expect(answer == nil)
    }

    @Test("a client refuses a server that does not know the verifier")
    func falseServer() throws {
        var client = ScramClient(password: "p", .quick())
        _ = client.begin()

        #expect(throws: DatabaseError.self) {
            try client.finish(Array("v=AAAA".utf8))
        }
        #expect(throws: DatabaseError.self) { try client.finish(Array("v=".utf8)) }
    }

    @Test(
        "first messages out of shape are refused",
        arguments: [
            "", "n", "n,", "n,,", "n,,n=", "n,,n=,", "n,,n=,r=", "n,,r=abc", "x,,n=,r=abc",
            "n,a=root,n=,r=abc", "p=tls-unique,,n=,r=abc", "p=tls-server-end-point,,n=,r=abc",
            "n,,m=ext,n=,r=abc", "n,,n=,r=a\u{1}b",
        ])
    func malformed(_ message: String) {
        let verifier = ScramVerifier(password: "p", salt: [1], .quick())
        var server = ScramServer(verifier: verifier, channelBinding: nil, .quick())

        #expect(throws: DatabaseError.self) {
            try server.begin(mechanism: ScramServer.mechanism, Array(message.utf8))
        }
    }

    @Test(
        "proofs that belong elsewhere are refused",
        arguments: [
            "", "c=biws", "c=biws,r=other,p=AAAA", "c=eSws,r=abcAAECAwQFBgcICQoLDA0ODxAR,p=AAAA",
            "r=abc,c=biws,p=AAAA", "c=biws,r=abcAAECAwQFBgcICQoLDA0ODxAR",
            "c=biws,r=abcAAECAwQFBgcICQoLDA0ODxAR,p=!",
        ])
    func foreignProof(_ message: String) throws {
        let verifier = ScramVerifier(password: "p", salt: [1], .quick())
        var server = ScramServer(verifier: verifier, channelBinding: nil, .quick())
        _ = try server.begin(mechanism: ScramServer.mechanism, Array("n,,n=,r=abc".utf8))

        #expect(throws: DatabaseError.self) { try server.finish(Array(message.utf8)) }
    }

    @Test("a client that could bind but was offered nothing is warned of a man in the middle")
    func downgrade() {
        let verifier = ScramVerifier(password: "p", salt: [1], .quick())
        var server = ScramServer(verifier: verifier, channelBinding: [1], .quick())

        #expect(throws: DatabaseError.self) {
            try server.begin(mechanism: ScramServer.mechanism, Array("y,,n=,r=abc".utf8))
        }
    }

    @Test("channel binding covers the certificate")
    func binding() throws {
        let verifier = ScramVerifier(password: "p", salt: [1], .quick())
        func finish(bound: [UInt8]) throws -> [UInt8]? {
            var server = ScramServer(verifier: verifier, channelBinding: [7, 8, 9], .quick())
            let header = Array("p=tls-server-end-point,,".utf8)
            let bare = Array("n=,r=abc".utf8)
            let challenge = try server.begin(
                mechanism: ScramServer.boundMechanism, header + bare)
            let nonce = Array("abc".utf8) + Base64.encode(Array(0..<18))
            let unproved =
                Array("c=".utf8) + Base64.encode(header + bound) + Array(",r=".utf8) + nonce
            let comma = Array(",".utf8)
            let keys = ScramKeys(
                password: "p", salt: [1], iterations: verifier.iterations, .quick())
            let signature = TestSHA256.hmac(
                keys.storedKey, bare + comma + challenge + comma + unproved)
            return try server.finish(
                unproved + Array(",p=".utf8) + Base64.encode(xor(keys.clientKey, signature)))
        }

        #expect(try finish(bound: [7, 8, 9]) != nil)
        #expect(throws: DatabaseError.self) { try finish(bound: [7, 8, 0]) }
    }

    @Test("a verifier survives being stored")
    func stored() {
        let verifier = ScramVerifier(password: "pä$:", salt: [1, 2, 3], .quick())

        #expect(ScramVerifier(encoded: verifier.encoded) == verifier)
        #expect(verifier.accepts(password: "pä$:", .quick()))
        #expect(!verifier.accepts(password: "p", .quick()))
        for text in ["", "md5abc", "SCRAM-SHA-256$x:AAAA$AAAA:AAAA", "SCRAM-SHA-256$1:$:"] {
            #expect(ScramVerifier(encoded: text) == nil)
        }
    }
}
