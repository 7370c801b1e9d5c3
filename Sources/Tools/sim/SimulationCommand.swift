import Diagnostics
import Foundation
import Platform

/// sim [mixed|backups|definitions] [FIRST-LAST] [--trace] [--calls]
struct SimulationCommand {
    enum Load: String { case mixed, backups, definitions }

    var load = Load.mixed
    var seeds: ClosedRange<UInt64> = 1...6
    var isTraced = false
    var showsCalls = false

    /// Nil for arguments that say nothing.
    init?(_ arguments: [String]) {
        for argument in arguments {
            let numbers = argument.split(separator: "-").map { UInt64($0) }
            if argument == "--trace" {
                isTraced = true
            } else if argument == "--calls" {
                showsCalls = true
            } else if let load = Load(rawValue: argument) {
                self.load = load
            } else if let first = numbers.first ?? nil, let last = numbers.last ?? nil,
                first <= last, numbers.count <= 2
            {
                seeds = first...last
            } else {
                return nil
            }
        }
    }

    func run() -> Int32 {
        let tally = Tally()
        let clock = Platform.linux(log: SilentLog(), workerThreads: 1).clock
        let begin = clock.monotonicNanoseconds()
        var failed = 0
        for seed in seeds {
            let (complaints, note) = run(seed, tally)
            if !complaints.isEmpty { failed += 1 }
            for complaint in complaints { say("seed \(seed): \(complaint)") }
            if seeds.count == 1 || load == .definitions { say("seed \(seed): \(note)") }
            if (seed - seeds.lowerBound) % 100 == 99 {
                let seconds = (clock.monotonicNanoseconds() - begin) / 1_000_000_000
                say("\(seed) after \(seconds) s, \(failed) failed")
            }
        }
        let seconds = Double(clock.monotonicNanoseconds() - begin) / 1e9
        say("\(load.rawValue) \(seeds.lowerBound)-\(seeds.upperBound)")
        for line in tally.lines { say(line) }
        say("  seconds: \(Int(seconds)), a seed: \(seconds / Double(seeds.count))")
        say(failed == 0 ? "no complaints" : "\(failed) seeds complained")
        return failed == 0 ? 0 : 1
    }

    private func run(_ seed: UInt64, _ tally: Tally) -> ([String], note: String) {
        switch load {
        case .mixed:
            var run = MixedRun(seed: seed, tally: tally, isTraced: isTraced)
            run.showsCalls = showsCalls
            let (complaints, hash) = run.run()
            return (complaints, "trace \(String(hash, radix: 16))")
        case .backups:
            let (complaints, losses) = PowerLossRun(seed: seed, tally: tally).run()
            return (complaints, "\(losses) losses")
        case .definitions:
            var complaints: [String] = []
            for trial in DefinitionTrial.all {
                for fault in DefinitionTrial.Fault.allCases {
                    complaints += DefinitionTrials(stride: 1, tally: tally)
                        .run(trial, fault, seed: seed &* 100_000)
                }
            }
            return (complaints, "\(DefinitionTrial.all.count) statements")
        }
    }
}

/// Prints a line at once, also into a file.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
