import Bytes
import Diagnostics
import Engine
import HTTPWire
import Platform
import Values

/// One HTTP client: requests in, one at a time, each on a session of its own.
///
/// - INV-1 While a request is being answered the parser gives no other.
// SAFETY: all state belongs to the loop's thread; other threads hold a reference only to come back
// through `loop.execute`.
final class HTTPConnection: @unchecked Sendable {
    private let socket: SocketConnection
    private let server: Server
    private var parser = RequestParser()
    private var response = ResponseWriter()
    private var head: RequestHead?
    private var session: Session?
    private var stream: ResultStream?
    private var isPaused = false
    private var hasPeerEnded = false

    init(socket: SocketConnection, server: Server) {
        self.socket = socket
        self.server = server
    }

    func open() {
        socket.onBytes = { [self] bytes in perform(parser.receive(bytes)) }
        socket.onWritable = { [self] in stream?.resume() }
        socket.onPeerHangup = { [self] in session?.cancel() }
        socket.onPeerEnd = { [self] in peerEnded() }
        socket.onClose = { [self] _ in
            session?.cancel()
            session?.statementEnded()
            stream = nil
            server.forget(self)
        }
    }

    /// Whether no statement of its client runs.
    var isIdle: Bool { session == nil }

    /// Ends what runs and closes: when the server stops.
    func terminate() {
        session?.cancel()
        socket.close(afterFlush: isIdle)
    }

    /// The client will send nothing more: what runs is answered, if it does not take long.
    private func peerEnded() -> Bool {
        guard session != nil else { return false }
        hasPeerEnded = true
        _ = socket.loop.schedule(afterMilliseconds: ServerLimits.answerMilliseconds) {
            [weak self] in self?.socket.close(afterFlush: false)
        }
        return true
    }

    private func perform(_ events: [RequestParser.Event]) {
        for event in events {
            switch event {
            case .head(let head):
                self.head = head
                if head.expectsContinue {
                    response.continue()
                    socket.send(response.take())
                }
            case .body: break  // /exec takes its query from the target; bodies come with /imp.
            case .end: answer()
            case .failed(let failure):
                response.refuse(failure)
                socket.send(response.take())
                socket.close()
            }
        }
        if socket.isOpen, parser.wantsInput == isPaused {
            isPaused.toggle()
            if isPaused { socket.pauseReading() } else { socket.resumeReading() }
        }
    }

    private func answer() {
        guard let head else { return }
        guard let user = authenticatedUser(head) else {
            response.challenge(answering: head)
            return endResponse()
        }
        switch head.path {
        case "/exec", "/api/v1/exec", "/query": answerExec(head, user)
        case "/ping": respond(.noContent, "")
        case "/status", "/health": respond(.ok, "Status: Healthy\n")
        default: respond(.notFound, "nothing here; queries go to /exec?query=…\n")
        }
    }

    /// The user a request runs as: with no `http.user` set everybody is admin, as in QuestDB.
    private func authenticatedUser(_ head: RequestHead) -> String? {
        guard server.settings.httpRequiresAuthentication else { return server.settings.adminUser }
        if let token = server.settings.httpToken, let given = head.bearerToken,
            // Digests are compared, so that the time taken tells nothing of the token.
            SHA256.digest(Array(token.utf8)) == SHA256.digest(Array(given.utf8))
        {
            return server.settings.adminUser
        }
        guard let given = head.basicCredentials,
            server.httpCredentials.accepts(user: given.user, password: given.password)
        else { return nil }
        return given.user
    }

    private func answerExec(_ head: RequestHead, _ user: String) {
        guard head.method == "GET" || head.method == "POST" else {
            return respond(.methodNotAllowed, "use GET\n")
        }
        guard let query = head.parameter("query"), !query.isEmpty else {
            return respondJSON(.badRequest, ExecResponse.emptyQuery())
        }
        let reason = readOnlyReason(head)
        let session = server.engine.makeSession(
            user: user, isReadOnly: reason != nil, readOnlyBecause: reason ?? .foreignPage)
        self.session = session
        do throws(DatabaseError) {
            let found = try session.parse(query)
            guard let prepared = found.first else {
                return respondJSON(.badRequest, ExecResponse.emptyQuery())
            }
            guard found.count == 1 else { throw .multipleStatements() }
            if let command = prepared.commandForLaterStatements { throw .noSession(command) }
            run(prepared, query, session)
        } catch {
            fail(error, query)
        }
    }

    /// Why a request may change nothing; nil when it may.
    private func readOnlyReason(_ head: RequestHead) -> ReadOnlyReason? {
        if server.settings.isHTTPReadOnly { return .setting("http.security.readonly") }
        if Self.isForeign(head) { return .foreignPage }
        // A browser sends the credentials of one site to no other, whatever address it has. Without
        // any, a page could have let the name of its own site mean this server: for the browser
        // that is its origin, so the name is all there is to tell it by.
        guard !server.settings.httpRequiresAuthentication, let text = head.header("Host") else {
            return nil
        }
        let host = RequestHost(text)
        let known = server.settings.httpHosts + [server.settings.http.host]
        return host.isLocal || host.isAmong(known) ? nil : .unknownHost(host.name)
    }

