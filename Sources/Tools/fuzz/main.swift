import Foundation

/// fuzz --list | fuzz TARGET|all SECONDS [SEED] | fuzz TARGET --input FILE
func fuzz(_ arguments: [String]) throws -> Int32 {
    if arguments == ["--list"] {
        for target in FuzzTarget.all { say(target.name) }
        return 0
    }
    let targets = FuzzTarget.all.filter { ["all", $0.name].contains(arguments.first) }
    guard arguments.count >= 2, !targets.isEmpty else {
        say("usage: fuzz --list | fuzz TARGET|all SECONDS [SEED] | fuzz TARGET --input FILE")
        return 2
    }
    if arguments[1] == "--input", arguments.count == 3 {
        let input = try Data(contentsOf: URL(fileURLWithPath: arguments[2]))
        let complaints = targets.compactMap { $0.attempt(Array(input)) }
        for complaint in complaints { say(complaint) }
        return complaints.isEmpty ? 0 : 1
    }
    guard let seconds = Double(arguments[1]) else {
        say("fuzz: \"\(arguments[1])\" is no number of seconds")
        return 2
    }
    let uptime = UInt64(ProcessInfo.processInfo.systemUptime * 1000)
    let seed = arguments.dropFirst(2).first.flatMap { UInt64($0) } ?? uptime
    for target in targets where try !FuzzRun(target: target, seed: seed).run(seconds: seconds) {
        return 1
    }
    return 0
}

exit(try fuzz(Array(CommandLine.arguments.dropFirst())))
