// bench: how fast rows go in, to disk, out and into a backup; one line of JSON per measurement.
//
// Parts: `StorageBench` (append, flush, scan, backup on a root of its own), `CompactionBench`
// (write amplification of a stream with late rows), `PointBench` (queries for a few rows of many),
// `PourBench` (memory while rows pour in), `OpenBench` (what a start costs), `DecodeBench` (CSV on
// one thread), `BenchRoot` (a root for one of them), `TradesStream` (the rows), main (output).
// Callers: `make bench`. Numbers count only from a release build.
// Invariants: the root is new and removed afterwards; what is measured is stated with each line.
// Read first: StorageBench.swift.
