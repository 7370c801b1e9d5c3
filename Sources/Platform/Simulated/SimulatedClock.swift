import Synchronization

/// A clock that moves by hand.
package final class SimulatedClock: WorldClock {
    private let microseconds: Mutex<Int64>
    private let start: Int64
    private let scheduler: SimulatedScheduler

    init(scheduler: SimulatedScheduler, at start: Int64) {
        self.scheduler = scheduler
        self.start = start
        microseconds = Mutex(start)
    }

    package func now() -> Int64 {
        _ = scheduler.point(scheduler.boot, "now")
        return microseconds.withLock { $0 }
    }

    package func monotonicNanoseconds() -> UInt64 {
        _ = scheduler.point(scheduler.boot, "monotonic")
        return microseconds.withLock { UInt64(max(0, $0 - start)) &* 1000 }
    }

    package func advance(microseconds step: Int64) {
        precondition(step >= 0, "the simulated clock does not go back")
        microseconds.withLock { $0 += step }
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
