package import Diagnostics
package import Engine
package import Platform
import Synchronization
package import Values

/// A connection without a wire: hands statements to a session and waits for what becomes of them.
package struct InProcessClient: Sendable {
    /// Runs the statements.
    package let session: Session
    private let workers: any Workers

    /// Takes a session that nobody else uses.
    package init(_ session: Session, _ platform: Platform) {
        self.session = session
        workers = platform.workers
    }

    /// Waits for a completion, which may come on another thread.
    package func wait<Success: Sendable>(
        _ begin: (@escaping @Sendable (Result<Success, DatabaseError>) -> Void) -> Void
    ) throws(DatabaseError) -> Success {
        let gate = workers.makeGate()
        let box = ResultBox<Success>()
        begin { result in
            box.value.withLock { $0 = result }
            gate.open()
        }
        gate.wait()
        guard let result = box.value.withLock({ $0 }) else {
            throw DatabaseError(.internalError, "a completion without a result")
        }
        return try result.get()
    }

    /// Runs one statement.
    package func outcome(
        of statement: PreparedStatement, _ parameters: [Value] = []
    ) throws(DatabaseError) -> Outcome {
        try wait { session.execute(statement, parameters: parameters, completion: $0) }
    }

    /// Runs a text and visits the batches of all its rows. A stream is given up: nothing feeds it.
    package func run(_ sql: String, visit: (Batch) throws(DatabaseError) -> Void)
        throws(DatabaseError)
    {
        for statement in try session.parse(sql) {
            switch try outcome(of: statement) {
            case .command, .copyOut: break
            case .copyIn(let copy, _): copy.fail(DatabaseError(.cancelled, "no data"))
            case .rows(let rows, _):
                while let batch = try rows.next() { try visit(batch) }
            }
        }
    }

    /// Runs a text; the rows come back as values.
    @discardableResult
    package func run(_ sql: String) throws(DatabaseError) -> [[Value]] {
        var rows: [[Value]] = []
        try run(sql) { batch in
            for row in 0..<batch.rowCount {
                rows.append(batch.columns.map { $0.value(at: row) })
            }
        }
        return rows
    }
}

private final class ResultBox<Success: Sendable>: Sendable {
    let value = Mutex<Result<Success, DatabaseError>?>(nil)
}
