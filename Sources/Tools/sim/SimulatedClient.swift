import Diagnostics
import Engine
import Platform
import Planner
import Synchronization
import Values

/// A connection without a wire: sends a statement to a session and waits for the answer.
struct SimulatedClient: Sendable {
    let engine: Engine
    let session: Session
    let platform: Platform

    init(_ engine: Engine, _ platform: Platform) {
        self.engine = engine
        session = engine.makeSession()
        self.platform = platform
    }

    /// Runs one statement; rows come back as values.
    @discardableResult
    func run(_ sql: String) throws(DatabaseError) -> [[Value]] {
        var rows: [[Value]] = []
        for statement in try session.parse(sql) {
            switch try wait({ session.execute(statement, completion: $0) }) {
            case .command: break
            // Nothing here feeds a stream.
            case .copyIn(let copy, _): copy.fail(DatabaseError(.cancelled, "no data"))
            case .copyOut: break
            case .rows(let result, _):
                while let batch = try result.next() {
                    for row in 0..<batch.rowCount {
                        rows.append(batch.columns.map { $0.value(at: row) })
                    }
                }
            }
        }
        return rows
    }

    private func wait<Success: Sendable>(
        _ body: (@escaping @Sendable (Result<Success, DatabaseError>) -> Void) -> Void
    ) throws(DatabaseError) -> Success {
        let gate = platform.workers.makeGate()
        let box = Box<Success>()
        body { result in
            box.value.withLock { $0 = result }
            gate.open()
        }
        gate.wait()
        guard let result = box.value.withLock({ $0 }) else {
            throw DatabaseError(.internalError, "a completion without a result")
        }
        return try result.get()
    }
}

private final class Box<Success: Sendable>: Sendable {
    let value = Mutex<Result<Success, DatabaseError>?>(nil)
}
