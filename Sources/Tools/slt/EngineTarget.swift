import Backup
import Bytes
import Diagnostics
import Engine
import InProcess
import Platform
import Planner
import Storage
import Values

/// The engine in this process, on a root of its own: under the system's directory for such things,
/// or on a simulated machine, whose power can be cut.
final class EngineTarget: Target {
    private var platform: Platform
    private let machine: SimulatedPlatform?
    private let root: String
    private var storage: Storage
    private var engine: Engine
    private var clients: [String: InProcessClient] = [:]

    /// - Parameter machine: when given, the engine lives on it and `crash` cuts its power.
    init(platform real: Platform, machine: SimulatedPlatform? = nil) throws(DatabaseError) {
        self.machine = machine
        platform = machine?.platform ?? real
        let name = Hexadecimal.text(platform.chance.bytes(8))
        root = Path.join("/tmp", "basalt-slt-\(name)")
        try platform.files.makeDurableDirectory(root)
        (storage, engine) = try Self.open(root, platform)
    }

    private static func open(_ root: String, _ platform: Platform) throws(DatabaseError) -> (
        Storage, Engine
    ) {
        let storage = try Storage.open(root: root, platform: platform)
        let backup = BackupService(
            source: BackupSource(storage: storage), platform: platform,
            settings: BackupSettings(root: root))
        return (storage, Engine(storage: storage, platform: platform, backup: backup))
    }

    func run(_ sql: String, on connection: String) -> Answer {
        let client = clients[connection] ?? InProcessClient(engine.makeSession(), platform)
        clients[connection] = client
        do throws(DatabaseError) {
            var answer = Answer.command("")
            let statements = try client.session.parse(sql)
            if statements.count > 1 { client.session.openImplicitTransaction() }
            for statement in statements { answer = try run(statement, client) }
            try client.wait { client.session.closeImplicitTransaction(completion: $0) }
            return answer
        } catch {
            return .failure(state: error.state.code, message: error.message)
        }
    }

    private func run(_ statement: PreparedStatement, _ client: InProcessClient)
        throws(DatabaseError) -> Answer
    {
        switch try client.outcome(of: statement) {
        case .command(let command): return .command(command.tag)
        case .copyIn(let copy, _):
            let refusal = DatabaseError(.featureNotSupported, "COPY with STDIN in a golden file")
            copy.fail(refusal)
            throw refusal
        case .copyOut:
            throw DatabaseError(.featureNotSupported, "COPY with STDOUT in a golden file")
        case .rows(let result, _):
            var rows: [[String?]] = []
            while let batch = try result.next() {
                for row in 0..<batch.rowCount {
                    rows.append(batch.columns.map { $0.value(at: row).text(as: $0.type) })
                }
            }
            return .rows(rows)
        }
    }

    func restart() throws {
        clients = [:]
        engine.settle()
        try storage.close()
        (storage, engine) = try Self.open(root, platform)
    }

    func crash() throws {
        guard let machine else {
            throw DatabaseError(.featureNotSupported, "only a simulated machine can crash")
        }
        clients = [:]
        machine.crash()
        platform = machine.platform
        (storage, engine) = try Self.open(root, platform)
    }

    func offers(_ feature: String) -> Bool {
        ["restart", "crash", "backup", "basalt"].contains(feature)
    }

    /// Each file has a root of its own.
    func prepare(for records: [Record]) {}

    func close() -> String? {
        clients = [:]
        do throws(DatabaseError) {
            try storage.close()
            if machine == nil { try platform.files.removeTree(root) }
            machine?.stop()
            return nil
        } catch {
            return "\(root) is left behind: \(error)"
        }
    }
}
