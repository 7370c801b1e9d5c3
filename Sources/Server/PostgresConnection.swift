import Diagnostics
import Engine
import Platform
import PostgresWire
import Values

/// One PostgreSQL client: its socket, its protocol machine and its session.
///
/// Lives on the event loop. `perform` does what the machine says; a request goes to the session,
/// whose answer comes back to the loop and into the machine, which says what comes next.
///
/// - INV-1 At most one request is with the session.
/// - INV-2 After the socket is closed the session is cancelled and never answered.
// SAFETY: all state belongs to the loop's thread; other threads hold a reference only to come back
// through `loop.execute`.
final class PostgresConnection: @unchecked Sendable {
    let socket: SocketConnection
    let server: Server
    private var machine: ConnectionMachine
    var session: Session?
    var statements: [StatementID: PreparedEntry] = [:]
    var portals: [PortalID: Portal] = [:]
    var stream: ResultStream?
    /// The COPY … FROM STDIN that takes the client's data.
    var copyIn: CopyIn?
    let refusal: DatabaseError?
    private var user = ""
    private var key: CancelKey?
    private var authenticationTimer: TimerToken?
    private var isPaused = false
    private var hasPeerEnded = false
    /// Whether the last word was said.
    private var isEnding = false

    /// - Parameter refusal: what the client is told instead of being let in.
    init(socket: SocketConnection, server: Server, refusal: DatabaseError? = nil) {
        self.socket = socket
        self.server = server
        self.refusal = refusal
        machine = ConnectionMachine(
            ConnectionMachine.Settings(
                encryption: .refused, mockSecret: server.credentials.mockSecret,
                cryptography: server.credentials.cryptography, refusal: refusal))
    }

    /// Begins to listen to the client.
    func open() {
        socket.onBytes = { [self] bytes in perform(machine.receive(bytes)) }
        socket.onWritable = { [self] in stream?.resume() }
        socket.onPeerHangup = { [self] in session?.cancel() }
        socket.onPeerEnd = { [self] in peerEnded() }
        socket.onClose = { [self] _ in closed() }
        authenticationTimer = socket.loop.schedule(
            afterMilliseconds: refusal == nil
                ? server.settings.authenticationMilliseconds : ServerLimits.refusalMilliseconds
        ) { [self] in
            guard !machine.isAuthenticated else { return }
            perform(machine.terminate(refusal ?? .authenticationTimeout()))
        }
    }

    /// The client will send nothing more: what runs is answered, if it does not take long.
    private func peerEnded() -> Bool {
        // The rest of a COPY's data will not come.
        guard machine.isBusy, copyIn?.wantsInput != true else { return false }
        hasPeerEnded = true
        _ = socket.loop.schedule(afterMilliseconds: ServerLimits.answerMilliseconds) {
            [weak self] in self?.socket.close(afterFlush: false)
        }
        return true
    }

    /// Says a last word and closes: when the server stops.
    func terminate(_ error: DatabaseError) {
        if isEnding { return }
        isEnding = true
        session?.cancel()
        perform(machine.terminate(error))
    }

    var isIdle: Bool { !machine.isBusy }

    private func closed() {
        if let authenticationTimer { socket.loop.cancel(authenticationTimer) }
        if let key { server.cancels.withdraw(key) }
        stream = nil
        copyIn?.fail(.clientGone())
        copyIn = nil
        session?.cancel()
        session?.statementEnded()
        session = nil
        portals = [:]
        statements = [:]
        server.forget(self)
    }

    private func perform(_ actions: [ConnectionAction]) {
        for action in actions {
            switch action {
            case .send(let bytes): socket.send(bytes)
            case .flush: break  // The loop sends what is queued at the end of each turn.
            case .startTLS:
                // Encryption is refused by the settings above, so the machine never asks for it.
                socket.close(afterFlush: false)
            case .cancel(let key): server.cancels.cancel(key)
            case .releaseStatement(let id): statements[id] = nil
            case .releasePortal(let id): portals[id] = nil
            case .failTransaction: session?.fail()
            case .copyData(let bytes): copyIn?.take(bytes)
            case .copyDone: copyIn?.endInput()
            case .copyFail(let reason): copyIn?.fail(.copyGivenUp(reason))
            case .close: socket.close()
            case .request(let request): run(request)
            }
        }
        watchInput()
    }

