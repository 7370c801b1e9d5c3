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
