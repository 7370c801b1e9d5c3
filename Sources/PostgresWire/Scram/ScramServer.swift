import Bytes
package import Diagnostics

/// The server's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677, RFC 5929).
package struct ScramServer: Sendable {
    package static let mechanism = "SCRAM-SHA-256"
    package static let boundMechanism = "SCRAM-SHA-256-PLUS"

    private let cryptography: ScramCryptography
    private let verifier: ScramVerifier
    private let channelBinding: [UInt8]?
    private var expectedBinding: [UInt8] = []
    private var nonce: [UInt8] = []
    private var firstMessages: [UInt8] = []

    /// - Parameter channelBinding: the hash of our certificate as `tls-server-end-point` wants it,
    ///   or nil in the clear.
    package init(
        verifier: ScramVerifier, channelBinding: [UInt8]?, _ cryptography: ScramCryptography
    ) {
        self.verifier = verifier
        self.channelBinding = channelBinding
        self.cryptography = cryptography
    }

    /// What may be offered, best first.
    package static func mechanisms(channelBinding: [UInt8]?) -> [String] {
        channelBinding == nil ? [mechanism] : [boundMechanism, mechanism]
    }

    /// Takes the client's first message and returns the server's.
    ///
    /// - Throws: 08P01 for a message out of shape.
    package mutating func begin(
        mechanism: String, _ message: [UInt8]
    ) throws(DatabaseError) -> [UInt8] {
        try begin(
            mechanism: mechanism, message, ownNonce: Base64.encode(cryptography.nonce()))
    }

    /// The same with our part of the nonce given, as the examples of the RFC need it.
    mutating func begin(
        mechanism: String, _ message: [UInt8], ownNonce: [UInt8]
    ) throws(DatabaseError) -> [UInt8] {
        let isBound = mechanism == Self.boundMechanism
        guard mechanism == Self.mechanism || isBound && channelBinding != nil else {
            throw .malformedScram("names a mechanism that was not offered")
        }
        // gs2-header: flag, authorisation identity, each closed by a comma.
        guard let flagEnd = message.firstIndex(of: UInt8(ascii: ",")),
            let headerEnd = message[(flagEnd + 1)...].firstIndex(of: UInt8(ascii: ","))
        else { throw .malformedScram("has no header") }
        guard headerEnd == flagEnd + 1 else {
            throw .malformedScram("asks for an authorization identity, which is not supported")
        }
        try checkFlag(message[..<flagEnd], isBound: isBound)
        expectedBinding = Array(message[...headerEnd]) + (isBound ? channelBinding ?? [] : [])

        let bare = message[(headerEnd + 1)...]
        let attributes = ScramAttributes(bare)
        _ = try attributes.value(0, "n")
        let clientNonce = try attributes.value(1, "r")
        guard ScramAttributes.isNonce(clientNonce) else {
            throw .malformedScram("holds a nonce that is not printable")
        }
        nonce = Array(clientNonce) + ownNonce
        let answer =
            Array("r=".utf8) + nonce + Array(",s=".utf8) + Base64.encode(verifier.salt)
            + Array(",i=\(verifier.iterations)".utf8)
        firstMessages = Array(bare) + Array(",".utf8) + answer
        return answer
    }

    /// Takes the client's proof and returns the server's signature, or nil when the proof is wrong.
    ///
    /// - Throws: 08P01 for a message out of shape or one that belongs to another exchange.
    package func finish(_ message: [UInt8]) throws(DatabaseError) -> [UInt8]? {
        let attributes = ScramAttributes(message[...])
        guard Base64.decode(try attributes.value(0, "c")) == expectedBinding else {
            throw .malformedScram("is bound to another channel")
        }
        guard Array(try attributes.value(1, "r")) == nonce else {
            throw .malformedScram("carries another nonce")
        }
        guard let proof = Base64.decode(try attributes.value(attributes.count - 1, "p")),
            proof.count == 32
        else { throw .malformedScram("holds no proof") }
        guard let end = message.lastIndex(of: UInt8(ascii: ",")) else {
            throw .malformedScram("holds no proof")
        }
        let signed = firstMessages + Array(",".utf8) + message[..<end]
        let clientKey = xor(proof, cryptography.hmac(verifier.storedKey, signed))
        guard digestsMatch(cryptography.sha256(clientKey), verifier.storedKey) else { return nil }
        let signature = cryptography.hmac(verifier.serverKey, signed)
        return Array("v=".utf8) + Base64.encode(signature)
    }

    private func checkFlag(_ flag: ArraySlice<UInt8>, isBound: Bool) throws(DatabaseError) {
        switch String(decoding: flag, as: UTF8.self) {
        case "n" where !isBound: return
        case "y" where !isBound:
            // The client could bind and believes we cannot: somebody took PLUS off our offer.
            guard channelBinding == nil else {
                throw .malformedScram("says that channel binding was not offered, but it was")
            }
        case "p=tls-server-end-point" where isBound: return
        default: throw .malformedScram("holds an unknown channel binding flag")
        }
    }
}
