import Foundation

// Runs seeds of the simulation. See SimulationCommand.swift.
guard let command = SimulationCommand(Array(CommandLine.arguments.dropFirst())) else {
    say("usage: sim [mixed|backups|definitions] [FIRST-LAST] [--trace] [--calls]")
    exit(2)
}
exit(command.run())
