import Diagnostics
import Platform
import PostgresWire

/// Any server that speaks PostgreSQL's protocol, PostgreSQL included. All files share its database,
/// so each one's tables, schemas and backups are taken away when it has run.
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
    private var created: [CreatedObject] = []
    private var knownProduct: String?

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
            if case .failure = answer { return answer }
            // Of a block that is rolled back too: the removal does not mind what is not there.
            created += CreatedObject.found(in: sql)
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

    func offers(_ feature: String) -> Bool {
        switch feature {
        case "wire": true
        case "backup": product == "basalt"
        default: feature == product
        }
    }

    /// What the server calls itself.
    private var product: String {
        if let knownProduct { return knownProduct }
        var found = "unreachable"
        if case .rows(let rows) = run("SELECT version()", on: Self.ownConnection) {
            let text = rows.first?.first.flatMap { $0 } ?? ""
            found = text.contains("Basalt") ? "basalt" : "postgresql"
        }
        knownProduct = found
        return found
    }

    /// No file can write this name.
    private static let ownConnection = "the runner's own"

    func prepare(for records: [Record]) {
        let objects = records.flatMap { CreatedObject.found(in: $0.sql) }
        // What a server does not know, it did not make.
        _ = remove(objects, complaining: false)
    }

    func close() -> String? {
        // First the others, so that their blocks end and hold no locks.
        for name in connections.keys where name != Self.ownConnection { hangUp(name) }
        let complaints = remove(created, complaining: true)
        created = []
        for name in connections.keys { hangUp(name) }
        return complaints.isEmpty ? nil : "left behind: " + complaints.joined(separator: "; ")
    }

    /// Drops the newest first, kind by kind.
    private func remove(_ objects: [CreatedObject], complaining: Bool) -> [String] {
        var done: Set<CreatedObject> = []
        var complaints: [String] = []
        for kind in CreatedObject.Kind.allCases {
            for object in objects.reversed() where object.kind == kind {
                guard done.insert(object).inserted, kind != .backup || product == "basalt" else {
                    continue
                }
                let sql = object.removal(cascades: product == "postgresql")
                guard case .failure(let state, let message) = run(sql, on: Self.ownConnection)
                else { continue }
                // The file may have dropped the backup itself, or the schema of the table.
                if complaining, !["58P01", "3F000"].contains(state) {
                    complaints.append("\(sql): \(state) \(message)")
                }
            }
        }
        return complaints
    }

    private func hangUp(_ name: String) {
        guard let connection = connections.removeValue(forKey: name) else { return }
        // A server that is gone needs no goodbye.
        do throws(DatabaseError) {
            try connection.socket.send(connection.machine.terminate())
        } catch _ {}
    }

    private var lost: Answer { .failure(state: "08006", message: "the connection is lost") }
}
