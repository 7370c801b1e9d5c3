// Catalog: what tables are, as immutable values.
//
// Parts: `TableDefinition` (with its changed copies in TableDefinition+Changes.swift),
// `ColumnDefinition`, `PartitionUnit`, `TimeToLive`, constraints, and `RelationKind`: a schema and a
// sequence are relations without columns, so that the log, manifests, snapshots and backups carry
// them as they carry tables. Names are compared without case.
// Callers: Storage, Planner, Execution, Engine, Backup.
// Invariants: a column id is never used twice in a table; a definition never changes, a new one
// with the next version takes its place; what names a column by id names one that is there.
// Read first: TableDefinition.swift.
