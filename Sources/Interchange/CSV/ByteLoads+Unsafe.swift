extension Span where Element == UInt8 {
    /// The eight bytes from an offset on, the first one lowest.
    @inline(__always) func eightBytes(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8, "inside the span")
        // SAFETY: bounds checked above; any bits are an integer, bytes have no padding.
        return unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset, as: UInt64.self)
    }

    /// Copies some bytes out.
    func array(_ begin: Int, _ end: Int) -> [UInt8] {
        // SAFETY: the buffer is read inside the closure only; extracting checks bounds.
        unsafe extracting(begin..<end).withUnsafeBufferPointer { unsafe Array($0) }
    }
}

extension Array where Element == UInt8 {
    /// Appends a part of a span.
    mutating func append(_ span: Span<UInt8>, _ begin: Int, _ end: Int) {
        // SAFETY: the buffer is read inside the closure only; extracting checks bounds.
        unsafe span.extracting(begin..<end).withUnsafeBufferPointer { buffer in
            unsafe append(contentsOf: buffer)
        }
    }
}