    /// A page of another site may read nothing it was not given, and change nothing here.
    private static func isForeign(_ head: RequestHead) -> Bool {
        if let site = head.header("Sec-Fetch-Site"), site != "same-origin", site != "none" {
            return true
        }
        guard let origin = head.header("Origin"), let host = head.header("Host") else {
            return false
        }
        return origin != "http://\(host)" && origin != "https://\(host)"
    }

    private func run(_ prepared: PreparedStatement, _ query: String, _ session: Session) {
        let loop = socket.loop
        let isQueued = server.platform.workers.submit { [self] in
            session.execute(prepared, parameters: []) { [self] result in
                loop.execute { [self] in take(result, query) }
            }
        }
        if !isQueued { fail(.tooBusy(), query) }
    }

    private func take(_ result: Result<Outcome, DatabaseError>, _ query: String) {
        guard socket.isOpen else { return }
        switch result {
        case .failure(let error): fail(error, query)
        case .success(.command(let command)):
            if let rowCount = command.rowCount {
                respondJSON(.ok, ExecResponse.dml(updated: Int64(rowCount)))
            } else {
                respondJSON(.ok, ExecResponse.ddl(command.facts))
            }
        case .success(.rows(let rows, _)): stream(rows, query)
        case .success(.copyIn(let copy, _)):
            copy.fail(.copyNeedsPostgres())
            fail(.copyNeedsPostgres(), query)
        case .success(.copyOut): fail(.copyNeedsPostgres(), query)
        }
    }

    // MARK: Rows

    private func stream(_ rows: ResultRows, _ query: String) {
        let columns = rows.columns.map { column in
            if case .array(let element, let dimensions) = column.type {
                return ExecColumn(
                    name: column.name, type: element.type.name, dimensions: Int(dimensions))
            }
            return ExecColumn(name: column.name, type: column.type.name)
        }
        let document = ExecDocument(ExecResponse(query: query, columns: columns))
        let stream = ResultStream(
            rows: rows, loop: socket.loop, workers: server.platform.workers
        ) { document.append($0, $1) }
        self.stream = stream
        var hasBegun = false
        stream.begin(
            limit: 0,
            deliver: { [self] bytes in
                if !hasBegun { beginRows() }
                hasBegun = true
                response.write(bytes)
                socket.send(response.take())
                return socket.isWritable
            },
            ended: { [self] result in
                self.stream = nil
                guard socket.isOpen else { return }
                switch result {
                case .failure(let error) where !hasBegun: fail(error, query)
                case .failure:
                    // The status has gone out; a body without its end is all that is left to say.
                    response.abort()
                    socket.close(afterFlush: false)
                case .success:
                    if !hasBegun { beginRows() }
                    response.write(document.end(count: stream.rowCount))
                    response.end()
                    endResponse()
                }
            })
    }

    private func beginRows() {
        response.begin(
            .ok, answering: head,
            headers: [HTTPHeader("Content-Type", ExecResponse.contentType)], body: .streamed)
    }

    // MARK: Answers

    /// What a connection too many is told.
    static func refusal() -> [UInt8] {
        var response = ResponseWriter()
        response.respond(
            .unavailable, answering: nil, contentType: "text/plain",
            body: Array("too many connections, see http.net.connection.limit\n".utf8),
            closing: true)
        return response.take()
    }

    /// The one place where errors become answers of /exec.
    private func fail(_ error: DatabaseError, _ query: String) {
        guard socket.isOpen else { return }
        respondJSON(ExecResponse.status(error), ExecResponse.error(query: query, error))
    }

    private func respondJSON(_ status: HTTPStatus, _ body: [UInt8]) {
        response.respond(
            status, answering: head, contentType: ExecResponse.contentType, body: body)
        endResponse()
    }

    private func respond(_ status: HTTPStatus, _ text: String) {
        response.respond(status, answering: head, contentType: "text/plain", body: Array(text.utf8))
        endResponse()
    }

    private func endResponse() {
        session?.statementEnded()
        session = nil
        socket.send(response.take())
        if response.closesConnection || server.isStopping {
            socket.close()
        } else {
            perform(parser.nextRequest())
            if hasPeerEnded, session == nil { socket.close() }
        }
    }
}

/// The open document of one answer; written by one worker at a time, ended on the loop.
// SAFETY: ResultStream runs one step at a time and ends before `end` is called.
private final class ExecDocument: @unchecked Sendable {
    private var response: ExecResponse

    init(_ response: ExecResponse) { self.response = response }

    func append(_ batch: Batch, _ rows: Range<Int>) -> [UInt8] {
        RowEncoding.json(batch, rows, into: &response)
        return response.take()
    }

    func end(count: Int) -> [UInt8] {
        response.finish(count: count)
        return response.take()
    }
}
