import Foundation
import Platform
import Synchronization
import Testing

/// Writers, late rows, upserts, UPDATE and DELETE, DDL, compaction, pins, faults and power losses at
/// once, against a model in memory. `make sim SEEDS=10000` runs that many seeds.
@Suite("Mixed load")
struct MixedLoadTests {
    static let boots = 12

    static var seeds: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["BASALT_SIM_SEED"].flatMap(UInt64.init) { return [seed] }
        let count = environment["BASALT_SIM_SEEDS"].flatMap(UInt64.init) ?? 6
        return (1...max(1, count)).map { $0 }
    }

    @Test("keeps every transaction whole through faults, crashes and compaction", arguments: seeds)
    func keepsTransactions(seed: UInt64) {
        let machine = SimulatedPlatform(seed: seed)
        let model = MixedModel(
            writers: 3, isTraced: ProcessInfo.processInfo.environment["BASALT_SIM_TRACE"] != nil)
        let complaints = Complaints()
        var random = SplitMix(state: seed &* 977 &+ 13)
        var losses = 0

        for boot in 0..<Self.boots where complaints.all.isEmpty {
            // Small numbers hit recovery itself; one life in four ends in peace.
            let reach: UInt64 = [80, 2_000, 8_000, 1 << 40][Int(random.next() % 4)]
            machine.disk.crashAtCall(1 + Int(random.next() % reach))
            let life = MixedBoot(
                machine: machine, platform: machine.platform, model: model,
                complaints: complaints, seed: seed &* 100 &+ UInt64(boot), steps: 10)
            machine.runTask("boot") { life.run() }
            machine.disk.crashAtCall(nil)
            machine.disk.clearFaults()
            machine.disk.setCapacity(nil)
            if machine.isDown { losses += 1 }
            machine.crash()
        }
        machine.stop()

        let story = complaints.all.prefix(5).joined(separator: "; ")
        #expect(complaints.all.isEmpty, "seed \(seed) after \(losses) losses: \(story)")
        if ProcessInfo.processInfo.environment["BASALT_SIM_SEEDS"] != nil {
            let statements = model.statements.load(ordering: .relaxed)
            let conflicts = model.conflicts.load(ordering: .relaxed)
            print("seed \(seed): \(losses) losses, \(statements) statements, \(conflicts) refused")
        }
    }
}
