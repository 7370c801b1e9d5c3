import Foundation
import Platform
import Testing

/// Loops of work and power loss, all from one seed. `BASALT_SIM_SEED` repeats one seed,
/// `BASALT_SIM_SEEDS` runs that many; by default 20 seeds lose power 50 times each.
@Suite("Power loss")
struct PowerLossTests {
    static let lossesPerSeed = 50

    static var seeds: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["BASALT_SIM_SEED"].flatMap(UInt64.init) { return [seed] }
        let count = environment["BASALT_SIM_SEEDS"].flatMap(UInt64.init) ?? 20
        return (1...max(1, count)).map { $0 }
    }

    @Test("loses nothing acknowledged, keeps no half, and leaves whole backups", arguments: seeds)
    func losesNothing(seed: UInt64) {
        let machine = SimulatedPlatform(seed: seed)
        let model = SimulationModel()
        let complaints = Complaints()
        var random = SplitMix(state: seed &* 77 &+ 5)
        var losses = 0
        var boots = 0

        while losses < Self.lossesPerSeed, complaints.all.isEmpty, boots < 10_000 {
            boots += 1
            // Small numbers hit recovery itself, large ones the work behind it.
            let reach: UInt64 = [60, 600, 3_000][Int(random.next() % 3)]
            machine.disk.crashAtCall(1 + Int(random.next() % reach))
            let boot = SimulatedBoot(
                platform: machine.platform, model: model, complaints: complaints, commits: 12)
            machine.runTask("boot") { boot.run() }
            if machine.isDown {
                losses += 1
                machine.restart()
            } else {
                machine.disk.crashAtCall(nil)
            }
        }
        machine.stop()

        let story = complaints.all.joined(separator: "; ")
        #expect(complaints.all.isEmpty, "seed \(seed) after \(losses) losses: \(story)")
        #expect(losses == Self.lossesPerSeed || !complaints.all.isEmpty)
    }
}

/// Chance of the test itself, apart from the machine's.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
