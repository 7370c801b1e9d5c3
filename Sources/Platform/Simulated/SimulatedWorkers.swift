/// Tasks of a simulation, see `SimulatedScheduler`.
struct SimulatedWorkers: Workers {
    let scheduler: SimulatedScheduler
    let boot: Int

    func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        scheduler.start(boot, name, body)
    }

    func startInBackground(_ name: String, _ body: @escaping @Sendable () -> Void) {
        scheduler.start(boot, name, body)
    }

    func submit(_ body: @escaping @Sendable () -> Void) -> Bool { scheduler.submit(boot, body) }

    func makeGate() -> any Gate {
        SimulatedGate(scheduler: scheduler, boot: boot, number: scheduler.makeGate())
    }
}

private final class SimulatedGate: Gate {
    private let scheduler: SimulatedScheduler
    private let boot: Int
    private let number: Int

    init(scheduler: SimulatedScheduler, boot: Int, number: Int) {
        self.scheduler = scheduler
        self.boot = boot
        self.number = number
    }

    func wait() { scheduler.wait(boot, gate: number) }
    func wait(nanoseconds: UInt64) -> Bool {
        scheduler.wait(boot, gate: number, nanoseconds: nanoseconds)
    }

    func open() { scheduler.open(boot, gate: number) }
}
