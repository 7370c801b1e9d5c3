import Diagnostics
import Platform
import Synchronization

/// A result that one task makes and others wait for.
final class Answer<Success: Sendable>: Sendable {
    private struct State {
        var result: Result<Success, DatabaseError>?
        var isAnnounced = false
        var waiting: [any Gate] = []
    }

    private let workers: any Workers
    private let state = Mutex(State())

    init(_ workers: any Workers) { self.workers = workers }

    /// What was given so far, without waiting.
    var result: Result<Success, DatabaseError>? { state.withLock { $0.result } }

    func give(_ value: Result<Success, DatabaseError>) {
        set(value)
        announce()
    }

    /// Makes the result known to who looks, and wakes nobody yet.
    func set(_ value: Result<Success, DatabaseError>) { state.withLock { $0.result = value } }

    /// Wakes everybody who waits.
    func announce() {
        let gates = state.withLock { state in
            state.isAnnounced = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for gate in gates { gate.open() }
    }

    func wait() throws(DatabaseError) -> Success {
        if let gate = gateToWaitAt() { gate.wait() }
        return try given()
    }

    /// Waits for something that may take long.
    ///
    /// - Parameter check: asked first and then now and again; what it throws ends the waiting.
    func wait(_ check: () throws(DatabaseError) -> Void) throws(DatabaseError) -> Success {
        try check()
        if let gate = gateToWaitAt() {
            while !gate.wait(nanoseconds: Limits.waitCheckNanoseconds) { try check() }
        }
        return try given()
    }

    /// Nil when nothing is to be waited for any more.
    private func gateToWaitAt() -> (any Gate)? {
        let gate = workers.makeGate()
        return state.withLock { state in
            if state.isAnnounced { return nil }
            state.waiting.append(gate)
            return gate
        }
    }

    private func given() throws(DatabaseError) -> Success {
        guard let value = result else { throw .storageClosed() }
        return try value.get()
    }
}
