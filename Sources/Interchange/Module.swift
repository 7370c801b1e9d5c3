// Interchange: the same rows in other people's formats.
//
// Parts: CSV/ (`TextDialect`, `RecordSplitter` cuts a stream at ends of records, `RecordDecoder`
// makes batches of whole records, `RecordEncoder` writes them, `TypeGuess` finds types for a file
// without a table), Binary/ (PostgreSQL's COPY format). SQL text, SQLite files, Parquet and line
// protocol come later, a folder each.
// Callers: Engine.
// Invariants: decoders are fed bytes from outside, return errors and never trap; they make
// `Batch`es and know no table but the columns they are given. A splitter is fed in order; what it
// cuts off may be decoded in any order and in parallel.
// Read first: CSV/RecordDecoder.swift.
