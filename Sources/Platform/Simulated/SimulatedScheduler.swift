import CPlatform
import Synchronization

/// Lets one task run at a time and picks the next by the seed: at each Platform call.
///
/// A task is a real thread that runs only while it holds the baton. Task 0 is the test's own
/// thread. A power cut ends all others where they stand: they hold no lock, since no lock may be
/// held across a Platform call, and what they own is leaked on purpose, for nothing of a dead
/// machine may act on the next one.
///
/// - INV-1 The baton is with exactly one task that has not ended.
/// - INV-2 A task with the baton is runnable.
/// - INV-3 A call of an earlier boot, or while the machine is down, has no effect.
final class SimulatedScheduler: Sendable {
    private enum Status {
        case runnable
        /// At a gate, some until a moment of the machine's own time.
        case waiting(gate: Int, until: UInt64?)
        case ended
    }

    private final class TaskThread: Sendable {
        let name: String
        let baton = LinuxGate()
        let isStopped = Atomic(false)
        private let body: Mutex<(@Sendable () -> Void)?>

        init(_ name: String, _ body: (@Sendable () -> Void)? = nil) {
            self.name = name
            self.body = Mutex(body)
        }

        /// Does the work and lets go of it: what it held is given back while the thread has the
        /// baton, not when it has ended.
        func run() {
            let body = body.withLock { body in
                defer { body = nil }
                return body
            }
            body?()
        }
    }

    private struct Gate {
        var passes = 0
        var waiting: [Int] = []
    }

    private struct State {
        var threads: [TaskThread] = [TaskThread("main")]
        var status: [Status] = [.runnable]
        var current = 0
        var boot = 1
        var isDown = false
        var gates: [Gate] = []
        var random: SeededRandom
        var submitted = 0
        var waitsWhileDead = 0
        var trace: [String] = []
        var traceLength = 0
        var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
        /// Nanoseconds since the machine was made: moved by hand, and when all wait for time to go by.
        var elapsed: UInt64 = 0

