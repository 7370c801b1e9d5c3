// Engine: sessions and statements; the room that wires the others together.
//
// Parts: `Engine` (one per server), `Session/` (`Session` parses, describes and executes; private
// changes of a transaction; session parameters), `Statement/` (what each statement does), `System/`
// (relations made up when asked for: tables(), backups(), information_schema), `Users`.
// Callers: Server, the slt runner, `basalt sql`. Only Engine knows that queries and backups exist.
// Invariants: no statement holds a worker while it waits for a commit or a backup: both end through
// the completion; a session runs one statement at a time; a transaction that failed accepts nothing
// but its end; a snapshot is pinned per statement and released with its cursor.
// Read first: Session/Session.swift, then Statement/Session+Dispatch.swift.
