// Execution: runs plans, one batch at a time.
//
// Parts: `Cursor` (what a caller pulls), `Operator/` (scan, filter, sort, join …: each a class with
// `next`), `Expression/` (`Interpreter` computes a bound expression over a batch), `Kernel/` (the
// loops over vectors, the only unsafe code here), `Aggregate/` (group table and states).
// Callers: Engine. Gets rows from `RowSource`, which Engine fills in from a snapshot.
// Invariants: one dynamic dispatch per batch, never per row; cancellation is looked at once per
// batch; whatever gathers rows charges the query's `MemoryBudget` first; a cursor ends its
// operators when it is closed, fails or runs dry.
// Read first: Cursor.swift, then Operator/Operator.swift.
