import Bytes
import Diagnostics
import Engine
import HTTPWire
import Platform

/// One client of the health port: every path answers whether the server is well.
// SAFETY: all state belongs to the loop's thread.
final class HealthConnection: @unchecked Sendable {
    private let socket: SocketConnection
    private let server: Server
    private var parser = RequestParser(bodyLimit: { _ in 0 })
    private var response = ResponseWriter()
    private var head: RequestHead?

    init(socket: SocketConnection, server: Server) {
        self.socket = socket
        self.server = server
    }

    func open() {
        socket.onBytes = { [self] bytes in perform(parser.receive(bytes)) }
        socket.onClose = { [self] _ in server.connectionClosed() }
    }

    private func perform(_ events: [RequestParser.Event]) {
        for event in events {
            switch event {
            case .head(let head): self.head = head
            case .body: break
            case .end: answer()
            case .failed(let failure):
                response.refuse(failure)
                socket.send(response.take())
                socket.close()
            }
        }
    }

    private func answer() {
        let failure = server.engine.failure
        let text = failure.map { "Status: Unhealthy\n\($0)\n" } ?? "Status: Healthy\n"
        response.respond(
            failure == nil ? .ok : .internalError, answering: head, contentType: "text/plain",
            body: Array(text.utf8))
        socket.send(response.take())
        if response.closesConnection {
            socket.close()
        } else {
            perform(parser.nextRequest())
        }
    }
}
