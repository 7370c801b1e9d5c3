package import Diagnostics

/// The server's side of one connection: takes a client's bytes, says what is to be done.
///
/// The contract: `receive`, `finish`, `fail` and `tlsEstablished` return actions to be done in
/// order. A `.request` is the last of its list, and no other follows until it is answered; what
/// the client sends meanwhile is held (`wantsInput` says when to stop reading). Rows and tags are
/// written by the session straight to the connection's output before it answers; everything else
/// the machine writes itself. A CancelRequest comes on a connection of its own, so it is noticed
/// whatever runs here; a Terminate behind a running statement shows as `clientIsLeaving`.
///
/// INV-1 A request is outstanding only while the connection is neither in its handshake nor closed.
/// INV-2 While a request is outstanding no message is taken from the input, except COPY data.
/// INV-3 Every portal belongs to a name, and no more than the limits say exist.
/// INV-4 After `.close` no action comes.
package struct ConnectionMachine: Sendable {
    /// Whether TLS is offered on this connection.
    package enum Encryption: Sendable { case refused, offered, required }

    /// What does not change while the connection lives.
    package struct Settings: Sendable {
        package var encryption: Encryption
        /// Of this server alone; makes what strangers see for unknown users steady.
        package var mockSecret: [UInt8]
        package var cryptography: ScramCryptography
        /// What the client is told instead of being let in, such as 53300: once it has asked, for before
        /// it understands no error. A CancelRequest is carried out all the same.
        package var refusal: DatabaseError?

        package init(
            encryption: Encryption, mockSecret: [UInt8], cryptography: ScramCryptography,
            refusal: DatabaseError? = nil
        ) {
            self.refusal = refusal
            self.encryption = encryption
            self.mockSecret = mockSecret
            self.cryptography = cryptography
        }
    }

    enum Phase: Sendable {
        case startup
        case tlsHandshake
        case lookingUp(StartupParameters)
        case saslBegin(StartupParameters, ScramServer, isMock: Bool)
        case saslProof(StartupParameters, ScramServer, isMock: Bool)
        case password(StartupParameters, ScramVerifier)
        case opening
        case ready
        case closed
    }

    /// A request the session works on, and what becomes true when it succeeds.
    enum Outstanding: Sendable {
        case lookUpUser
        case openSession
        case simple
        case parse(name: String, StatementID)
        case bind(name: String, PortalID)
        case describeStatement
        case describePortal
        case execute
        case sync
    }

    /// What the COPY of the running statement still wants.
    enum CopyState: Sendable { case none, taking }

    let settings: Settings
    var decoder = FrontendDecoder()
    var encoder = BackendEncoder()
    var phase = Phase.startup
    var outstanding: Outstanding?
    var copy = CopyState.none
    /// After an error in the extended protocol everything up to Sync is passed over.
    var isSkipping = false
    /// A COPY that ended early: its data still comes and is passed over.
    var isDroppingCopyData = false
    var statements: [String: StatementID] = [:]
    var portals: [String: PortalID] = [:]
    var lastNumber = 0
    var channelBinding: [UInt8]?
    var isEncrypted = false
    var transaction = TransactionStatus.idle
    var actions: [ConnectionAction] = []

    package init(_ settings: Settings) { self.settings = settings }

    /// Tells whether the socket should be read. False while a statement runs and enough is held.
    package var wantsInput: Bool {
        if case .closed = phase { return false }
        guard outstanding != nil, copy == .none else { return true }
        return decoder.buffered < PostgresLimits.pendingInputBytes
    }

    /// Tells whether start-up and authentication are behind us.
    package var isAuthenticated: Bool {
        switch phase {
        case .ready: true
        case .startup, .tlsHandshake, .lookingUp, .saslBegin, .saslProof, .password, .opening,
            .closed:
            false
        }
    }

    /// Tells whether the connection is over.
    package var isClosed: Bool {
        if case .closed = phase { return true }
        return false
    }

    /// Tells whether a request waits for its answer.
    package var isBusy: Bool { outstanding != nil }

    /// Tells whether a Terminate waits behind the statement that runs: whoever reads only may stop.
    package var clientIsLeaving: Bool {
        mutating get { decoder.holdsTerminate() }
    }

    /// Takes what the socket gave, after decryption if there is any.
    package mutating func receive(_ bytes: some Collection<UInt8>) -> [ConnectionAction] {
        if isClosed { return [] }
        decoder.append(bytes)
        return run()
    }

    /// Goes on in the clear no more: what `receive` gets from now on came through TLS.
    ///
    /// - Parameter certificateHash: for channel binding, or nil when it cannot be had.
    package mutating func tlsEstablished(certificateHash: [UInt8]?) -> [ConnectionAction] {
        guard case .tlsHandshake = phase else { return [] }
        isEncrypted = true
        channelBinding = certificateHash
        phase = .startup
        return run()
    }

    /// Answers the outstanding request with success.
    ///
    /// - Requires: a request is outstanding and the answer fits it.
    package mutating func finish(
        _ answer: SessionAnswer = .done, transaction: TransactionStatus = .idle
    ) -> [ConnectionAction] {
        guard let request = outstanding else { return [] }
        outstanding = nil
        endCopy(hasFailed: false)
        settle(request, answer, transaction)
        return run()
    }

    /// Answers the outstanding request with an error. A fatal one ends the connection.
    ///
    /// - Requires: a request is outstanding.
    package mutating func fail(
        _ error: DatabaseError, transaction: TransactionStatus = .idle,
        severity: WireSeverity = .error
    ) -> [ConnectionAction] {
        guard let request = outstanding else { return [] }
        outstanding = nil
        endCopy(hasFailed: true)
        refuse(request, error, transaction, severity)
        return run()
    }

    /// Ends the connection from the server's side with a last word, such as 57P01 or 53300.
    package mutating func terminate(_ error: DatabaseError) -> [ConnectionAction] {
        if isClosed { return [] }
        outstanding = nil
        die(error)
        return takeActions()
    }

    /// Notes that the client closed its side. A running statement is not waited for.
    package mutating func inputEnded() -> [ConnectionAction] {
        if isClosed { return [] }
        outstanding = nil
        close()
        return takeActions()
    }

    /// Works through the input until a request is outstanding or nothing whole is left.
    private mutating func run() -> [ConnectionAction] {
        do throws(DatabaseError) {
            while try step() {}
        } catch {
            die(error)
        }
        checkInvariants()
        return takeActions()
    }

    /// Takes one message and acts on it; false when there is none or it must wait.
    private mutating func step() throws(DatabaseError) -> Bool {
        guard outstanding == nil || copy == .taking else { return false }
        switch phase {
        case .startup:
            guard let message = try decoder.nextStartup() else { return false }
            try start(message)
        case .saslBegin, .saslProof, .password:
            let limit = PostgresLimits.passwordMessageBytes
            guard let frame = try decoder.next(limit: limit) else { return false }
            try authenticate(frame)
        case .ready:
            let limit = PostgresLimits.messageBytes
            guard let frame = try decoder.next(limit: limit) else { return false }
            take(frame)
        case .tlsHandshake:
            // What is here came before the handshake ended, so it was not protected by it.
            guard decoder.buffered == 0 else {
                throw .plaintextBehindEncryptionRequest()
            }
            return false
        case .lookingUp, .opening, .closed: return false
        }
        return true
    }

    /// Sends a last error and closes.
    mutating func die(_ error: DatabaseError) {
        if isClosed { return }
        encoder.errorResponse(error, severity: .fatal)
        close()
    }

    mutating func close() {
        emit(.close)
        phase = .closed
        outstanding = nil
        copy = .none
        decoder.clear()
        statements = [:]
        portals = [:]
    }

    /// Queues an action behind what the encoder holds, so that order is kept.
    mutating func emit(_ action: ConnectionAction) {
        if encoder.count > 0 { actions.append(.send(encoder.take())) }
        actions.append(action)
    }

    mutating func ask(_ request: SessionRequest, _ outstanding: Outstanding) {
        emit(.request(request))
        self.outstanding = outstanding
    }

    private mutating func takeActions() -> [ConnectionAction] {
        if encoder.count > 0 { actions.append(.send(encoder.take())) }
        let taken = actions
        actions = []
        return taken
    }
}
