import Platform

// The command: reads its arguments and hands over. Everything else is in a file per command.
Process.raiseFileLimit()
Process.exit(MainCommand.run(Array(CommandLine.arguments.dropFirst())))
