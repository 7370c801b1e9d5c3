import Diagnostics
import Testing

@testable import PostgresWire

/// A machine together with a session that answers by a script: `select` gives one row, `begin` and
/// `commit` move the transaction, `fail` fails, all else just ends.
struct ConnectionHarness {
    var machine: ConnectionMachine
    var output: [UInt8] = []
    /// Every action but `.send` and `.flush`, in order.
    var log: [ConnectionAction] = []
    var status = TransactionStatus.idle
    var texts: [PortalID: String] = [:]
    var statements: [StatementID: String] = [:]
    /// Nobody is known when false.
    var knowsUser = true
    static let verifier = ScramVerifier(password: "secret", salt: [1, 2, 3], .quick())

    init(
        _ encryption: ConnectionMachine.Encryption = .refused, refusal: DatabaseError? = nil
    ) {
        machine = ConnectionMachine(
            ConnectionMachine.Settings(
                encryption: encryption, mockSecret: [42], cryptography: .quick(),
                refusal: refusal))
    }

    /// A harness behind its log-in, with nothing logged.
    static func ready() -> ConnectionHarness {
        var harness = ConnectionHarness()
        var client = ClientMachine.quick()
        harness.converse(&client)
        harness.output = []
        harness.log = []
        return harness
    }

    mutating func feed(_ bytes: [UInt8], piece: Int = .max) {
        var offset = 0
        while offset < bytes.count {
            let end = piece < bytes.count - offset ? offset + piece : bytes.count
            perform(machine.receive(bytes[offset..<end]))
            offset = end
        }
    }

    mutating func perform(_ actions: [ConnectionAction]) {
        var queue = actions
        while !queue.isEmpty {
            let action = queue.removeFirst()
            switch action {
            case .send(let bytes): output += bytes
            case .flush: continue
            case .request(let request):
                #expect(queue.isEmpty)
                log.append(action)
                queue = answer(request)
            case .failTransaction:
                log.append(action)
                if status == .open { status = .failed }
            case .startTLS, .cancel, .releaseStatement, .releasePortal, .copyData, .copyDone,
                .copyFail, .close:
                log.append(action)
            }
        }
    }

    private mutating func answer(_ request: SessionRequest) -> [ConnectionAction] {
        switch request {
        case .lookUpUser:
            return machine.finish(.user(knowsUser ? .scram(Self.verifier) : .unknown))
        case .openSession(let parameters):
            let key = CancelKey(processID: 77, secret: [1, 2, 3, 4])
            let settings = SessionIdentity.standardParameters(
                user: parameters.user, isSuperuser: true)
            return machine.finish(.session(SessionIdentity(key: key, parameters: settings)))
        case .runSimple(let text): return run(text)
        case .parse(let id, let sql, _):
            if sql == "fail parse" { return machine.fail(failure, transaction: status) }
            statements[id] = sql
            return machine.finish(transaction: status)
        case .describeStatement(let id):
            return machine.finish(
                .description(
                    parameterTypes: [23], columns: columns(statements[id] ?? "")),
                transaction: status)
        case .bind(let portal, let statement, _):
            texts[portal] = statements[statement]
            return machine.finish(transaction: status)
        case .describePortal(let id):
            return machine.finish(
                .description(parameterTypes: [], columns: columns(texts[id] ?? "")),
                transaction: status)
        case .execute(let id, _): return run(texts[id] ?? "")
        case .sync: return machine.finish(transaction: status)
        }
    }

    private var failure: DatabaseError { DatabaseError(.divisionByZero, "division by zero") }

    private func columns(_ text: String) -> [FieldDescription]? {
        text.hasPrefix("select")
            ? [FieldDescription(name: "x", typeOID: 23, typeLength: 4)] : nil
    }

    private mutating func run(_ text: String) -> [ConnectionAction] {
        var encoder = BackendEncoder()
        switch text {
        case "begin": status = .open
        case "commit": status = .idle
        case "fail":
            if status == .open { status = .failed }
            return machine.fail(failure, transaction: status)
        case "hold": return []
        default: break
        }
        if text.hasPrefix("select") {
            encoder.beginRow(columns: 1)
            encoder.cell("1")
            encoder.endRow()
        }
        encoder.commandComplete(text.uppercased())
        output += encoder.take()
        return machine.finish(transaction: status)
    }

    /// Lets a client and the machine talk until neither has more to say.
    @discardableResult
    mutating func converse(_ client: inout ClientMachine) -> [ClientMachine.Event] {
        var events: [ClientMachine.Event] = []
        var toServer = client.begin()
        while !toServer.isEmpty {
            output = []
            feed(toServer)
            toServer = []
            for event in client.receive(output) {
                if case .send(let bytes) = event { toServer += bytes } else { events.append(event) }
            }
        }
        return events
    }

    /// What the client got, as the letters of its messages, for short comparisons.
    var letters: String {
        var letters = ""
        var offset = 0
        while offset + 5 <= output.count {
            letters.unicodeScalars.append(Unicode.Scalar(output[offset]))
            let length = output[offset + 1..<offset + 5].reduce(0) { $0 << 8 | Int($1) }
            offset += 1 + length
        }
        return letters
    }

    func errors() throws -> [ServerReport] {
        try decodeAll(output).compactMap { message in
            if case .error(let report) = message { report } else { nil }
        }
    }

    var lastStatus: TransactionStatus? { output.last.flatMap { TransactionStatus(rawValue: $0) } }
}

extension ClientMachine {
    static func quick(user: String = "ada", password: String = "secret") -> ClientMachine {
        ClientMachine(
            Identity(user: user, password: password, database: "basalt"),
            .quick(nonce: Array(100..<118)))
    }
}
