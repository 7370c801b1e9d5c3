import Foundation

/// Runs a target in a process of its own, because a trap ends the process it happens in.
struct FuzzProcess {
    static let canaryCheck = "canary-check"
    /// Beyond its time, and this, a process that has not ended hangs on one input.
    private static let grace = Duration.seconds(20)

    let seconds: Double
    let seed: UInt64

    /// Returns whether everything held; says what died and where its input is.
    func run(_ target: String) throws -> Bool {
        if target == Self.canaryCheck { return try findsCanary() }
        let status = try launch(target, seconds: seconds)
        if status != 0 {
            say("\(target): FAILED, status \(status); .build/fuzz/\(target).input, seed \(seed)")
        }
        return status == 0
    }

    /// Tries the fuzzer itself on a target with a planted trap: it must be found.
    private func findsCanary() throws -> Bool {
        let status = try launch(FuzzTarget.canary.name, seconds: max(seconds, 10))
        say("\(Self.canaryCheck): the planted trap was \(status == 0 ? "NOT " : "")found")
        return status != 0
    }

    private func launch(_ target: String, seconds: Double) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["--child", target, "\(seconds)", "\(seed)"]
        try process.run()
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds) + Self.grace
        while process.isRunning, clock.now < deadline { Thread.sleep(forTimeInterval: 0.02) }
        guard process.isRunning else {
            return process.terminationReason == .exit ? process.terminationStatus : 128
        }
        say("\(target): hangs")
        process.terminate()
        process.waitUntilExit()
        return 124
    }
}
