import CPlatform

/// CRC-32C (Castagnoli), by the CPU's instruction where there is one.
///
/// A long run may be summed in parts: pass the result so far as `seed`.
package enum CRC32C {
    package static func checksum(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return seed }
            // SAFETY: the buffer holds `count` initialised bytes during the call.
            return unsafe basalt_crc32c(seed, start, buffer.count)
        }
    }

    package static func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        // SAFETY: bytes have no padding and any bit pattern is one.
        unsafe checksum(bytes.span.bytes, seed: seed)
    }

    package static func checksum(_ bytes: ArraySlice<UInt8>, seed: UInt32 = 0) -> UInt32 {
        // SAFETY: bytes have no padding and any bit pattern is one.
        unsafe checksum(bytes.span.bytes, seed: seed)
    }

    /// The same without the CPU's instruction.
    static func checksumByTable(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return seed }
            // SAFETY: the buffer holds `count` initialised bytes during the call.
            return unsafe basalt_crc32c_table(seed, start, buffer.count)
        }
    }
}

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
