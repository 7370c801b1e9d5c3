import Diagnostics
import Platform

/// Why the process ends, as its exit code.
enum ExitCode: Int32 {
    case done = 0
    case failed = 1
    case usage = 2
    case configuration = 3
    case inUse = 4
    case damaged = 5

    init(_ error: DatabaseError) {
        switch error.state {
        case .configuration: self = .configuration
        case .inUse: self = .inUse
        case .corrupted: self = .damaged
        default: self = .failed
        }
    }
}

enum MainCommand {
    /// Runs a command; returns the exit code of the process.
    static func run(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            switch try Arguments.parse(arguments) {
            case .version:
                print("basalt \(Version.text)")
                return ExitCode.done.rawValue
            case .help(let topic):
                guard let text = HelpText.text(for: topic) else {
                    throw UsageError(
                        message: "no help for \"\(topic ?? "")\"; type `basalt help`")
                }
                print(text)
                return ExitCode.done.rawValue
            case .serve(let options): return try serve(options).rawValue
            case .backup(let options): return try backup(options).rawValue
            case .repair(let options): return try repair(options).rawValue
            case .inspect(let path, let isLong):
                let absolute = RootDirectory.absolute(
                    path, workingDirectory: Process.workingDirectory)
                return InspectCommand(path: absolute, isLong: isLong).run().rawValue
            }
        } catch {
            Process.printError("basalt: \(error.message)")
            return ExitCode.usage.rawValue
        }
    }

    private static func backup(_ options: BackupOptions) throws(UsageError) -> ExitCode {
        let environment = ProcessEnvironment.all()
        let directory = Process.workingDirectory
        let root = try RootDirectory.find(
            option: options.root, environment: environment, workingDirectory: directory)
        return BackupCommand(
            options: options, root: root, environment: environment, workingDirectory: directory
        ).run()
    }

    private static func repair(_ options: RepairOptions) throws(UsageError) -> ExitCode {
        let environment = ProcessEnvironment.all()
        let root = try RootDirectory.find(
            option: options.root, environment: environment,
            workingDirectory: Process.workingDirectory)
        do throws(DatabaseError) {
            return try RepairCommand(options: options, root: root, environment: environment).run()
        } catch {
            Process.printError("basalt: \(error)")
            return ExitCode(error)
        }
    }

    private static func serve(_ options: ServeOptions) throws(UsageError) -> ExitCode {
        let environment = ProcessEnvironment.all()
        let root = try RootDirectory.find(
            option: options.root, environment: environment,
            workingDirectory: Process.workingDirectory)
        do throws(DatabaseError) {
            return try ServeCommand(options: options, root: root, environment: environment).run()
        } catch {
            Process.printError("basalt: \(error)")
            return ExitCode(error)
        }
    }
}
