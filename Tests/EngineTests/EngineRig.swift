import Diagnostics
import Execution
import InProcess
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

    init(settings: StorageSettings = StorageSettings()) throws {
        root = "/tmp/basalt-engine-\(platform.chance.next())"
        try platform.files.makeDirectory(root, permissions: 0o700)
        let storage = try Storage.open(root: root, platform: platform, settings: settings)
        var engineSettings = EngineSettings()
        engineSettings.importDirectory = "\(root)/import"
        engine = Engine(storage: storage, platform: platform, settings: engineSettings)
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
    private let inner: InProcessClient
    private let platform: Platform

    init(_ session: Session, _ platform: Platform) {
        inner = InProcessClient(session, platform)
        self.platform = platform
    }

    var session: Session { inner.session }

    /// Runs a text; the rows of its last statement, a bar between values.
    @discardableResult
    func run(_ text: String, _ parameters: [Value] = []) throws -> [String] {
        var result: [String] = []
        for prepared in try session.parse(text) {
            let settled =
                parameters.isEmpty ? prepared : try session.describe(prepared).0
            switch try inner.outcome(of: settled, parameters) {
            case .command(let command): result = [command.tag]
            case .copyIn(let copy, _):
                copy.fail(DatabaseError(.cancelled, "nothing to copy"))
                result = []
            case .copyOut(let copy):
                result = copy.head.map { [String(decoding: $0, as: UTF8.self)] } ?? []
                while let batch = try copy.rows.next() {
                    try copy.encode(batch, 0..<batch.rowCount) { bytes in
                        result.append(String(decoding: bytes, as: UTF8.self))
                    }
                }
            case .rows(let cursor, _):
                result = []
                while let batch = try cursor.next() {
                    for row in 0..<batch.rowCount { result.append(line(batch, row)) }
                }
            }
        }
        return result
    }

    /// Runs one statement and gives what it gave.
    func outcome(_ text: String) throws -> Outcome {
        guard let prepared = try session.parse(text).first else {
            return .command(CommandResult("none"))
        }
        return try inner.outcome(of: prepared)
    }

    /// Runs a COPY … FROM STDIN and feeds it; its tag.
    @discardableResult
    func copy(
        _ text: String, _ pieces: [[UInt8]], thenFail: DatabaseError? = nil,
        before end: () -> Void = {}
    ) throws -> String {
        for prepared in try session.parse(text) {
            guard case .copyIn(let copy, let ending) = try inner.outcome(of: prepared) else {
                continue
            }
            let gate = platform.workers.makeGate()
            let room = platform.workers.makeGate()
            let box = Mutex<Result<Outcome, DatabaseError>?>(nil)
            ending.whenEnded { result in
                box.withLock { $0 = result }
                gate.open()
                room.open()
            }
            copy.whenRoom { room.open() }
            for piece in pieces {
                while copy.isFull, box.withLock({ $0 }) == nil { room.wait() }
                copy.take(piece)
            }
            end()
            if let thenFail { copy.fail(thenFail) } else { copy.endInput() }
            gate.wait()
            if case .command(let command) = try box.withLock({ $0 })?.get() { return command.tag }
        }
        return "none"
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
