// Catalog: what tables are, as immutable values.
//
// Parts: `TableDefinition`, `ColumnDefinition`, `PartitionUnit`; names are compared without case.
// Callers: Storage, Planner, Execution, Engine, Backup.
// Invariants: a column id is never used twice in a table; a definition never changes, a new one
// with a higher version takes its place.
// Read first: TableDefinition.swift.
