// InProcess: a client of the engine in the same process, for the tools and tests that need no wire.
//
// Parts: `InProcessClient` (one connection: runs statements one after the other and waits).
// Callers: slt, sim, bench, EngineTests. The program itself never waits like this: Server's
// sessions complete through its event loops.
// Invariants: one statement at a time, as everywhere; nothing here knows how rows are shown.
// Read first: InProcessClient.swift.
