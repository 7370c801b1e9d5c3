/// Writes one response at a time: head, then a body of known or unknown length.
package struct ResponseWriter: Sendable {
    /// How the body's end is told.
    package enum Body: Sendable, Equatable {
        /// No body at all, as for 204.
        case none
        case fixed(Int)
        /// Length not known yet. Chunked, or ended by closing for a client that speaks HTTP/1.0.
        case streamed
    }

    private enum State: Sendable { case idle, silent, fixed, chunked, untilClose }

    private var output: [UInt8] = []
    private var state = State.idle
    private var remaining = 0
    /// Whether the connection must be closed behind the response.
    package private(set) var closesConnection = false
    /// The value of the `Server` header.
    private let serverName: String

    package init(serverName: String = "Basalt/1.0") { self.serverName = serverName }

    /// Bytes written and not yet taken.
    package var count: Int { output.count }

    /// Hands over what has been written.
    package mutating func take() -> [UInt8] {
        let taken = output
        output = []
        return taken
    }

    /// Writes `100 Continue`: the client may send its body.
    package mutating func `continue`() { append("HTTP/1.1 100 Continue\r\n\r\n") }

    /// Opens the response to a request, or to none when the request could not be understood.
    ///
    /// - Parameter closing: end the connection even when the client would keep it.
    package mutating func begin(
        _ status: HTTPStatus, answering request: RequestHead?, headers: [HTTPHeader] = [],
        body: Body, closing: Bool = false
    ) {
        let speaksChunks = (request?.minorVersion ?? 1) >= 1
        let isHead = request?.method == "HEAD"
        let endsByClosing = body == .streamed && !speaksChunks && !isHead
        closesConnection = closing || request?.keepsAlive != true || endsByClosing
        append("HTTP/1.1 \(status.rawValue) \(status.reason)\r\n")
        header("Server", serverName)
        for field in headers { header(field.name, field.value) }
        switch body {
        case .none:
            if status.rawValue >= 200, status != .noContent { header("Content-Length", "0") }
        case .fixed(let length): header("Content-Length", String(length))
        case .streamed: if speaksChunks { header("Transfer-Encoding", "chunked") }
        }
        if closesConnection {
            header("Connection", "close")
        } else if request?.minorVersion == 0 {
            header("Connection", "keep-alive")
        }
        append("\r\n")
        state = next(body, speaksChunks: speaksChunks, isHead: isHead)
    }

    private mutating func next(_ body: Body, speaksChunks: Bool, isHead: Bool) -> State {
        if isHead { return .silent }
        switch body {
        case .none: return .silent
        case .fixed(let length):
            remaining = length
            return .fixed
        case .streamed: return speaksChunks ? .chunked : .untilClose
        }
    }

    /// Writes a part of the body; an empty one writes nothing.
    ///
    /// - Requires: a response is open, and of a fixed body no more than announced is written.
    package mutating func write(_ part: some Collection<UInt8>) {
        guard !part.isEmpty else { return }
        switch state {
        case .idle: preconditionFailure("a body needs a head before it")
        case .silent: return
        case .fixed:
            remaining -= part.count
            precondition(remaining >= 0, "a body must not exceed its announced length")
            output.append(contentsOf: part)
        case .chunked:
            append(String(part.count, radix: 16))
            append("\r\n")
            output.append(contentsOf: part)
            append("\r\n")
        case .untilClose: output.append(contentsOf: part)
        }
    }

    /// Ends the response.
    ///
    /// - Requires: a fixed body has been written whole.
    package mutating func end() {
        if state == .chunked { append("0\r\n\r\n") }
        precondition(state != .fixed || remaining == 0, "a body must have its announced length")
        state = .idle
    }

    /// Ends a response in the middle of its body: all that can be said is to close unfinished, so
    /// that the client does not take a part for the whole.
    package mutating func abort() {
        closesConnection = true
        state = .idle
    }

    /// Writes a whole response.
    package mutating func respond(
        _ status: HTTPStatus, answering request: RequestHead?, contentType: String,
        headers: [HTTPHeader] = [], body: some Collection<UInt8>, closing: Bool = false
    ) {
        begin(
            status, answering: request,
            headers: [HTTPHeader("Content-Type", contentType)] + headers,
            body: .fixed(body.count), closing: closing)
        write(body)
        end()
    }

    /// Writes the response to a request that could not be understood; the connection closes.
    package mutating func refuse(_ failure: HTTPFailure) {
        respond(
            failure.status, answering: nil, contentType: "text/plain; charset=utf-8",
            body: (failure.message + "\n").utf8, closing: true)
    }

    /// Asks for a name and password.
    package mutating func challenge(answering request: RequestHead?, realm: String = "basalt") {
        let demand = "Basic realm=\"\(realm)\", charset=\"UTF-8\""
        respond(
            .unauthorized, answering: request, contentType: "text/plain; charset=utf-8",
            headers: [HTTPHeader("WWW-Authenticate", demand)], body: "Unauthorized\n".utf8)
    }

    private mutating func header(_ name: String, _ value: String) {
        append(name)
        append(": ")
        // A line end in a value would begin another header.
        for byte in value.utf8 { output.append(byte < 0x20 || byte == 0x7f ? 0x20 : byte) }
        append("\r\n")
    }

    private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }
}
