import Diagnostics
import Platform
import Synchronization

/// How copies reach the disk: early and in long runs, so that the sync at the end has little to wait
/// for. While commits or loads wait for the disk, a copy gives it one short run at a time, and then
/// leaves it to them for a multiple of the time that took.
final class Writeback: Sendable {
    let clock: any WorldClock
    /// How long commits and loads have waited for the disk so far.
    let diskNanoseconds: @Sendable () -> UInt64
    /// Copies at once: each leaves the disk alone for the others' runs too.
    let copies: Int
    private let lately: Mutex<Lately>

    /// How much of the time commits and loads wait for the disk.
    private struct Lately: Sendable {
        var measuredAt: UInt64
        var waited: UInt64
        /// Nanoseconds of waiting that are told and not counted yet: a load tells of a whole segment
        /// when it is written.
        var owed = 0.0
        var share = 0.0
    }

    /// A file that is being written.
    struct Run {
        /// Where the part begins that the disk was not told of.
        fileprivate var begun = 0
    }

    init(
        clock: any WorldClock, diskNanoseconds: @escaping @Sendable () -> UInt64, copies: Int
    ) {
        self.clock = clock
        self.diskNanoseconds = diskNanoseconds
        self.copies = copies
        lately = Mutex(Lately(measuredAt: clock.monotonicNanoseconds(), waited: diskNanoseconds()))
    }

    /// Called after each chunk, with the bytes of the file that are written.
    ///
    /// - Parameter pausing: called now and then while others have the disk; throws to stop.
    func advance(
        _ run: inout Run, to end: Int, of output: any OpenFile,
        pausing: () throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let count = end - run.begun
        guard count >= Limits.politeWritebackBytes else { return }
        let diskShare = measure()
        if diskShare < Limits.leastDiskShare {
            guard count >= Limits.writebackBytes else { return }
            output.beginWriteback(at: run.begun, count: count)
            run.begun = end
            return
        }
        let begun = clock.monotonicNanoseconds()
        output.finishWriteback(at: run.begun, count: count)
        run.begun = end
        let took = Double(clock.monotonicNanoseconds() - begun)
        try pause(took * diskShare * Limits.politeness * Double(copies), pausing)
    }

    /// The rest of the file, however small, unless a later sync takes it along with others.
    func end(_ run: inout Run, at end: Int, of output: any OpenFile) {
        let count = end - run.begun
        guard count >= Limits.writebackLeastBytes else { return }
        output.beginWriteback(at: run.begun, count: count)
        run.begun = end
    }

    private func measure() -> Double {
        let now = clock.monotonicNanoseconds()
        let waited = diskNanoseconds()
        return lately.withLock { lately in
            let elapsed = Double(now) - Double(lately.measuredAt)
            guard elapsed >= Double(Limits.diskShareNanoseconds) else { return lately.share }
            lately.owed += max(0, Double(waited) - Double(lately.waited))
            lately.owed = min(lately.owed, elapsed + Double(Limits.owedNanoseconds))
            lately.share = min(1, lately.owed / elapsed)
            lately.owed -= lately.share * elapsed
            lately.measuredAt = now
            lately.waited = waited
            return lately.share
        }
    }

    private func pause(_ nanoseconds: Double, _ pausing: () throws(DatabaseError) -> Void)
        throws(DatabaseError)
    {
        var left = UInt64(min(nanoseconds, Double(Limits.longestPauseNanoseconds)))
        while left > 0 {
            let part = min(left, Limits.rateWaitNanoseconds)
            clock.wait(nanoseconds: part)
            left -= part
            try pausing()
        }
    }
}
