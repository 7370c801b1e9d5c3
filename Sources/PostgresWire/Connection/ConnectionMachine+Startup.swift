import Bytes
import Diagnostics

/// From the first byte to the first ReadyForQuery.
extension ConnectionMachine {
    mutating func start(_ message: StartupMessage) throws(DatabaseError) {
        switch message {
        case .encryptionRequest: try answerEncryption(isOffered: settings.encryption != .refused)
        case .gssEncryptionRequest: try answerEncryption(isOffered: false)
        case .cancel(let key):
            emit(.cancel(key))
            close()
        case .startup(let parameters): try begin(parameters)
        case .unsupported(let major, let minor):
            throw .unsupportedProtocol(major: major, minor: minor)
        }
    }

    private mutating func answerEncryption(isOffered: Bool) throws(DatabaseError) {
        guard !isEncrypted else { throw .wrongPhase("encryption request inside TLS") }
        guard decoder.buffered == 0 else { throw .plaintextBehindEncryptionRequest() }
        if isOffered {
            emit(.send([UInt8(ascii: "S")]))
            emit(.startTLS)
            phase = .tlsHandshake
        } else {
            emit(.send([UInt8(ascii: "N")]))
            emit(.flush)
        }
    }

    private mutating func begin(_ parameters: StartupParameters) throws(DatabaseError) {
        if let refusal = settings.refusal { throw refusal }
        guard isEncrypted || settings.encryption != .required else { throw .encryptionRequired() }
        guard !parameters.user.isEmpty else { throw .missingUser() }
        guard !parameters.wantsReplication else { throw .replicationRefused() }
        if parameters.minorVersion > 0 || !parameters.extensions.isEmpty {
            encoder.negotiateProtocolVersion(unknown: parameters.extensions)
        }
        phase = .lookingUp(parameters)
        ask(.lookUpUser(parameters.user), .lookUpUser)
    }

    mutating func challenge(_ user: UserRecord) {
        guard case .lookingUp(let parameters) = phase else { return }
        switch user {
        case .trusted: admit(parameters)
        case .cleartext(let verifier):
            encoder.authenticationCleartextPassword()
            emit(.flush)
            phase = .password(parameters, verifier)
        case .scram(let verifier): offerScram(parameters, verifier, isMock: false)
        case .unknown:
            let verifier = ScramVerifier.mock(
                user: parameters.user, secret: settings.mockSecret, settings.cryptography)
            offerScram(parameters, verifier, isMock: true)
        }
    }

    private mutating func offerScram(
        _ parameters: StartupParameters, _ verifier: ScramVerifier, isMock: Bool
    ) {
        encoder.authenticationSASL(ScramServer.mechanisms(channelBinding: channelBinding))
        emit(.flush)
        let server = ScramServer(
            verifier: verifier, channelBinding: channelBinding, settings.cryptography)
        phase = .saslBegin(parameters, server, isMock: isMock)
    }

    mutating func authenticate(_ frame: FrontendFrame) throws(DatabaseError) {
        if frame.kind == .terminate { return close() }
        guard frame.kind == .password else { throw .wrongPhase("\(frame.kind)") }
        switch phase {
        case .password(let parameters, let verifier):
            let text = try password(frame.body)
            guard verifier.accepts(password: text, settings.cryptography) else {
                throw .passwordFailed(user: parameters.user)
            }
            admit(parameters)
        case .saslBegin(let parameters, var server, let isMock):
            let (mechanism, message) = try initialResponse(frame.body)
            encoder.authenticationSASLContinue(
                try server.begin(mechanism: mechanism, message))
            emit(.flush)
            phase = .saslProof(parameters, server, isMock: isMock)
        case .saslProof(let parameters, let server, let isMock):
            guard let signature = try server.finish(frame.body), !isMock else {
                throw .passwordFailed(user: parameters.user)
            }
            encoder.authenticationSASLFinal(signature)
            admit(parameters)
        case .startup, .tlsHandshake, .lookingUp, .opening, .ready, .closed:
            throw .wrongPhase("password")
        }
    }

    private mutating func admit(_ parameters: StartupParameters) {
        encoder.authenticationOk()
        phase = .opening
        ask(.openSession(parameters), .openSession)
    }

    mutating func welcome(_ identity: SessionIdentity) {
        for parameter in identity.parameters { encoder.parameterStatus(parameter) }
        encoder.backendKeyData(identity.key)
        phase = .ready
        ready(.idle)
    }

    private func password(_ body: [UInt8]) throws(DatabaseError) -> String {
        var reader = ByteReader(body)
        do throws(DecodeFailure) {
            let text = try reader.cString(upTo: PostgresLimits.passwordMessageBytes)
            guard reader.isAtEnd else { throw DecodeFailure.truncated(at: 0, needed: 0) }
            return text
        } catch { throw .malformedMessage("password") }
    }

    private func initialResponse(
        _ body: [UInt8]
    ) throws(DatabaseError) -> (mechanism: String, message: [UInt8]) {
        var reader = ByteReader(body)
        do throws(DecodeFailure) {
            let mechanism = try reader.cString(upTo: 64)
            let length = try reader.bigEndian(Int32.self)
            let message = try reader.read(Int(length))
            guard reader.isAtEnd else { throw DecodeFailure.truncated(at: 0, needed: 0) }
            return (mechanism, Array(message))
        } catch { throw .malformedMessage("SASL response") }
    }
}
