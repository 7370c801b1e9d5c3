// Engine: sessions and statements; the room that wires the others together.
//
// Parts: `Engine` (one per server), `Session/` (`Session` parses, describes and executes; private
// changes of a transaction, savepoints, table locks; session parameters), `Statement/` (what each
// statement does), `Bulk/` (COPY), `System/` (relations made up when asked for: tables(), backups(),
// information_schema), `Users`.
// Callers: Server; `basalt serve`, which makes the one engine; tools and tests that need no wire, by
// InProcess. Only Engine knows that queries and backups exist.
// Invariants: no statement holds a worker while it waits for a commit or a backup: both end through
// the completion; a session runs one statement at a time; a transaction that failed accepts nothing
// but its end or a way back to a savepoint; a snapshot is pinned per statement, or per transaction
// when its isolation level says so, and released with its cursor; what rewrites a table holds its
// lock to the end of the transaction.
// Read first: Session/Session.swift, then Statement/Session+Dispatch.swift.
