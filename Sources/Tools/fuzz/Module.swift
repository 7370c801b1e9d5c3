// fuzz: feeds hostile bytes to every decoder of what comes from outside.
//
// Parts: `FuzzTarget` (the table of decoders with seeds and what must hold), `FuzzRoot` (a root whose
// files are replaced by hostile ones), `Mutator` (one input from a seed and a number), `FuzzRun` (the
// loop; keeps the input at hand), `FuzzProcess` (a target in a process of its own, which a trap ends;
// the canary proves that a trap is found).
// Callers: `make fuzz`, `make fuzz-smoke`.
// Invariants: the same seed and number give the same input, as long as the corpus is the same; an
// input is on disk before it is tried.
// Read first: FuzzTarget.swift.
