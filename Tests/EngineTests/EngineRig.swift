import Diagnostics
import Execution
import Platform
import Storage
import Synchronization
import Values

@testable import Engine

/// An engine on a root of its own below /tmp, on the real disk.
final class EngineRig: Sendable {
    let platform = Platform.linux(log: SilentLog(), workerThreads: 2)
    let root: String
    let engine: Engine

    init() throws {
        root = "/tmp/basalt-engine-\(platform.chance.next())"
        try platform.files.makeDirectory(root, permissions: 0o700)
        let storage = try Storage.open(root: root, platform: platform, settings: StorageSettings())
        engine = Engine(storage: storage, platform: platform)
    }

    deinit {
        // Left behind in /tmp when it cannot be removed: nothing else depends on it.
        _ = try? engine.storage.close()
        _ = try? platform.files.removeTree(root)
    }

    func connect() -> Client { Client(engine.makeSession(), platform) }
}

/// Runs statements one after the other and gives their rows as text.
final class Client: Sendable {
    let session: Session
    private let platform: Platform

    init(_ session: Session, _ platform: Platform) {
        self.session = session
        self.platform = platform
    }

    /// Runs a text; the rows of its last statement, a bar between values.
    @discardableResult
    func run(_ text: String, _ parameters: [Value] = []) throws -> [String] {
        var result: [String] = []
        for prepared in try session.parse(text) {
            let settled =
                parameters.isEmpty ? prepared : try session.describe(prepared).0
            switch try wait(settled, parameters) {
            case .command(let command): result = [command.tag]
            case .rows(let cursor, _):
                result = []
                while let batch = try cursor.next() {
                    for row in 0..<batch.rowCount { result.append(line(batch, row)) }
                }
            }
        }
        return result
    }

    private func wait(_ prepared: PreparedStatement, _ parameters: [Value]) throws -> Outcome {
        let gate = platform.workers.makeGate()
        let box = Mutex<Result<Outcome, DatabaseError>?>(nil)
        session.execute(prepared, parameters: parameters) { result in
            box.withLock { $0 = result }
            gate.open()
        }
        gate.wait()
        return try box.withLock { $0 }?.get() ?? .command(CommandResult("none"))
    }

    /// Begins one statement and does not wait for its end.
    func begin(_ text: String) -> Pending {
        let pending = Pending(platform)
        do {
            for prepared in try session.parse(text) {
                session.execute(prepared) { pending.give($0) }
            }
        } catch {
            pending.give(.failure(error))
        }
        return pending
    }

    private func line(_ batch: Batch, _ row: Int) -> String {
        batch.columns.map { $0.value(at: row).text(as: $0.type) ?? "(null)" }
            .joined(separator: "|")
    }

    /// The state of the error a text ends with.
    func failure(_ text: String, _ parameters: [Value] = []) -> DatabaseError? {
        do {
            try run(text, parameters)
            return nil
        } catch {
            return error as? DatabaseError
        }
    }
}

/// A statement that runs by itself.
final class Pending: Sendable {
    private let gate: any Gate
    private let box = Mutex<Result<Outcome, DatabaseError>?>(nil)

    init(_ platform: Platform) { gate = platform.workers.makeGate() }

    func give(_ result: Result<Outcome, DatabaseError>) {
        box.withLock { $0 = result }
        gate.open()
    }

    /// Waits for the end; the tag of a command.
    func end() throws -> [String] {
        gate.wait()
        guard case .command(let command)? = try box.withLock({ $0 })?.get() else { return [] }
        return [command.tag]
    }
}
