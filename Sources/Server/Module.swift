// Server: sockets on one side, sessions on the other; the only room that knows both.
//
// Parts: `Server` (the loop, the listeners, limits, shutdown), `PostgresConnection` (a socket, a
// ConnectionMachine and a Session), `ResultStream` (batches to rows with back-pressure),
// `HTTPConnection` (requests to sessions), `HealthConnection`, `Credentials`, `CancelRegistry`.
// Callers: basalt.
// Threads: everything of a connection lives on the event loop. A statement runs on a worker and
// hands its result back through the loop; while a client does not read, nothing runs for it.
// Invariants: a connection has at most one statement running; every error becomes bytes in exactly
// one place per protocol; buffers are bounded by what Limits.swift says.
// Lock order: CancelRegistry's and Server's locks are taken alone and never around a call.
// Read first: Server.swift, then PostgresConnection.swift.
