import Diagnostics
import Platform
import Synchronization
import Testing

@testable import Backup

@Suite("Crew")
struct CrewTests {
    @Test(
        "every item is done once and the outcomes keep its order, however many work",
        arguments: [0, 1, 2, 7, 64])
    func keepsOrder(count: Int) throws {
        let platform = Platform.linux(log: SilentLog(), workerThreads: 1)
        let crew = Crew(workers: platform.workers, count: count)
        let calls = Mutex(0)

        let outcomes = try crew.map(Array(0..<1_000)) { number throws(DatabaseError) in
            calls.withLock { $0 += 1 }
            return number * 2
        }

        #expect(outcomes == (0..<1_000).map { $0 * 2 })
        #expect(calls.withLock { $0 } == 1_000)
        #expect(try crew.map([Int]()) { number throws(DatabaseError) in number } == [])
    }

    @Test("the first error is thrown, and little is begun after it")
    func throwsFirstError() {
        let machine = SimulatedPlatform(seed: 1)
        defer { machine.stop() }
        let crew = Crew(workers: machine.platform.workers, count: 2)
        let calls = Mutex(0)

        let error = failure { () throws(DatabaseError) in
            _ = try crew.map(Array(0..<100)) { number throws(DatabaseError) in
                calls.withLock { $0 += 1 }
                if number == 3 { throw DatabaseError(.diskFull, "item \(number)") }
            }
        }

        #expect(error?.message == "item 3")
        #expect(calls.withLock { $0 } < 10)
    }
}
