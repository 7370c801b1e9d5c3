import CPlatform

/// Threads: one for each started task, and a pool as wide as the machine for short work.
///
/// The pool begins with the first `submit` and ends with this object; queued work is done first.
package final class LinuxWorkers: Workers {
    private let pool: Pool

    package init(threads: Int = Machine.coreCount, queueLimit: Int = Limits.queuedTasks) {
        pool = Pool(threads: max(1, threads), queueLimit: queueLimit)
    }

    deinit { pool.end() }

    package func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        startThread(name, body)
    }

    package func startInBackground(_ name: String, _ body: @escaping @Sendable () -> Void) {
        startThread(name) {
            basalt_lower_priority(Limits.backgroundPriority)
            body()
        }
    }

    package func submit(_ body: @escaping @Sendable () -> Void) -> Bool { pool.submit(body) }

    package func makeGate() -> any Gate { LinuxGate() }
}

/// Starts a detached thread with a name of at most 15 bytes.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let context = unsafe Unmanaged.passRetained(ThreadBody(body))
    // SAFETY: the context carries one reference, which the thread takes over; it is given back
    // here when there is no thread.
    let result = unsafe basalt_thread_start(
        name, Limits.threadStackBytes,
        { context in
            guard let context = unsafe context else { return }
            unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
        }, context.toOpaque())
    if result < 0 {
        unsafe context.release()
        preconditionFailure("cannot start thread \(name), \(ErrorNumber.text(-result))")
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private final class Pool: Sendable {
    private struct State {
        var queue: [@Sendable () -> Void] = []
        var first = 0
        var idle = 0
        var running = 0
        var isEnding = false

        var queued: Int { queue.count - first }

        mutating func take() -> (@Sendable () -> Void)? {
            if first == queue.count { return nil }
            let task = queue[first]
            first += 1
            if first == queue.count || first > 1024 {
                queue.removeFirst(first)
                first = 0
            }
            return task
        }
    }

    private let threads: Int
    private let queueLimit: Int
    private let monitor = Monitor(State())

    init(threads: Int, queueLimit: Int) {
        self.threads = threads
        self.queueLimit = queueLimit
    }

    func submit(_ body: @escaping @Sendable () -> Void) -> Bool {
        let (accepted, needsThread) = monitor.withLock { state, turn -> (Bool, Bool) in
            if state.isEnding || state.queued >= queueLimit { return (false, false) }
            state.queue.append(body)
            if state.idle >= state.queued || state.running == threads {
                turn.wakeOne()
                return (true, false)
            }
            state.running += 1
            return (true, true)
        }
        if needsThread { startThread("basalt-worker") { self.work() } }
        return accepted
    }

    func end() {
        monitor.withLock { state, turn in
            state.isEnding = true
            turn.wakeAll()
        }
    }

    private func work() {
        while let task = next() { task() }
    }

    private func next() -> (@Sendable () -> Void)? {
        var isIdle = false
        return monitor.wait { state -> (@Sendable () -> Void)?? in
            if isIdle { state.idle -= 1 }
            isIdle = false
            if let task = state.take() { return .some(task) }
            if state.isEnding { return .some(nil) }
            state.idle += 1
            isIdle = true
            return nil
        }
    }
}

/// A gate made of a mutex and a condition.
final class LinuxGate: Gate {
    private struct State {
        var waiting = 0
        var passes = 0
    }

    private let monitor = Monitor(State())

    func wait() {
        var isWaiting = false
        monitor.wait { state -> Void? in
            if !isWaiting { state.waiting += 1 }
            isWaiting = true
            if state.passes == 0 { return nil }
            state.passes -= 1
            state.waiting -= 1
            return ()
        }
    }

    func wait(nanoseconds: UInt64) -> Bool {
        var isWaiting = false
        let passed: Void? = monitor.wait(nanoseconds: nanoseconds) { state -> Void? in
            if !isWaiting { state.waiting += 1 }
            isWaiting = true
            if state.passes == 0 { return nil }
            state.passes -= 1
            state.waiting -= 1
            return ()
        }
        if passed != nil { return true }
        // A pass that came between the end of the time and here stays for the next who waits.
        monitor.withLock { state, _ in state.waiting -= 1 }
        return false
    }

    func open() {
        monitor.withLock { state, turn in
            state.passes = min(state.passes + 1, max(1, state.waiting))
            turn.wakeOne()
        }
    }
}
