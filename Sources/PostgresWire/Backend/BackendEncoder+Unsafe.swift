extension BackendEncoder {
    /// Writes a cell from bytes that live in a column, in one copy.
    package mutating func cell(_ bytes: borrowing Span<UInt8>) {
        integer(Int32(truncatingIfNeeded: bytes.count))
        // SAFETY: the pointer lives as long as the borrowed span, holds `count` initialised bytes,
        // is only read, and cannot alias the output, which is held exclusively.
        unsafe bytes.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
    }
}