    /// Stops reading while a statement runs and enough is held, and goes on afterwards.
    func watchInput() {
        if hasPeerEnded, socket.isOpen, isIdle { socket.close() }
        // What ran when the server was told to stop has ended now.
        if server.isStopping, isIdle { return terminate(.shuttingDown()) }
        let wantsInput = machine.wantsInput && copyIn?.isFull != true
        guard socket.isOpen, wantsInput == isPaused else { return }
        isPaused.toggle()
        if isPaused { socket.pauseReading() } else { socket.resumeReading() }
    }

    /// Lets the running statement take the client's data.
    func beginCopyIn(_ copy: CopyIn) {
        copyIn = copy
        let loop = socket.loop
        copy.whenRoom { loop.execute { [self] in watchInput() } }
        perform(machine.beginCopyIn())
    }

    // MARK: Answers

    /// Answers the machine with success.
    func finish(_ answer: SessionAnswer = .done) {
        session?.statementEnded()
        guard socket.isOpen else { return }
        sendReports()
        perform(machine.finish(answer, transaction: transactionStatus))
    }

    /// Answers the machine with an error: the one place where errors become ErrorResponses.
    func fail(_ error: DatabaseError) {
        session?.statementEnded()
        guard socket.isOpen else { return }
        sendReports()
        perform(machine.fail(error, transaction: transactionStatus))
    }

    /// Tells which parameters came back, before the client may send the next statement.
    private func sendReports() {
        guard let reports = session?.takeParameterReports(), !reports.isEmpty else { return }
        var encoder = BackendEncoder()
        for report in reports { encoder.parameterStatus(WireSetting(report.name, report.value)) }
        socket.send(encoder.take())
    }

    private var transactionStatus: PostgresWire.TransactionStatus {
        switch session?.status {
        case nil, .idle: .idle
        case .inBlock: .open
        case .failed: .failed
        }
    }

    private func run(_ request: SessionRequest) {
        switch request {
        case .lookUpUser(let name):
            user = name
            finish(.user(server.credentials.record(for: name)))
        case .openSession(let parameters): openSession(parameters)
        case .runSimple(let text): runSimple(text)
        case .parse(let id, let sql, let types): parse(id, sql, types)
        case .describeStatement(let id): describeStatement(id)
        case .bind(let id, let statement, let values): bind(id, statement, values)
        case .describePortal(let id): describePortal(id)
        case .execute(let id, let maximumRows): execute(id, maximumRows)
        case .sync: sync()
        }
    }

    private func openSession(_ parameters: StartupParameters) {
        let session = server.engine.makeSession(
            user: user, database: parameters.database,
            isReadOnly: server.settings.isPostgresReadOnly || server.credentials.isReadOnly(user),
            readOnlyBecause: server.settings.isPostgresReadOnly
                ? .setting("pg.security.readonly") : .user
        ) { [self] notice in
            socket.loop.execute { [self] in send(notice) }
        }
        for setting in parameters.settings { session.applyStartup(setting.name, setting.value) }
        self.session = session
        let key = server.cancels.register { session.cancel() }
        self.key = key
        if let authenticationTimer { socket.loop.cancel(authenticationTimer) }
        finish(
            .session(
                SessionIdentity(
                    key: key,
                    parameters: session.initialParameters.map { WireSetting($0.0, $0.1) })))
    }

    private func send(_ notice: Notice) {
        var encoder = BackendEncoder()
        encoder.notice(
            DatabaseError(notice.state, notice.message),
            severity: notice.severity == .warning ? .warning : .notice)
        socket.send(encoder.take())
    }
}
