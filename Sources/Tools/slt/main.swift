// Runs golden SQL files. See SuiteCommand.swift.
SuiteCommand.run()
