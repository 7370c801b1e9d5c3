import CPlatform
package import Diagnostics
import Synchronization

/// Takes readiness reports for one descriptor.
protocol EventHandler: AnyObject {
    func handle(events: UInt32)
    /// Gives the descriptor back, because the loop ends.
    func abandon()
}

/// One thread that waits on epoll and runs everything that happens on its sockets, timers and
/// signals. Nothing that runs here may block.
///
/// Any thread may call `execute` and `stop`. Everything else belongs to the thread that runs the
/// loop, or to the one that sets it up before `run`.
///
/// - INV-1 A handler is registered from the moment its descriptor is added until just before the
///   descriptor is closed, so a report for a reused number never reaches the wrong handler.
/// - INV-2 The wakeup descriptor is signalled whenever the inbox turns from empty to filled.
// SAFETY: the stored state is touched only on the loop's thread (checked by `checkThread`), but for
// the inbox and the two flags, which are a Mutex and Atomics.
package final class EventLoop: @unchecked Sendable {
    private struct Registration {
        var handler: (any EventHandler)?
        var generation: UInt32 = 0
    }

    private let epoll: Int32
    private let wakeup: Int32
    private let inbox = Mutex<[@Sendable () -> Void]>([])
    private let isStopping = Atomic<Bool>(false)
    /// The running thread, 0 while none runs.
    private let thread = Atomic<UInt64>(0)
    private var registrations: [Registration] = []
    private var timers = TimerQueue()
    private var events = [cnet_event](repeating: cnet_event(), count: NetworkLimits.eventsPerTurn)
    private var toFlush: [SocketConnection] = []
    /// Where sockets read into before the bytes are handed on.
    var scratch = [UInt8](repeating: 0, count: NetworkLimits.readBytes)

    private static let wakeupToken = UInt64.max

    /// Makes a loop that does not run yet. From here on SIGPIPE is ignored in the whole process.
    package init() throws(DatabaseError) {
        cnet_ignore_broken_pipe()
        epoll = cnet_epoll_create()
        guard epoll >= 0 else { throw .network("epoll_create1", "event loop", errorNumber: -epoll) }
        wakeup = cnet_wakeup_create()
        guard wakeup >= 0 else {
            cnet_close(epoll)
            throw .network("eventfd", "event loop", errorNumber: -wakeup)
        }
        let added = cnet_epoll_add(epoll, wakeup, Readiness.input, Self.wakeupToken)
        guard added == 0 else {
            cnet_close(epoll)
            cnet_close(wakeup)
            throw .network("epoll_ctl", "event loop", errorNumber: -added)
        }
    }

    deinit {
        cnet_close(epoll)
        cnet_close(wakeup)
    }

    /// Whether the caller may touch the loop's sockets and timers.
    package var isOnLoop: Bool {
        let running = thread.load(ordering: .acquiring)
        return running == 0 || running == cnet_current_thread()
    }

    func checkThread() {
        precondition(isOnLoop, "a loop's sockets and timers are used on its own thread")
    }

    /// Runs until `stop`. What is registered stays registered and may be run again.
    package func run() {
        let (isFirst, _) = thread.compareExchange(
            expected: 0, desired: cnet_current_thread(), ordering: .acquiringAndReleasing)
        precondition(isFirst, "a loop runs on one thread at a time")
        while !isStopping.load(ordering: .acquiring) { turn() }
        isStopping.store(false, ordering: .releasing)
        thread.store(0, ordering: .releasing)
    }

    /// Makes `run` return after what it is doing now.
    package func stop() {
        isStopping.store(true, ordering: .releasing)
        cnet_wakeup_signal(wakeup)
    }

    /// Runs a body on the loop soon. From any thread; wakes the loop.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        let wasEmpty = inbox.withLock { waiting in
            waiting.append(body)
            return waiting.count == 1
        }
        if wasEmpty { cnet_wakeup_signal(wakeup) }
    }

    /// Runs a body once on the loop, when at least `afterMilliseconds` have passed.
    @discardableResult
    package func schedule(afterMilliseconds: Int, _ body: @escaping () -> Void) -> TimerToken {
        checkThread()
        let delay = UInt64(max(0, min(afterMilliseconds, Int(Int32.max)))) * 1_000_000
        return timers.add(due: cnet_monotonic_nanoseconds() + delay, body)
    }

    /// Forgets a scheduled body. Harmless when it has run already.
    package func cancel(_ token: TimerToken) {
        checkThread()
        timers.cancel(token)
    }

    /// Closes every listener, connection and signal source. Until then they keep the loop alive.
    package func closeAll() {
        checkThread()
        for registration in registrations { registration.handler?.abandon() }
    }

    private func turn() {
        // SAFETY: the array has `eventsPerTurn` elements and outlives the call, which writes at
        // most that many.
        let count = unsafe events.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let start = buffer.baseAddress else { return 0 }
            return unsafe cnet_epoll_wait(
                epoll, start, Int32(buffer.count), millisecondsToWait())
        }
        precondition(count >= 0, "epoll_wait fails only when the loop misuses its descriptor")
        for index in 0..<Int(count) { dispatch(events[index]) }
        runInbox()
        runTimers()
        flushConnections()
    }

    private func millisecondsToWait() -> Int32 {
        guard toFlush.isEmpty else { return 0 }
        guard let due = timers.nextDue() else { return -1 }
        let now = cnet_monotonic_nanoseconds()
        guard due > now else { return 0 }
        return Int32(clamping: (due - now + 999_999) / 1_000_000)
    }

    private func dispatch(_ event: cnet_event) {
        if event.token == Self.wakeupToken {
            cnet_wakeup_drain(wakeup)
            return
        }
        let index = Int(event.token & 0xffff_ffff)
        guard index < registrations.count,
            registrations[index].generation == UInt32(event.token >> 32)
        else { return }
        registrations[index].handler?.handle(events: event.events)
    }

    private func runInbox() {
        let bodies = inbox.withLock { waiting in
            let taken = waiting
            waiting = []
            return taken
        }
        for body in bodies { body() }
    }

    private func runTimers() {
        // One reading of the clock: a body that schedules itself with no delay waits for the next
        // turn and cannot hold the loop.
        guard timers.nextDue() != nil else { return }
        let now = cnet_monotonic_nanoseconds()
        while let body = timers.takeDue(at: now) { body() }
    }

    /// Sends what connections queued in this turn, each with as few system calls as possible. What
    /// their `onWritable` queues meanwhile waits for the next turn: one fast peer cannot hold the
    /// loop.
    private func flushConnections() {
        let connections = toFlush
        toFlush = []
        for connection in connections { connection.flush() }
    }

    func flushLater(_ connection: SocketConnection) {
        let isOutsideTurn = thread.load(ordering: .acquiring) == 0
        toFlush.append(connection)
        // Before `run` nobody would come by.
        if isOutsideTurn { cnet_wakeup_signal(wakeup) }
    }

    func register(_ descriptor: Int32, events: UInt32, _ handler: any EventHandler)
        throws(DatabaseError)
    {
        checkThread()
        let index = Int(descriptor)
        while registrations.count <= index { registrations.append(Registration()) }
        registrations[index].generation &+= 1
        registrations[index].handler = handler
        let added = cnet_epoll_add(epoll, descriptor, events, token(index))
        guard added == 0 else {
            registrations[index].handler = nil
            throw .network("epoll_ctl", "descriptor \(descriptor)", errorNumber: -added)
        }
    }

    func change(_ descriptor: Int32, events: UInt32) {
        let changed = cnet_epoll_modify(epoll, descriptor, events, token(Int(descriptor)))
        precondition(changed == 0, "a registered descriptor can be modified")
    }

    func deregister(_ descriptor: Int32) {
        checkThread()
        let index = Int(descriptor)
        registrations[index].handler = nil
        registrations[index].generation &+= 1
        _ = cnet_epoll_remove(epoll, descriptor)
    }

    private func token(_ index: Int) -> UInt64 {
        UInt64(registrations[index].generation) << 32 | UInt64(index)
    }
}
