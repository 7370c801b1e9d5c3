import CPlatform

/// xxHash64: a fast hash of bytes for tables and filters. Not for anything hostile or on disk for
/// integrity: that is CRC-32C and SHA-256.
package enum XXH64 {
    package static func hash(_ bytes: RawSpan, seed: UInt64 = 0) -> UInt64 {
        unsafe bytes.withUnsafeBytes { buffer in
            var nothing: UInt8 = 0
            guard let start = buffer.baseAddress else {
                return unsafe basalt_xxh64(seed, &nothing, 0)
            }
            // SAFETY: the buffer holds `count` initialised bytes during the call.
            return unsafe basalt_xxh64(seed, start, buffer.count)
        }
    }

    package static func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        // SAFETY: as for CRC32C.
        unsafe hash(bytes.span.bytes, seed: seed)
    }
}