        mutating func record(_ line: String) {
            let text = "\(current) \(line)"
            for byte in text.utf8 { traceHash = (traceHash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            traceLength += 1
            if trace.count < SimulatedLimits.tracedCalls { trace.append(text) }
        }

        func isAlive(_ boot: Int) -> Bool { !isDown && boot == self.boot }

        func runnable(without excluded: Int? = nil) -> [Int] {
            status.indices.filter {
                switch status[$0] {
                case .runnable: $0 != excluded
                case .waiting(_, let until?): until <= elapsed && $0 != excluded
                case .waiting, .ended: false
                }
            }
        }

        /// The same; when there is none, time goes by until somebody has waited long enough.
        mutating func runnableInTime(without excluded: Int? = nil) -> [Int] {
            let candidates = runnable(without: excluded)
            if !candidates.isEmpty { return candidates }
            let deadlines = status.indices.compactMap { index -> UInt64? in
                guard index != excluded, case .waiting(_, let until) = status[index] else {
                    return nil
                }
                return until
            }
            guard let next = deadlines.min() else { return [] }
            elapsed = max(elapsed, next)
            return runnable(without: excluded)
        }

        /// Makes a runnable task the next; whoever calls opens its baton once the lock is free, or
        /// it would begin by waiting for the lock.
        mutating func passBaton(to task: Int) -> TaskThread {
            current = task
            return threads[task]
        }

        func describeStuck() -> String {
            let lines = threads.indices.map { index in
                switch status[index] {
                case .waiting(let gate, _): "\(index) \(threads[index].name) waits at gate \(gate)"
                case .runnable: "\(index) \(threads[index].name) could run"
                case .ended: "\(index) \(threads[index].name) has ended"
                }
            }
            return "simulation is stuck, no task can run: " + lines.joined(separator: ", ")
        }
    }

    private let state: Mutex<State>

    init(seed: UInt64) { state = Mutex(State(random: SeededRandom(seed: seed))) }

    var boot: Int { state.withLock { $0.boot } }
    var isDown: Bool { state.withLock { $0.isDown } }
    var trace: [String] { state.withLock { $0.trace } }
    var traceLength: Int { state.withLock { $0.traceLength } }
    var traceHash: UInt64 { state.withLock { $0.traceHash } }

    /// Takes numbers from the scheduler's own stream: faults and crashes are part of the schedule.
    func drawing<R>(_ body: (inout SeededRandom) -> R) -> R { state.withLock { body(&$0.random) } }

    func note(_ line: String) { state.withLock { $0.record(line) } }

    // MARK: The points where tasks change

    /// A Platform call begins: someone else may go first. Returns false when the caller's machine
    /// is no more, which only task 0 lives to see.
    func point(_ boot: Int, _ line: @autoclosure () -> String) -> Bool {
        guard boot == self.boot, !isDown else { return false }
        let (me, next) = state.withLock { state -> (TaskThread, TaskThread?) in
            let me = state.threads[state.current]
            state.record(line())
            let candidates = state.runnable()
            let next =
                candidates.count == 1
                ? candidates[0] : candidates[state.random.below(candidates.count)]
            return (me, next == state.current ? nil : state.passBaton(to: next))
        }
        if let next {
            next.baton.open()
            park(me)
        }
        return state.withLock { $0.isAlive(boot) }
    }

    /// Lets other tasks run until `condition` holds. Returns false when the power was cut meanwhile.
    func drive(until condition: () -> Bool) -> Bool {
        let boot = self.boot
        while true {
            if isDown || self.boot != boot { return false }
            if condition() { return true }
            let (me, next, stuck) = state.withLock { state -> (TaskThread, TaskThread?, String) in
                precondition(state.current == 0, "only the test's thread drives")
                let others = state.runnableInTime(without: 0)
                if others.isEmpty { return (state.threads[0], nil, state.describeStuck()) }
                let next = state.passBaton(to: others[state.random.below(others.count)])
                return (state.threads[0], next, "")
            }
            guard let next else { preconditionFailure(stuck) }
            next.baton.open()
            park(me)
        }
    }

    var hasOtherRunnable: Bool { state.withLock { !$0.runnable(without: 0).isEmpty } }

    private func park(_ thread: TaskThread) {
        thread.baton.wait()
        if thread.isStopped.load(ordering: .acquiring) { basalt_thread_exit() }
    }

    // MARK: Tasks

    /// Adds a task; it runs when the seed says so.
    func start(_ boot: Int, _ name: String, _ body: @escaping @Sendable () -> Void) {
        guard point(boot, "start \(name)") else { return }
        let (thread, index) = state.withLock { state -> (TaskThread, Int) in
            let thread = TaskThread(name, body)
            state.threads.append(thread)
            state.status.append(.runnable)
            return (thread, state.threads.count - 1)
        }
        startThread(name) {
            self.park(thread)
            thread.run()
            self.end(index)
        }
    }

    /// Starts a short task unless too many are under way.
    func submit(_ boot: Int, _ body: @escaping @Sendable () -> Void) -> Bool {
        let isFull = state.withLock { state in
            if state.submitted >= Limits.queuedTasks { return true }
            state.submitted += 1
            return false
        }
        if isFull { return false }
        start(boot, "worker") {
            body()
            self.state.withLock { $0.submitted -= 1 }
        }
        return true
    }

    private func end(_ task: Int) {
        let (next, stuck) = state.withLock { state -> (TaskThread?, String) in
            state.record("end")
            state.status[task] = .ended
            let candidates = state.runnableInTime()
            if candidates.isEmpty { return (nil, state.describeStuck()) }
            return (state.passBaton(to: candidates[state.random.below(candidates.count)]), "")
        }
        guard let next else { preconditionFailure(stuck) }
        next.baton.open()
    }

    // MARK: Gates

    func makeGate() -> Int {
        state.withLock { state in
            state.gates.append(Gate())
            return state.gates.count - 1
        }
    }

    func open(_ boot: Int, gate: Int) {
        guard point(boot, "open gate \(gate)") else { return }
        state.withLock { state in
            let waiting = state.gates[gate].waiting
            if waiting.isEmpty {
                state.gates[gate].passes = 1
            } else {
                let place = state.random.below(waiting.count)
                state.gates[gate].waiting.remove(at: place)
                state.status[waiting[place]] = .runnable
            }
        }
    }

    func wait(_ boot: Int, gate: Int) { _ = wait(boot, gate: gate, nanoseconds: nil) }

    /// Waits at a gate, at most as long as is said. Returns whether the gate let it through.
    func wait(_ boot: Int, gate: Int, nanoseconds: UInt64?) -> Bool {
        guard point(boot, "wait at gate \(gate)") else {
            refuseToWait()
            return true
        }
        let (me, index, next, stuck) = state.withLock {
            state -> (TaskThread?, Int, TaskThread?, String) in
            if state.gates[gate].passes > 0 {
                state.gates[gate].passes -= 1
                return (nil, state.current, nil, "")
            }
            let index = state.current
            state.gates[gate].waiting.append(index)
            let until = nanoseconds.map { state.elapsed.addingReportingOverflow($0) }
            state.status[index] = .waiting(
                gate: gate, until: until.map { $0.overflow ? .max : $0.partialValue })
            let candidates = state.runnableInTime()
            if candidates.isEmpty {
                return (state.threads[index], index, nil, state.describeStuck())
            }
            let next = state.passBaton(to: candidates[state.random.below(candidates.count)])
            return (state.threads[index], index, next, "")
        }
        guard let me else { return true }
        guard let next else { preconditionFailure(stuck) }
        // It may be the caller itself, woken by the time.
        next.baton.open()
        park(me)
        return state.withLock { state in
            // Who was let through is runnable; who still waits was woken by the time.
            guard index < state.status.count, case .waiting = state.status[index] else {
                return true
            }
            state.gates[gate].waiting.removeAll { $0 == index }
            state.status[index] = .runnable
            return false
        }
    }

    /// Nanoseconds since the machine was made.
    var elapsed: UInt64 { state.withLock { $0.elapsed } }

    func advance(nanoseconds: UInt64) { state.withLock { $0.elapsed += nanoseconds } }

    /// Task 0 lives on after a power cut; nobody will ever open the gate for it, so it passes. A
    /// loop that waits again and again would spin for ever.
    private func refuseToWait() {
        let line = "wait on a dead machine"
        let count = state.withLock { state -> Int in
            state.record(line)
            state.waitsWhileDead += 1
            return state.waitsWhileDead
        }
        precondition(
            count < SimulatedLimits.waitsWhileDead,
            "the test's own task waits in a loop on a machine that has lost its power")
    }

    // MARK: Power

    /// Ends every task but the test's. A task that calls this does not come back.
    func cutPower() {
        let (dead, first, isWorker) = state.withLock {
            state -> ([TaskThread], TaskThread, Bool) in
            state.record("power cut")
            let caller = state.current
            let dead = state.threads.indices.dropFirst().filter { index in
                if case .ended = state.status[index] { return false }
                return index != caller
            }.map { state.threads[$0] }
            let first = state.threads[0]
            state.threads = [first]
            state.status = [.runnable]
            state.current = 0
            state.submitted = 0
            state.waitsWhileDead = 0
            state.isDown = true
            return (dead, first, caller != 0)
        }
        for thread in dead {
            thread.isStopped.store(true, ordering: .releasing)
            thread.baton.open()
        }
        if isWorker {
            first.baton.open()
            basalt_thread_exit()
        }
    }

    /// Starts the machine again: calls made through platforms of earlier boots stay without effect.
    func restart() {
        state.withLock { state in
            precondition(state.isDown, "only a machine that is down can be started")
            state.boot += 1
            state.isDown = false
            state.record("boot \(state.boot)")
        }
    }
}
