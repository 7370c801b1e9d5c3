import Synchronization

/// A clock that moves by hand, and by itself when every task waits for time to go by.
package final class SimulatedClock: WorldClock {
    private let start: Int64
    private let scheduler: SimulatedScheduler

    init(scheduler: SimulatedScheduler, at start: Int64) {
        self.scheduler = scheduler
        self.start = start
    }

    package func now() -> Int64 {
        _ = scheduler.point(scheduler.boot, "now")
        return start + Int64(scheduler.elapsed / 1000)
    }

    package func monotonicNanoseconds() -> UInt64 {
        _ = scheduler.point(scheduler.boot, "monotonic")
        return scheduler.elapsed
    }

    package func wait(nanoseconds: UInt64) {
        _ = scheduler.point(scheduler.boot, "wait \(nanoseconds)")
        advance(microseconds: Int64(clamping: (nanoseconds + 999) / 1000))
    }

    package func advance(microseconds step: Int64) {
        precondition(step >= 0, "the simulated clock does not go back")
        scheduler.advance(nanoseconds: UInt64(step) * 1000)
    }
}

/// Chance from the seed.
final class SimulatedChance: Chance {
    private let random: Mutex<SeededRandom>
    private let scheduler: SimulatedScheduler

    init(scheduler: SimulatedScheduler, seed: UInt64) {
        self.scheduler = scheduler
        random = Mutex(SeededRandom(seed: seed))
    }

    func bytes(_ count: Int) -> [UInt8] {
        _ = scheduler.point(scheduler.boot, "chance \(count)")
        return random.withLock { random in
            (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
    }

    func next() -> UInt64 {
        _ = scheduler.point(scheduler.boot, "chance 8")
        return random.withLock { $0.next() }
    }
}
