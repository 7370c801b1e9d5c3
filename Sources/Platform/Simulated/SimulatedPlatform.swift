package import Diagnostics

/// A machine that exists only in memory and in which the seed decides everything.
///
/// The test's thread is task 0; tasks that programs start run only while it waits, drives (`run`) or
/// makes a Platform call itself. After a crash take `platform` anew: the old one belongs to a
/// machine that is no more, and its calls throw (files) or do nothing.
package final class SimulatedPlatform: Sendable {
    package let disk: SimulatedDisk
    package let clock: SimulatedClock
    private let chance: SimulatedChance
    private let scheduler: SimulatedScheduler
    private let log: any LogSink

    /// - Parameter capacity: bytes the disk holds; nil for no limit.
    package init(
        seed: UInt64, log: any LogSink = SilentLog(), capacity: Int? = nil,
        startingAt microseconds: Int64 = 1_767_225_600_000_000
    ) {
        scheduler = SimulatedScheduler(seed: seed)
        disk = SimulatedDisk(scheduler: scheduler, capacity: capacity)
        clock = SimulatedClock(scheduler: scheduler, at: microseconds)
        chance = SimulatedChance(scheduler: scheduler, seed: seed &+ 1)
        self.log = log
    }

    /// The world as programs of the present boot see it.
    package var platform: Platform {
        let boot = scheduler.boot
        return Platform(
            files: SimulatedFileSystem(disk: disk, boot: boot), clock: clock, chance: chance,
            workers: SimulatedWorkers(scheduler: scheduler, boot: boot), log: log)
    }

    // MARK: Power

    /// Cuts the power now and starts the machine again. Task 0 only.
    package func crash() {
        if !scheduler.isDown {
            disk.losePower()
            scheduler.cutPower()
        }
        scheduler.restart()
    }

    /// Whether the power was cut by `disk.crashAtCall`; `restart` or `crash` starts it again.
    package var isDown: Bool { scheduler.isDown }

    package func restart() { scheduler.restart() }

    /// Cuts the power for good, for a test that leaves tasks waiting: they would keep their threads.
    package func stop() { if !scheduler.isDown { scheduler.cutPower() } }

    // MARK: Running tasks

    /// Lets other tasks run until the condition holds; false when the power was cut before.
    ///
    /// When no task can run and the condition does not hold, the process ends with the list of who
    /// waits where.
    @discardableResult
    package func run(until condition: () -> Bool) -> Bool { scheduler.drive(until: condition) }

    /// Lets other tasks run until all have ended or wait; false when the power was cut before.
    @discardableResult
    package func runUntilIdle() -> Bool { scheduler.drive { !scheduler.hasOtherRunnable } }

    /// Runs a body as a task of its own until it ends; false when the power was cut before. A crash
    /// may then hit it anywhere, without an error to unwind with.
    @discardableResult
    package func runTask(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let isDone = Flag()
        platform.workers.start(name) {
            body()
            isDone.raise()
        }
        return run { isDone.isRaised }
    }

    // MARK: Looking

    /// Every call in the order it was made, as `task call arguments`; the beginning when it is long.
    package var trace: [String] { scheduler.trace }
    package var traceLength: Int { scheduler.traceLength }
    /// Tells two traces apart, however long they are.
    package var traceHash: UInt64 { scheduler.traceHash }
}
