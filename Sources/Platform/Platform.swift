package import Diagnostics

/// Everything the outside world offers, in one value that enters by initialiser.
///
/// `Platform.linux()` and `SimulatedPlatform` make them; no room below Server touches the world in
/// any other way.
package struct Platform: Sendable {
    package let files: any FileSystem
    package let clock: any WorldClock
    package let chance: any Chance
    package let workers: any Workers
    package let log: any LogSink

    package init(
        files: any FileSystem, clock: any WorldClock, chance: any Chance, workers: any Workers,
        log: any LogSink
    ) {
        self.files = files
        self.clock = clock
        self.chance = chance
        self.workers = workers
        self.log = log
    }
}

/// Tells the time. The simulated one moves by hand.
package protocol WorldClock: Sendable {
    /// Microseconds since 1970-01-01 UTC: for stamps people read.
    func now() -> Int64
    /// Nanoseconds since an arbitrary start, never going back: for durations.
    func monotonicNanoseconds() -> UInt64
    /// Blocks the calling thread for about so long; the simulated clock moves on by it.
    func wait(nanoseconds: UInt64)
}

/// Gives random bytes; the simulated one from its seed.
package protocol Chance: Sendable {
    func bytes(_ count: Int) -> [UInt8]
    func next() -> UInt64
}

/// Runs blocking and CPU work away from the event loops, and is how threads wait for each other.
///
/// In a simulation tasks run one at a time and the seed picks the next at each Platform call, so
/// waiting must happen only through `Gate`, and no Mutex may be held across a Platform call.
package protocol Workers: Sendable {
    /// Starts a named task on a thread of its own (committer, background jobs).
    func start(_ name: String, _ body: @escaping @Sendable () -> Void)
    /// The same for work that is to stand back when others want to run.
    func startInBackground(_ name: String, _ body: @escaping @Sendable () -> Void)
    /// Queues short work for the pool. Returns false when the queue is full.
    func submit(_ body: @escaping @Sendable () -> Void) -> Bool
    /// Makes a gate, closed at first.
    func makeGate() -> any Gate
}

/// A place to wait: `open` lets one present or future waiter through, and is remembered once.
package protocol Gate: AnyObject, Sendable {
    func wait()
    /// Waits no longer than the time given. Returns whether it was let through.
    func wait(nanoseconds: UInt64) -> Bool
    func open()
}
