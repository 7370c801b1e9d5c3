/// What the command line asked for.
enum Command: Equatable {
    case serve(ServeOptions)
    case backup(BackupOptions)
    /// `inspect [--long] FILE`
    case inspect(String, isLong: Bool)
    case repair(RepairOptions)
    case version
    case help(topic: String?)
}

/// The options of `basalt serve`.
struct ServeOptions: Equatable {
    /// The root directory, or nil for `$BASALT_ROOT` and then `~/.basalt`.
    var root: String?
    /// A name for this process that shows in process lists; it changes nothing.
    var tag: String?
    /// `-n`: SIGHUP is ignored, so that the server outlives its terminal.
    var ignoresHangup = false
    /// `-f`: the files under public/ are written anew.
    var rewritesPublic = false
    var isReadOnly = false
}

/// A command line that cannot be understood; the text says what to type instead.
struct UsageError: Error, Equatable {
    let message: String
}

enum Arguments {
    /// Reads the arguments after the program's name. None at all means `help`.
    static func parse(_ arguments: [String]) throws(UsageError) -> Command {
        guard let verb = arguments.first else { return .help(topic: nil) }
        let rest = Array(arguments.dropFirst())
        switch verb {
        case "serve":
            if rest.contains("--help") || rest.contains("-h") { return .help(topic: "serve") }
            return .serve(try parseServe(rest))
        case "backup": return try parseBackup(rest)
        case "inspect":
            if rest.contains("--help") || rest.contains("-h") { return .help(topic: "inspect") }
            let named = rest.filter { $0 != "--long" }
            guard let file = named.first else { throw UsageError(message: "which file?") }
            guard named.count == 1 else { throw unexpected(named[1]) }
            return .inspect(file, isLong: named.count < rest.count)
        case "repair":
            if rest.contains("--help") || rest.contains("-h") { return .help(topic: "repair") }
            return .repair(try RepairOptions(rest))
        case "version", "--version", "-V":
            try refuse(rest, after: verb)
            return .version
        case "help", "--help", "-h":
            guard rest.count <= 1 else { throw unexpected(rest[1]) }
            return .help(topic: rest.first)
        default:
            throw UsageError(
                message: "unknown command \"\(verb)\"; type `basalt help` for the list")
        }
    }

    private static func parseServe(_ arguments: [String]) throws(UsageError) -> ServeOptions {
        var options = ServeOptions()
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            switch argument {
            case "-d", "-t":
                guard index + 1 < arguments.count, !arguments[index + 1].isEmpty else {
                    throw UsageError(message: "option \(argument) needs a value after it")
                }
                index += 1
                if argument == "-d" {
                    options.root = arguments[index]
                } else {
                    options.tag = arguments[index]
                }
            case "-n": options.ignoresHangup = true
            case "-f": options.rewritesPublic = true
            case "--read-only": options.isReadOnly = true
            default: throw unexpected(argument)
            }
            index += 1
        }
        return options
    }

    private static func refuse(_ rest: [String], after verb: String) throws(UsageError) {
        if let first = rest.first { throw unexpected(first) }
    }

    private static func unexpected(_ argument: String) -> UsageError {
        UsageError(
            message: "unexpected argument \"\(argument)\"; type `basalt help serve` for the options"
        )
    }
}
