// fuzz: feeds hostile bytes to every decoder of what comes from outside.
//
// Parts: `FuzzTarget` (the table of decoders with seeds and what must hold), `Mutator` (one input
// from a seed and a number), `FuzzRun` (the loop; keeps the input at hand for the case of a crash).
// Callers: `make fuzz`, `make fuzz-smoke`.
// Invariants: the same seed and number give the same input, as long as the corpus is the same; an
// input is on disk before it is tried.
// Read first: FuzzTarget.swift.
