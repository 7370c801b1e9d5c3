import Diagnostics
import Platform
import PostgresWire

/// Any server that speaks PostgreSQL's protocol, PostgreSQL included.
final class WireTarget: Target {
    private struct Connection {
        let socket: ClientSocket
        var machine: ClientMachine
    }

    private let host: String
    private let port: Int
    private let identity: ClientMachine.Identity
    private let cryptography: ScramCryptography
    private var connections: [String: Connection] = [:]

    init(
        host: String, port: Int, identity: ClientMachine.Identity, cryptography: ScramCryptography
    ) {
        self.host = host
        self.port = port
        self.identity = identity
        self.cryptography = cryptography
    }

    func run(_ sql: String, on connection: String) -> Answer {
        do throws(DatabaseError) {
            if connections[connection] == nil { try open(connection) }
            guard var found = connections[connection] else { return lost }
            try found.socket.send(found.machine.query(sql))
            let answer = try receive(&found)
            connections[connection] = found
            return answer
        } catch {
            connections[connection] = nil
            return .failure(state: error.state.code, message: error.message)
        }
    }

    private func open(_ name: String) throws(DatabaseError) {
        let socket = try ClientSocket(host: host, port: port)
        var connection = Connection(
            socket: socket, machine: ClientMachine(identity, cryptography))
        try socket.send(connection.machine.begin())
        if case .failure(_, let message) = try receive(&connection) {
            throw DatabaseError(.connectionFailure, message)
        }
        connections[name] = connection
    }

    /// Reads until the server is ready again; the first error or the last result is the answer.
    private func receive(_ connection: inout Connection) throws(DatabaseError) -> Answer {
        var rows: [[String?]] = []
        var hasColumns = false
        var answer = Answer.command("")
        while true {
            let bytes = try connection.socket.receive()
            if bytes.isEmpty { throw DatabaseError(.connectionFailure, "the server hung up") }
            for event in connection.machine.receive(bytes) {
                switch event {
                case .send(let bytes): try connection.socket.send(bytes)
                case .columns:
                    hasColumns = true
                    rows = []
                case .row(let row): rows.append(row)
                case .complete(let tag):
                    if case .failure = answer { break }
                    answer = hasColumns ? .rows(rows) : .command(tag)
                    hasColumns = false
                case .error(let report):
                    answer = .failure(state: report.code, message: report.message)
                case .broken(let error): throw error
                case .ready: return answer
                case .parameter, .key, .emptyQuery, .copyData, .notice: break
                }
            }
        }
    }

    func restart() throws { throw DatabaseError(.featureNotSupported, "a server is not restarted") }
    func crash() throws { try restart() }

    /// Over the wire nothing can be restarted; `basalt` itself is told from others by its files.
    func offers(_ feature: String) -> Bool { feature == "wire" }

    func close() {
        for connection in connections.values {
            // A server that is gone needs no goodbye.
            do throws(DatabaseError) {
                try connection.socket.send(connection.machine.terminate())
            } catch _ {}
        }
        connections = [:]
    }

    private var lost: Answer { .failure(state: "08006", message: "the connection is lost") }
}
