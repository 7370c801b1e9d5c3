// sim: the engine on a machine that exists only in memory, where one seed decides everything.
//
// Parts: `MixedRun` (a seed of the mixed load: lives of one machine, each a `MixedBoot`, between
// power losses), `MixedModel` and `DefinedDatabase` (what must be there), `FaultPlan` (what the disk
// does wrong in a life), `RootFiles` (what may lie below a root), `DefinitionTrial` (one statement of
// DDL, and a power loss or an error at each of its calls), `PowerLossRun` (backups and restores
// through power losses), `Tally` (what was done: a run that does nothing proves nothing).
// Callers: `make sim`, Tests/Simulation.
// Invariants: the same seed gives the same trace, in any process and any configuration.
// Read first: MixedRun.swift.
