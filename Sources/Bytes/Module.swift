// Bytes: reading and writing bytes that nobody vouches for.
//
// Parts: `ByteReader` (bounds-checked, throws `DecodeFailure`, never traps, never allocates from an
// unchecked length), `ByteWriter`, `MemoryRegion` (owned or mapped memory handed out as a span),
// CRC32C in software, hexadecimal digits and Base64, JSON reading and writing.
// Callers: every room. Imports Diagnostics only.
// Invariants: no input makes this room trap; integers are little-endian unless a name says big.
// Read first: ByteReader.swift.
