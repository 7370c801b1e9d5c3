// Interchange: the same rows in other people's formats.
//
// Parts: none yet. CSV comes first, with COPY and /imp; then SQL text, SQLite files, Parquet and
// line protocol, a folder each.
// Callers: Engine.
// Invariants: decoders are fed bytes from outside, return errors and never trap; they make
// `Batch`es and know no table but the definition they are given.
// Read first: this file, until the first format stands beside it.
