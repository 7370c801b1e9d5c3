import Bytes
import Diagnostics
import Platform
import Synchronization
import Testing

@testable import Backup

@Suite("Writeback")
struct WritebackTests {
    @Test("with nobody committing the disk is told of long runs, and the copy never waits")
    func alone() throws {
        let disk = SlowDisk()
        let writeback = Writeback(clock: disk.clock, diskNanoseconds: { 0 }, copies: 2)

        let pauses = try disk.write(5 << 20, writeback)

        #expect(
            disk.begun.withLock { $0 } == [0..<2 << 20, 2 << 20..<4 << 20, 4 << 20..<5 << 20])
        #expect(disk.finished.withLock { $0 } == [])
        #expect(pauses == 0)
    }

    @Test(
        "while commits wait all the time, the disk is theirs for most of it", arguments: [1, 2, 4])
    func busy(copies: Int) throws {
        let disk = SlowDisk()
        // As if a sync were always under way.
        let clock = disk.clock
        let writeback = Writeback(
            clock: clock, diskNanoseconds: { clock.monotonicNanoseconds() }, copies: copies)

        let begin = clock.monotonicNanoseconds()
        let pauses = try disk.write(40 << 20, writeback)
        let elapsed = clock.monotonicNanoseconds() - begin

        let runs = disk.finished.withLock { $0 }
        #expect(runs.count > 10)
        #expect(runs.allSatisfy { $0.count == 1 << 20 })
        #expect(pauses >= runs.count)
        let ours = UInt64(runs.count * copies) * SlowDisk.nanosecondsOfRun
        #expect(elapsed > 10 * ours)
        #expect(elapsed < 12 * ours)
    }

    @Test("commits that wait a tenth of the time get a tenth of that")
    func seldom() throws {
        let disk = SlowDisk()
        let clock = disk.clock
        let writeback = Writeback(
            clock: clock, diskNanoseconds: { clock.monotonicNanoseconds() / 10 }, copies: 1)

        let begin = clock.monotonicNanoseconds()
        _ = try disk.write(40 << 20, writeback)
        let elapsed = clock.monotonicNanoseconds() - begin

        let ours = UInt64(disk.finished.withLock { $0.count }) * SlowDisk.nanosecondsOfRun
        #expect(elapsed > ours * 19 / 10)
        #expect(elapsed < ours * 5 / 2)
    }

    @Test("a load that tells of its waiting when a segment is written is left the disk as well")
    func told() throws {
        let disk = SlowDisk()
        let clock = disk.clock
        // Half of the time, told five times a second.
        let writeback = Writeback(
            clock: clock,
            diskNanoseconds: { clock.monotonicNanoseconds() / 200_000_000 * 100_000_000 },
            copies: 1)

        let begin = clock.monotonicNanoseconds()
        _ = try disk.write(4_000 << 20, writeback)
        let elapsed = clock.monotonicNanoseconds() - begin

        // What was copied at full speed took so long; nearly all of the time but for the load.
        let bytes = disk.begun.withLock { $0.reduce(0) { $0 + $1.count } }
        let free = UInt64(bytes / Limits.chunkBytes) * SlowDisk.nanosecondsOfChunk
        #expect(elapsed > 2_000_000_000)
        #expect(free > elapsed * 15 / 100)
        #expect(free < elapsed * 60 / 100)
    }

    @Test("after loads that waited together for longer than went by a copy soon has the disk")
    func many() throws {
        let disk = SlowDisk()
        let clock = disk.clock
        let end: UInt64 = 500_000_000
        let writeback = Writeback(
            clock: clock, diskNanoseconds: { 50 * min(end, clock.monotonicNanoseconds()) },
            copies: 1)

        clock.wait(nanoseconds: end)
        let pauses = try disk.write(4_000 << 20, writeback)

        #expect(pauses > 0)
        #expect(clock.monotonicNanoseconds() < 10 * end)
        #expect(!disk.begun.withLock { $0 }.isEmpty)
    }

    @Test("a pause ends when the caller says so")
    func cancelled() throws {
        let disk = SlowDisk()
        let clock = disk.clock
        let writeback = Writeback(
            clock: clock, diskNanoseconds: { clock.monotonicNanoseconds() }, copies: 1)

        #expect(throws: DatabaseError.self) {
            try disk.write(
                40 << 20, writeback,
                pausing: { () throws(DatabaseError) in
                    throw .backupCancelled()
                })
        }
        #expect(disk.finished.withLock { $0.count } == 1)
    }
}

/// A file on a disk that needs its time for each run, by a clock that only this moves.
private final class SlowDisk: OpenFile {
    static let nanosecondsOfRun: UInt64 = 4_000_000
    static let nanosecondsOfChunk: UInt64 = 100_000

    let path = "/slow"
    let clock = StillClock()
    let begun = Mutex<[Range<Int>]>([])
    let finished = Mutex<[Range<Int>]>([])

    /// Writes so many bytes in chunks, each of which takes a moment to be made.
    ///
    /// - Returns: how often the copy was paused.
    func write(
        _ bytes: Int, _ writeback: Writeback,
        pausing: () throws(DatabaseError) -> Void = { () throws(DatabaseError) in }
    ) throws(DatabaseError) -> Int {
        var run = Writeback.Run()
        var pauses = 0
        for end in stride(from: Limits.chunkBytes, through: bytes, by: Limits.chunkBytes) {
            clock.wait(nanoseconds: Self.nanosecondsOfChunk)
            try writeback.advance(&run, to: end, of: self) { () throws(DatabaseError) in
                pauses += 1
                try pausing()
            }
        }
        writeback.end(&run, at: bytes, of: self)
        return pauses
    }

    func beginWriteback(at offset: Int, count: Int) {
        begun.withLock { $0.append(offset..<offset + count) }
    }

    func finishWriteback(at offset: Int, count: Int) {
        finished.withLock { $0.append(offset..<offset + count) }
        clock.wait(nanoseconds: Self.nanosecondsOfRun)
    }

    func size() throws(DatabaseError) -> Int { 0 }
    func read(at offset: Int, count: Int) throws(DatabaseError) -> [UInt8] { [] }
    func write(_ bytes: [UInt8], at offset: Int) throws(DatabaseError) {}
    func shareBlocks(of other: any OpenFile) throws(DatabaseError) -> Bool { false }
    func truncate(to length: Int) throws(DatabaseError) {}
    func sync() throws(DatabaseError) {}
    func map() throws(DatabaseError) -> MemoryRegion { throw .backupCancelled() }
}

private final class StillClock: WorldClock {
    private let time = Mutex<UInt64>(1)

    func now() -> Int64 { 0 }
    func monotonicNanoseconds() -> UInt64 { time.withLock { $0 } }
    func wait(nanoseconds: UInt64) { time.withLock { $0 += nanoseconds } }
}
