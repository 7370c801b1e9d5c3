import CPlatform

/// State behind a mutex that threads can wait on: pthread's mutex and condition.
///
/// Inside Platform only. Rooms above wait with `Gate`.
@safe final class Monitor<State>: @unchecked Sendable {
    // SAFETY: `state` is touched only by the thread that holds `monitor`, which is allocated once
    // and freed with the last reference, when nobody can be waiting.
    private let monitor: OpaquePointer
    private var state: State

    init(_ state: State) {
        // SAFETY: allocates; nil means no memory, which this process cannot survive anyway.
        guard let monitor = unsafe basalt_monitor_make() else {
            preconditionFailure("no memory for a mutex")
        }
        unsafe self.monitor = monitor
        self.state = state
    }

    deinit {
        // SAFETY: the last reference is gone.
        unsafe basalt_monitor_free(monitor)
    }

    /// Runs `body` alone. It may wait and wake through the `Turn` it gets.
    func withLock<R, E>(_ body: (inout State, borrowing Turn) throws(E) -> R) throws(E) -> R {
        // SAFETY: locked here, unlocked at the end, `Turn` does not leave the closure.
        unsafe basalt_monitor_lock(monitor)
        defer { unsafe basalt_monitor_unlock(monitor) }
        return try unsafe body(&state, Turn(monitor: monitor))
    }

    /// What the holder of the lock may do.
    @safe struct Turn: ~Copyable {
        // SAFETY: used only while the lock is held, see `withLock`.
        private let monitor: OpaquePointer
        fileprivate init(monitor: OpaquePointer) { unsafe self.monitor = monitor }
        func wakeOne() { unsafe basalt_monitor_signal(monitor) }
        func wakeAll() { unsafe basalt_monitor_broadcast(monitor) }
    }

    /// Waits until `ready` gives a value, holding the lock whenever it is asked.
    func wait<R>(_ ready: (inout State) -> R?) -> R {
        // SAFETY: waiting gives the lock away and takes it back; `state` is passed anew each time.
        unsafe basalt_monitor_lock(monitor)
        defer { unsafe basalt_monitor_unlock(monitor) }
        while true {
            if let result = ready(&state) { return result }
            unsafe basalt_monitor_wait(monitor)
        }
    }

    /// Waits until `ready` gives a value, but no longer than the time given; nil when it is up.
    func wait<R>(nanoseconds: UInt64, _ ready: (inout State) -> R?) -> R? {
        // SAFETY: as above.
        unsafe basalt_monitor_lock(monitor)
        defer { unsafe basalt_monitor_unlock(monitor) }
        let begin = basalt_monotonic_nanoseconds()
        while true {
            if let result = ready(&state) { return result }
            let waited = basalt_monotonic_nanoseconds() &- begin
            if waited >= nanoseconds { return nil }
            unsafe basalt_monitor_wait_for(monitor, nanoseconds - waited)
        }
    }
}
