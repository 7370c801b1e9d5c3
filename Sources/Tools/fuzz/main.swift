import Foundation

/// fuzz --list | fuzz TARGET|all SECONDS [SEED] | fuzz TARGET --input FILE
func fuzz(_ arguments: [String]) throws -> Int32 {
    if arguments == ["--list"] {
        for target in FuzzTarget.all { say(target.name) }
        say(FuzzProcess.canaryCheck)
        return 0
    }
    if arguments.first == "--child" { return try child(Array(arguments.dropFirst())) }
    let targets = FuzzTarget.all.filter { ["all", $0.name].contains(arguments.first) }
    var names = targets.map(\.name)
    if ["all", FuzzProcess.canaryCheck].contains(arguments.first) {
        names.append(FuzzProcess.canaryCheck)
    }
    guard arguments.count >= 2, !names.isEmpty else {
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
    var isClean = true
    for name in names where try !FuzzProcess(seconds: seconds, seed: seed).run(name) {
        isClean = false
    }
    return isClean ? 0 : 1
}

/// The process that a target has to itself: TARGET SECONDS SEED.
func child(_ arguments: [String]) throws -> Int32 {
    let known = FuzzTarget.all + [FuzzTarget.canary]
    guard arguments.count == 3, let seconds = Double(arguments[1]),
        let seed = UInt64(arguments[2]),
        let target = known.first(where: { $0.name == arguments[0] })
    else { return 2 }
    return try FuzzRun(target: target, seed: seed).run(seconds: seconds) ? 0 : 1
}

exit(try fuzz(Array(CommandLine.arguments.dropFirst())))
