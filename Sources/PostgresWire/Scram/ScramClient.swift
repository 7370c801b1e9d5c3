import Bytes
package import Diagnostics

/// The client's side of one SCRAM-SHA-256 exchange, without channel binding.
package struct ScramClient: Sendable {
    private let cryptography: ScramCryptography
    private let user: String
    private let password: String
    private var nonce: [UInt8] = []
    private var firstBare: [UInt8] = []
    private var expectedSignature: [UInt8] = []

    /// - Parameter user: empty for PostgreSQL, which takes the name of the start-up packet.
    package init(user: String = "", password: String, _ cryptography: ScramCryptography) {
        self.user = user
        self.password = password
        self.cryptography = cryptography
    }

    /// Returns the first message.
    package mutating func begin() -> [UInt8] {
        nonce = Base64.encode(cryptography.nonce())
        var name = ""
        for character in user.unicodeScalars {
            switch character {
            case ",": name += "=2C"
            case "=": name += "=3D"
            default: name.unicodeScalars.append(character)
            }
        }
        firstBare = Array("n=\(name),r=".utf8) + nonce
        return Array("n,,".utf8) + firstBare
    }

    /// Takes the server's challenge and returns the proof.
    ///
    /// - Throws: 08P01 for a message out of shape.
    package mutating func respond(_ message: [UInt8]) throws(DatabaseError) -> [UInt8] {
        let attributes = ScramAttributes(message[...])
        let whole = try attributes.value(0, "r")
        guard whole.starts(with: nonce), whole.count > nonce.count,
            let salt = Base64.decode(try attributes.value(1, "s")),
            let iterations = Int(String(decoding: try attributes.value(2, "i"), as: UTF8.self)),
            iterations > 0, iterations <= PostgresLimits.scramIterations
        else { throw .malformedScram("holds a challenge that cannot be met") }
        let keys = ScramKeys(
            password: password, salt: salt, iterations: iterations, cryptography)
        let unproved = Array("c=biws,r=".utf8) + whole
        let comma = Array(",".utf8)
        let signed = firstBare + comma + message + comma + unproved
        let proof = xor(keys.clientKey, cryptography.hmac(keys.storedKey, signed))
        expectedSignature = cryptography.hmac(keys.serverKey, signed)
        return unproved + Array(",p=".utf8) + Base64.encode(proof)
    }

    /// Checks the server's signature: only one that knows the verifier can make it.
    ///
    /// - Throws: 08P01 for a message out of shape or a wrong signature.
    package func finish(_ message: [UInt8]) throws(DatabaseError) {
        let signature = Base64.decode(try ScramAttributes(message[...]).value(0, "v"))
        guard let signature, digestsMatch(signature, expectedSignature), !signature.isEmpty else {
            throw .malformedScram("carries a wrong server signature")
        }
    }
}
