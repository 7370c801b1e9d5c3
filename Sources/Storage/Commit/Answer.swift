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
        let gate = workers.makeGate()
        let mustWait = state.withLock { state in
            if !state.isAnnounced { state.waiting.append(gate) }
            return !state.isAnnounced
        }
        if mustWait { gate.wait() }
        guard let value = result else { throw .storageClosed() }
        return try value.get()
    }
}
