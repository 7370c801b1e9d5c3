// HTTPWire: HTTP/1.1 as machines that take bytes and give events, and the JSON of /exec.
//
// Parts: `Request/` (cutting requests out of a stream), `Response/` (heads and bodies), `Exec/`
// (the bodies of /exec, as a stream).
// Callers: Server. Imports Diagnostics and Bytes.
// Invariants: no sockets, clock or waiting here; no input makes this room trap; everything a
// stranger can make longer has a bound in `Limits.swift`; a request that two readers could
// understand in two ways (both lengths, folded headers, bare line feeds in chunks) is refused.
// Read first: Request/RequestParser.swift.
