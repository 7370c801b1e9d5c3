// Platform: the only door to the operating system.
//
// Parts: `Platform` (the value with everything in it), `FileSystem` and `OpenFile` with `publish`,
// `WorldClock`, `Chance`, `Workers` and `Gate`; Linux/ and Simulated/ implement them; Network/ (event
// loop, sockets, TLS), Checksum/, Cryptography/, Library/ (zlib and zstd by soname), Configuration/,
// Logging/.
// Callers: every room that needs the world; nobody else calls Glibc.
// Invariants: a final name appears only by publish; EINTR is retried here; every failure names call,
// path and errno; no callback runs while a lock is held.
// Locks: none is taken while another is held.
// Simulated/: `SimulatedPlatform` is the door; its scheduler runs one task at a time and its disk
// (`SimulatedTree` of `SimulatedNode`s) knows what is durable.
// Read first: Platform.swift, then FileSystem.swift.
