// Machines: what the tests of several rooms need of a simulated machine.
//
// Parts: `SimulatedPlatform.end()` (gives back the memory of a machine's disk).
// Callers: StorageTests, BackupTests, EngineTests.
// Invariants: nothing here is part of the program.
// Read first: SimulatedPlatform+End.swift.
