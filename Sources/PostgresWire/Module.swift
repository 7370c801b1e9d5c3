// PostgresWire: the PostgreSQL protocol, version 3.0, as machines that take bytes and give actions.
//
// Parts: `Frontend/` (messages a client sends), `Backend/` (messages a server sends), `Scram/`
// (SCRAM-SHA-256 over injected cryptography), `Connection/` (the server's side of one connection),
// `Client/` (a client's side, for the command line and the test runner).
// Callers: Server, the tools. Imports Diagnostics and Bytes.
// Invariants: no sockets, clock, chance or waiting here; no input makes this room trap; a length
// is checked against `Limits.swift` before anything of that size is held; feeding the same bytes
// in other pieces gives the same actions.
// Read first: Connection/ConnectionMachine.swift.
