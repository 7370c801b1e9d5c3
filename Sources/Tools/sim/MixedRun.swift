import Platform
import Synchronization

/// One seed of the mixed load: lives of one machine, until all are lived or something is wrong.
struct MixedRun {
    static let boots = 6

    let seed: UInt64
    let model: MixedModel
    let complaints = Complaints()
    /// Prints what was asked of the machine, as far as it keeps that.
    var showsCalls = false

    init(seed: UInt64, tally: Tally = Tally(), isTraced: Bool = false) {
        self.seed = seed
        model = MixedModel(writers: 3, tally: tally, isTraced: isTraced)
    }

    /// What was wrong, and a number that tells two traces apart.
    func run() -> (complaints: [String], traceHash: UInt64) {
        let machine = SimulatedPlatform(seed: seed)
        // As on btrfs and XFS; the others are as on ext4.
        if seed.isMultiple(of: 2) { machine.disk.shareBlocks() }
        var random = SplitMix(state: seed &* 977 &+ 13)
        for boot in 0..<Self.boots where complaints.all.isEmpty {
            // Small numbers hit recovery itself; one life in four ends in peace.
            let reach: UInt64 = [80, 2_000, 8_000, 1 << 40][Int(random.next() % 4)]
            let isQuiet = random.next() % 4 == 0
            let call = 1 + Int(random.next() % reach)
            let isKill = random.next() % 3 == 0
            if isKill { machine.disk.killAtCall(call) } else { machine.disk.crashAtCall(call) }
            let life = MixedBoot(
                machine: machine, platform: machine.platform, model: model,
                complaints: complaints, seed: seed &* 100 &+ UInt64(boot), steps: 10,
                faults: FaultPlan(&random), isQuiet: isQuiet)
            machine.runTask("boot") { life.run() }
            end(machine, isKill: isKill)
        }
        machine.stop()
        if showsCalls { for line in machine.trace { say(line) } }
        for (errorNumber, count) in machine.disk.failures {
            model.tally.add("calls failed: \(ErrorNumber.text(errorNumber))", count)
        }
        model.tally.add("seeds")
        return (complaints.all, machine.traceHash)
    }

    /// Whatever state the life left the machine in, it starts again, and its disk is sound.
    private func end(_ machine: SimulatedPlatform, isKill: Bool) {
        model.tally.add("lives")
        if machine.isDown { model.tally.add(isKill ? "processes killed" : "power losses") }
        machine.disk.heal()
        model.flipped.withLock { flipped in
            flipped?.restore()
            flipped = nil
        }
        machine.crash()
    }
}
