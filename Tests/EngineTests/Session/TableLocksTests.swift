import Diagnostics
import Platform
import Synchronization
import Testing

@testable import Engine

/// What continuations were called with, in their order.
private final class Story: Sendable {
    private let lines = Mutex<[String]>([])

    func note(_ who: String) -> TableLocks.Continuation {
        { [self] result in
            let line =
                switch result {
                case .success: "\(who) has it"
                case .failure(let error): "\(who) \(error.state)"
                }
            lines.withLock { $0.append(line) }
        }
    }

    var told: [String] { lines.withLock { $0 } }
}

/// On a simulated machine, where time goes by at once when everybody waits.
@Suite("TableLocks")
struct TableLocksTests {
    private let machine = SimulatedPlatform(seed: 3)
    private let story = Story()

    @Test("a lock that is held is given to those who wait in their order")
    func order() throws {
        let locks = TableLocks(platform: machine.platform)
        let owners = (0..<3).map { _ in locks.makeOwner() }

        #expect(try locks.take(1, for: owners[0], timeoutMilliseconds: 0, resume: story.note("0")))
        #expect(try locks.take(1, for: owners[0], timeoutMilliseconds: 0, resume: story.note("0")))
        for number in 1...2 {
            #expect(
                try !locks.take(
                    1, for: owners[number], timeoutMilliseconds: 0,
                    resume: story.note("\(number)")))
        }
        #expect(story.told.isEmpty)
        locks.release(owners[0])
        machine.run { story.told.count == 1 }
        #expect(locks.isHeld(1))
        locks.release(owners[1])
        machine.run { story.told.count == 2 }
        locks.release(owners[2])

        #expect(story.told == ["1 has it", "2 has it"])
        #expect(!locks.isHeld(1))
        machine.stop()
    }

    @Test("who has waited long enough is told so, and the next in line stays")
    func timeout() throws {
        let locks = TableLocks(platform: machine.platform)
        let (holder, brief, patient) = (locks.makeOwner(), locks.makeOwner(), locks.makeOwner())
        _ = try locks.take(1, for: holder, timeoutMilliseconds: 0, resume: story.note("holder"))

        _ = try locks.take(1, for: brief, timeoutMilliseconds: 50, resume: story.note("brief"))
        _ = try locks.take(1, for: patient, timeoutMilliseconds: 0, resume: story.note("patient"))
        machine.run { story.told.count == 1 }
        locks.release(holder)
        machine.run { story.told.count == 2 }

        #expect(story.told == ["brief 55P03", "patient has it"])
        #expect(machine.clock.monotonicNanoseconds() == 50_000_000)
        machine.stop()
    }

    @Test("a shorter wait that begins later ends earlier")
    func shorterLater() throws {
        let locks = TableLocks(platform: machine.platform)
        let (holder, long, short) = (locks.makeOwner(), locks.makeOwner(), locks.makeOwner())
        _ = try locks.take(1, for: holder, timeoutMilliseconds: 0, resume: story.note("holder"))

        _ = try locks.take(1, for: long, timeoutMilliseconds: 5_000, resume: story.note("long"))
        _ = try locks.take(1, for: short, timeoutMilliseconds: 10, resume: story.note("short"))
        machine.run { story.told.count == 2 }

        #expect(story.told == ["short 55P03", "long 55P03"])
        machine.stop()
    }

    @Test("a wait can be cancelled")
    func cancel() throws {
        let locks = TableLocks(platform: machine.platform)
        let (holder, waiter) = (locks.makeOwner(), locks.makeOwner())
        _ = try locks.take(1, for: holder, timeoutMilliseconds: 0, resume: story.note("holder"))
        _ = try locks.take(1, for: waiter, timeoutMilliseconds: 900, resume: story.note("waiter"))

        locks.cancel(waiter)
        locks.cancel(waiter)
        machine.run { story.told.count == 1 }
        locks.release(holder)

        #expect(story.told == ["waiter 57014"])
        #expect(!locks.isHeld(1))
        machine.stop()
    }

    @Test("who would close a circle is refused, through others too")
    func deadlock() throws {
        let locks = TableLocks(platform: machine.platform)
        let owners = (0..<3).map { _ in locks.makeOwner() }
        for (number, owner) in owners.enumerated() {
            _ = try locks.take(
                UInt64(number), for: owner, timeoutMilliseconds: 0, resume: story.note("holder"))
        }
        for number in 0..<2 {
            _ = try locks.take(
                UInt64(number + 1), for: owners[number], timeoutMilliseconds: 0,
                resume: story.note("\(number)"))
        }

        let error = #expect(throws: DatabaseError.self) {
            try locks.take(
                0, for: owners[2], timeoutMilliseconds: 0, resume: story.note("2"))
        }
        locks.release(owners[2])
        machine.run { story.told.count == 1 }

        #expect(error?.state == .deadlock)
        #expect(story.told == ["1 has it"])
        machine.stop()
    }
}
