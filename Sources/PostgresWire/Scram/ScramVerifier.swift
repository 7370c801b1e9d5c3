import Bytes

/// What a server keeps of a password: enough to check it, not enough to log in with it.
package struct ScramVerifier: Sendable, Equatable {
    package let salt: [UInt8]
    package let iterations: Int
    package let storedKey: [UInt8]
    package let serverKey: [UInt8]

    package init(salt: [UInt8], iterations: Int, storedKey: [UInt8], serverKey: [UInt8]) {
        self.salt = salt
        self.iterations = iterations
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    /// Derives the verifier of a password.
    package init(
        password: String, salt: [UInt8],
        iterations: Int = PostgresLimits.scramMinimumIterations, _ cryptography: ScramCryptography
    ) {
        let keys = ScramKeys(
            password: password, salt: salt, iterations: iterations, cryptography)
        self.init(
            salt: salt, iterations: iterations, storedKey: keys.storedKey,
            serverKey: keys.serverKey)
    }

    /// Makes a verifier no password fits, the same at each attempt, so that a stranger cannot tell
    /// a user that does not exist from one that does.
    package static func mock(
        user: String, secret: [UInt8], _ cryptography: ScramCryptography
    ) -> ScramVerifier {
        let salt = Array(cryptography.hmac(secret, Array("salt:\(user)".utf8)).prefix(16))
        let key = cryptography.hmac(secret, Array("key:\(user)".utf8))
        return ScramVerifier(
            salt: salt, iterations: PostgresLimits.scramMinimumIterations, storedKey: key,
            serverKey: key)
    }

    /// Tells whether a password given in the clear is the right one.
    package func accepts(password: String, _ cryptography: ScramCryptography) -> Bool {
        let keys = ScramKeys(
            password: password, salt: salt, iterations: iterations, cryptography)
        return digestsMatch(keys.storedKey, storedKey)
    }

    /// The form PostgreSQL stores: `SCRAM-SHA-256$<iterations>:<salt>$<storedKey>:<serverKey>`.
    package var encoded: String {
        func text(_ bytes: [UInt8]) -> String {
            String(decoding: Base64.encode(bytes), as: UTF8.self)
        }
        return "SCRAM-SHA-256$\(iterations):\(text(salt))$\(text(storedKey)):\(text(serverKey))"
    }

    /// Reads the stored form; nil when it is not one.
    package init?(encoded: String) {
        let parts = encoded.utf8.split(separator: UInt8(ascii: "$"))
        guard parts.count == 3, parts[0].elementsEqual("SCRAM-SHA-256".utf8) else { return nil }
        let first = parts[1].split(separator: UInt8(ascii: ":"), maxSplits: 1)
        let second = parts[2].split(separator: UInt8(ascii: ":"), maxSplits: 1)
        guard first.count == 2, second.count == 2,
            let iterations = Int(String(decoding: first[0], as: UTF8.self)), iterations > 0,
            iterations <= PostgresLimits.scramIterations,
            let salt = Base64.decode(first[1]), let storedKey = Base64.decode(second[0]),
            let serverKey = Base64.decode(second[1]), storedKey.count == 32, serverKey.count == 32
        else { return nil }
        self.init(
            salt: salt, iterations: iterations, storedKey: storedKey, serverKey: serverKey)
    }
}

/// The keys a password gives with one salt and one number of rounds (RFC 5802, section 3).
struct ScramKeys {
    let clientKey: [UInt8]
    let storedKey: [UInt8]
    let serverKey: [UInt8]

    init(
        password: String, salt: [UInt8], iterations: Int, _ cryptography: ScramCryptography
    ) {
        let salted = cryptography.pbkdf2(Array(password.utf8), salt, iterations)
        clientKey = cryptography.hmac(salted, Array("Client Key".utf8))
        storedKey = cryptography.sha256(clientKey)
        serverKey = cryptography.hmac(salted, Array("Server Key".utf8))
    }
}
