import Diagnostics
import Synchronization

/// Where the end of a COPY FROM STDIN arrives, whether it comes before somebody waits for it or
/// after.
package final class CopyEnding: Sendable {
    private struct State {
        var result: Result<Outcome, DatabaseError>?
        var waiter: Completion?
    }

    private let state = Mutex(State())

    init() {}

    func give(_ result: Result<Outcome, DatabaseError>) {
        let waiter = state.withLock { state -> Completion? in
            state.result = result
            return state.waiter
        }
        waiter?(result)
    }

    /// Calls `completion` once, at once when the end has come already.
    package func whenEnded(_ completion: @escaping Completion) {
        let result = state.withLock { state -> Result<Outcome, DatabaseError>? in
            state.waiter = completion
            return state.result
        }
        if let result { completion(result) }
    }
}
