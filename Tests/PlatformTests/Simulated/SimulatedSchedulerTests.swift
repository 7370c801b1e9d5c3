import Diagnostics
import Synchronization
import Testing

@testable import Platform

@Suite("SimulatedScheduler")
struct SimulatedSchedulerTests {
    /// Three writers and a collector that meet at gates: enough for orders to differ.
    private func workload(_ machine: SimulatedPlatform) -> Bool {
        let platform = machine.platform
        let finished = Mutex(0)
        let gate = platform.workers.makeGate()
        for writer in 0..<3 {
            platform.workers.start("writer") {
                for round in 0..<5 {
                    let path = "/\(writer)-\(round)-\(platform.chance.next() % 10)"
                    try? platform.files.publish([UInt8(round)], as: path)
                }
                finished.withLock { $0 += 1 }
                gate.open()
            }
        }
        return machine.run { finished.withLock { $0 } == 3 }
    }

    @Test("the same seed makes the same trace", arguments: 0..<10 as Range<UInt64>)
    func repeats(_ seed: UInt64) {
        let first = SimulatedPlatform(seed: seed)
        let second = SimulatedPlatform(seed: seed)

        #expect(workload(first))
        #expect(workload(second))

        #expect(first.trace == second.trace)
        #expect(first.traceHash == second.traceHash)
        #expect(first.disk.paths() == second.disk.paths())
    }

    @Test("different seeds make different orders")
    func differs() {
        let hashes = (0..<10 as Range<UInt64>).map { seed in
            let machine = SimulatedPlatform(seed: seed)
            _ = workload(machine)
            return machine.traceHash
        }
        #expect(Set(hashes).count == 10)
    }

    @Test("a crash at any call ends all tasks and repeats by its seed")
    func crashesAnywhere() {
        for call in stride(from: 1, through: 90, by: 7) {
            func once() -> (UInt64, [String]) {
                let machine = SimulatedPlatform(seed: 3)
                machine.disk.crashAtCall(call)
                #expect(!workload(machine))
                #expect(machine.isDown)
                machine.restart()
                #expect(workload(machine))
                return (machine.traceHash, machine.disk.paths())
            }
            let first = once()
            let second = once()
            #expect(first.0 == second.0)
            #expect(first.1 == second.1)
        }
    }

    @Test("a gate lets one waiter through for each opening")
    func gates() {
        let machine = SimulatedPlatform(seed: 5)
        let workers = machine.platform.workers
        let gate = workers.makeGate()
        let passed = Atomic(0)
        for index in 0..<3 {
            workers.start("waiter-\(index)") {
                gate.wait()
                passed.add(1, ordering: .relaxed)
            }
        }

        machine.runUntilIdle()
        #expect(passed.load(ordering: .relaxed) == 0)
        gate.open()
        machine.runUntilIdle()
        #expect(passed.load(ordering: .relaxed) == 1)
        gate.open()
        gate.open()
        machine.runUntilIdle()
        #expect(passed.load(ordering: .relaxed) == 3)
        gate.open()
        gate.wait()
    }

    @Test("submitted work runs while the test waits at a gate")
    func submits() {
        let machine = SimulatedPlatform(seed: 6)
        let workers = machine.platform.workers
        let gate = workers.makeGate()

        #expect(workers.submit { gate.open() })
        gate.wait()

        #expect(machine.runTask("last") { machine.clock.advance(microseconds: 5) })
        #expect(machine.clock.monotonicNanoseconds() == 5000)
    }

    @Test("a crash of the test's own task is an error of its call")
    func crashesMain() throws {
        let machine = SimulatedPlatform(seed: 7)
        machine.disk.crashAtCall(2)
        let files = machine.platform.files

        try files.makeDirectory("/a", permissions: 0o700)
        #expect(throws: DatabaseError.self) { try files.makeDirectory("/b", permissions: 0o700) }
        #expect(throws: DatabaseError.self) { try files.list("/") }
        machine.restart()
        #expect(throws: DatabaseError.self) { try files.list("/") }
        _ = try machine.platform.files.list("/")
    }

    @Test("a simulation in which everyone waits ends the process")
    func reportsDeadlock() async {
        await #expect(processExitsWith: .failure) {
            let machine = SimulatedPlatform(seed: 8)
            machine.platform.workers.makeGate().wait()
        }
    }
}
