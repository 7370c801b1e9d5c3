import Diagnostics
import Platform
import PostgresWire

/// The command: finds the files, runs each alone on a root of its own, prints what differs.
///
///     slt [--complete] [--line N] [--server HOST:PORT] [--user U] [--password P] [--database D]
///         FILE|DIRECTORY …
enum SuiteCommand {
    private struct Options {
        var paths: [String] = []
        var line: Int?
        var completes = false
        var server: (host: String, port: Int)?
        var user = "admin"
        var password = "quest"
        var database = "qdb"
    }

    /// A golden file is text a person reads: more is a mistake.
    private static let fileLimit = 4 << 20
    /// Of the simulated machine: always the same, so that a file means the same every time.
    private static let seed: UInt64 = 1

    private static let usage =
        "usage: slt [--complete] [--line N] [--server HOST:PORT] [--user U] [--password P] "
        + "[--database D] PATH…"

    static func run() {
        guard let options = parse(Array(CommandLine.arguments.dropFirst())) else {
            Process.printError(usage)
            Process.exit(2)
        }
        let platform = Platform.linux(log: SilentLog())
        do throws(DatabaseError) {
            Process.exit(try run(options, platform) ? 0 : 1)
        } catch {
            Process.printError("slt: \(error)")
            Process.exit(1)
        }
    }

    private static func run(_ options: Options, _ platform: Platform) throws(DatabaseError) -> Bool
    {
        var (passed, failed, skipped, skippedFiles) = (0, 0, 0, 0)
        var paths: [String] = []
        for path in options.paths { paths += try files(below: absolute(path), platform) }
        for path in paths {
            let outcome = try runFile(path, options, platform)
            passed += outcome.passed
            failed += outcome.differences.count
            skipped += outcome.skippedRecords
            if let reason = outcome.skipped {
                skippedFiles += 1
                print("SKIP \(path): \(reason)")
            }
            for difference in outcome.differences {
                print("\(path):\(difference.line): \(difference.message)")
            }
        }
        if skippedFiles > 0 { print("\(skippedFiles) of \(paths.count) files not to their end") }
        print("\(passed) passed, \(failed) failed, \(skipped) skipped")
        return failed == 0 && passed > 0
    }

    private static func runFile(
        _ path: String, _ options: Options, _ platform: Platform
    ) throws(DatabaseError) -> Runner.Outcome {
        let bytes = try platform.files.readAll(path, upTo: fileLimit)
        let text = String(decoding: bytes, as: UTF8.self)
        let records: [Record]
        do throws(RecordFailure) {
            records = try RecordParser.parse(text)
        } catch {
            return Runner.Outcome(
                differences: [.init(line: error.line, message: error.message)])
        }
        let crashes = records.contains { $0.kind == .crash }
        let target = try makeTarget(options, platform, crashes: crashes)
        target.prepare(for: records)
        var outcome = Runner(target: target, onlyLine: options.line).run(records)
        if let remains = target.close() {
            outcome.differences.append(.init(line: 1, message: remains))
        }
        if options.completes {
            let completed = Completion.apply(outcome.answers, to: text, records)
            try platform.files.publish(
                Array(completed.utf8), as: path, permissions: 0o644, replacing: .atomically)
        }
        return outcome
    }

    private static func makeTarget(
        _ options: Options, _ platform: Platform, crashes: Bool
    ) throws(DatabaseError) -> any Target {
        guard let server = options.server else {
            // A real process cannot lose its power in part; a file with crashes runs simulated.
            let machine = crashes ? SimulatedPlatform(seed: seed) : nil
            return try EngineTarget(platform: platform, machine: machine)
        }
        let chance = platform.chance
        return WireTarget(
            host: server.host, port: server.port,
            identity: ClientMachine.Identity(
                user: options.user, password: options.password, database: options.database),
            cryptography: ScramCryptography(
                sha256: { SHA256.digest($0) },
                hmac: { HMACSHA256.authenticate(key: $0, $1) },
                pbkdf2: { PBKDF2.derive(password: $0, salt: $1, iterations: $2) },
                nonce: { chance.bytes(18) }))
    }

    /// The golden files at or below a path, in order.
    private static func files(
        below path: String, _ platform: Platform
    ) throws(DatabaseError) -> [String] {
        guard let info = try platform.files.info(path) else {
            throw DatabaseError(.missingFile, "no such file or directory \"\(path)\"")
        }
        guard info.kind == .directory else { return [path] }
        var found: [String] = []
        for name in try platform.files.list(path) {
            let child = Path.join(path, name)
            if try platform.files.info(child)?.kind == .directory {
                found += try files(below: child, platform)
            } else if name.hasSuffix(".slt") {
                found.append(child)
            }
        }
        return found
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : Path.join(Process.workingDirectory, path)
    }

    private static func parse(_ arguments: [String]) -> Options? {
        var options = Options()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--complete": options.completes = true
            case "--line":
                guard let line = rest.popFirst().flatMap({ Int($0) }) else { return nil }
                options.line = line
            case "--server":
                let parts = rest.popFirst()?.split(separator: ":") ?? []
                guard parts.count == 2, let port = Int(parts[1]) else { return nil }
                options.server = (String(parts[0]), port)
            case "--user":
                guard let user = rest.popFirst() else { return nil }
                options.user = user
            case "--password":
                guard let password = rest.popFirst() else { return nil }
                options.password = password
            case "--database":
                guard let database = rest.popFirst() else { return nil }
                options.database = database
            default:
                guard !argument.hasPrefix("-") else { return nil }
                options.paths.append(argument)
            }
        }
        return options.paths.isEmpty ? nil : options
    }
}
