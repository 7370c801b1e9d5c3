package import Diagnostics

/// A client's side of one connection: start-up, SCRAM and simple queries.
///
/// Send what `begin`, `query` and `.send` give; hand what comes back to `receive`; ask the next
/// query after `.ready`.
package struct ClientMachine: Sendable {
    /// Who wants in, and where.
    package struct Identity: Sendable {
        package var user: String
        package var password: String
        package var database: String
        package var settings: [WireSetting]

        package init(
            user: String, password: String, database: String, settings: [WireSetting] = []
        ) {
            self.user = user
            self.password = password
            self.database = database
            self.settings = settings
        }
    }

    /// What the server said.
    package enum Event: Sendable, Equatable {
        /// Write these bytes to the server.
        case send([UInt8])
        case parameter(WireSetting)
        case key(CancelKey)
        case columns([FieldDescription])
        /// One row in text format; nil is NULL.
        case row([String?])
        /// A statement ended, with its tag.
        case complete(tag: String)
        case emptyQuery
        case copyData([UInt8])
        case notice(ServerReport)
        /// A statement failed, or the server refused us.
        case error(ServerReport)
        /// The next query may be asked.
        case ready(TransactionStatus)
        /// The server does not speak as it should. Close the connection.
        case broken(DatabaseError)
    }

    private let identity: Identity
    private var scram: ScramClient
    private var decoder = BackendDecoder()
    private var isBroken = false
    /// A SASL exchange began and the server has not proved yet that it knows us.
    private var awaitsProof = false

    package init(_ identity: Identity, _ cryptography: ScramCryptography) {
        self.identity = identity
        scram = ScramClient(password: identity.password, cryptography)
    }

    /// Returns the start-up packet.
    package func begin() -> [UInt8] {
        FrontendEncoder.startup(
            user: identity.user, database: identity.database, settings: identity.settings)
    }

    /// Returns a simple query; its results come as events, `.ready` last.
    package func query(_ text: String) -> [UInt8] { FrontendEncoder.query(text) }

    /// Returns the goodbye.
    package func terminate() -> [UInt8] { FrontendEncoder.bare("X") }

    /// Takes what the socket gave.
    package mutating func receive(_ bytes: some Collection<UInt8>) -> [Event] {
        var events: [Event] = []
        if isBroken { return events }
        decoder.append(bytes)
        do throws(DatabaseError) {
            while let message = try decoder.next() { try act(message, &events) }
        } catch {
            isBroken = true
            events.append(.broken(error))
        }
        return events
    }

    private mutating func act(
        _ message: BackendMessage, _ events: inout [Event]
    ) throws(DatabaseError) {
        switch message {
        case .authenticationOk:
            guard !awaitsProof else { throw .wrongPhase("log-in without the server's proof") }
        case .negotiateProtocolVersion, .notification, .noData, .copyDone,
            .parseComplete, .bindComplete, .closeComplete, .portalSuspended,
            .parameterDescription, .copyOutResponse:
            return
        case .authenticationCleartext:
            events.append(.send(FrontendEncoder.password(identity.password)))
        case .authenticationSASL(let mechanisms):
            guard mechanisms.contains(ScramServer.mechanism) else {
                throw .wrongPhase("SASL without SCRAM-SHA-256")
            }
            awaitsProof = true
            events.append(.send(FrontendEncoder.saslBegin(scram.begin())))
        case .authenticationSASLContinue(let data):
            events.append(.send(FrontendEncoder.sasl(try scram.respond(data))))
        case .authenticationSASLFinal(let data):
            try scram.finish(data)
            awaitsProof = false
        case .authenticationOther(let code): throw .wrongPhase("authentication method \(code)")
        case .parameterStatus(let setting): events.append(.parameter(setting))
        case .backendKeyData(let key): events.append(.key(key))
        case .readyForQuery(let status): events.append(.ready(status))
        case .rowDescription(let fields): events.append(.columns(fields))
        case .dataRow(let cells):
            events.append(.row(cells.map { $0.map { String(decoding: $0, as: UTF8.self) } }))
        case .commandComplete(let tag): events.append(.complete(tag: tag))
        case .emptyQueryResponse: events.append(.emptyQuery)
        case .copyInResponse:
            events.append(.send(FrontendEncoder.copyFail("no data is given here")))
        case .copyData(let data): events.append(.copyData(data))
        case .error(let report): events.append(.error(report))
        case .notice(let report): events.append(.notice(report))
        }
    }
}
