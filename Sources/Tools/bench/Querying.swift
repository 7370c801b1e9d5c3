import Diagnostics
import Engine
import Platform
import Storage
import Synchronization
import Values

/// Asks an engine one statement after the other.
final class Querying {
    private let session: Session
    private let platform: Platform

    init(_ storage: Storage, _ platform: Platform) {
        session = Engine(storage: storage, platform: platform).makeSession()
        self.platform = platform
    }

    /// Runs a query and visits its batches.
    func run(_ text: String, _ visit: (Batch) -> Void) throws(DatabaseError) {
        for prepared in try session.parse(text) {
            let gate = platform.workers.makeGate()
            let box = Answered()
            session.execute(prepared) { result in
                box.result.withLock { $0 = result }
                gate.open()
            }
            gate.wait()
            guard case .rows(let rows, _)? = try box.result.withLock({ $0 })?.get() else {
                continue
            }
            while let batch = try rows.next() { visit(batch) }
        }
    }

    /// Runs a query and gives the first row's values.
    func row(_ text: String) throws(DatabaseError) -> [Value] {
        var values: [Value] = []
        try run(text) { batch in
            if values.isEmpty { values = batch.columns.map { $0.value(at: 0) } }
        }
        return values
    }
}

private final class Answered: Sendable {
    let result = Mutex<Result<Outcome, DatabaseError>?>(nil)
}
