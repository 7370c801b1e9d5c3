import Diagnostics
import Synchronization
import Testing

@testable import Platform

@Suite("LinuxWorkers and LinuxGate")
struct LinuxWorkersTests {
    @Test("every submitted task runs, on as many threads as asked")
    func runsAll() {
        let workers = LinuxWorkers(threads: 3)
        let count = Mutex(0)
        let done = workers.makeGate()

        withExtendedLifetime(workers) {
            for _ in 0..<1000 {
                let accepted = workers.submit {
                    if count.withLock({
                        $0 += 1; return $0
                    }) == 1000 {
                        done.open()
                    }
                }
                #expect(accepted)
            }
            done.wait()
        }

        #expect(count.withLock { $0 } == 1000)
    }

    @Test("a full queue says no")
    func refuses() {
        let workers = LinuxWorkers(threads: 1, queueLimit: 2)
        let started = workers.makeGate()
        let hold = workers.makeGate()
        let done = workers.makeGate()

        #expect(
            workers.submit {
                started.open(); hold.wait()
            })
        started.wait()
        #expect(workers.submit {})
        #expect(workers.submit { done.open() })
        #expect(!workers.submit {})
        hold.open()
        done.wait()
    }

    @Test("a gate remembers one opening and lets each opening free one waiter")
    func gates() {
        let workers = LinuxWorkers()
        let gate = workers.makeGate()
        gate.open()
        gate.open()
        gate.wait()

        let passed = Atomic(0)
        let done = workers.makeGate()
        for index in 0..<4 {
            workers.start("waiter-\(index)") {
                gate.wait()
                if passed.add(1, ordering: .relaxed).newValue == 4 { done.open() }
                gate.open()
            }
        }
        gate.open()
        done.wait()
        #expect(passed.load(ordering: .relaxed) == 4)
    }

    @Test("the machine tells its facts")
    func facts() {
        let platform = Platform.linux(log: SilentLog())
        #expect(Machine.processID > 0)
        #expect(Machine.coreCount >= 1)
        #expect(Machine.memoryBytes > 1 << 20)
        #expect(!Machine.hostName.isEmpty)
        #expect(Machine.environment("PATH") != nil)
        #expect(Machine.environment("BASALT_SURELY_NOT_SET") == nil)
        #expect(platform.clock.now() > 1_700_000_000_000_000)
        #expect(platform.clock.monotonicNanoseconds() <= platform.clock.monotonicNanoseconds())
        #expect(platform.chance.bytes(1000).count == 1000)
        #expect(platform.chance.next() != platform.chance.next())
    }
}
