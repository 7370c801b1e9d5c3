// Elements of a span by index, for loops that checked the whole span once. Bounds are the caller's
// at every use: `check` before the loop, indices below the count it was given.

extension RawSpan {
    /// Loads an element without a check.
    ///
    /// - Requires: `(index + 1) * size` is within the span; callers check the whole span once.
    @inline(__always)
    func element<T: BitwiseCopyable>(_ index: Int, _ type: T.Type = T.self) -> T {
        // SAFETY: the requirement above; T is an integer or floating point, any bits are a value.
        unsafe unsafeLoadUnaligned(
            fromUncheckedByteOffset: index &* MemoryLayout<T>.size, as: T.self)
    }

    /// Whether a row's bit is set, without a check.
    ///
    /// - Requires: the span was checked to have a bit for the row.
    @inline(__always) func isBitSet(_ row: Int) -> Bool {
        element(row &>> 3, UInt8.self) & (1 &<< UInt8(truncatingIfNeeded: row & 7)) != 0
    }

    /// Whether any byte is not zero.
    var hasNonzeroByte: Bool {
        var offset = 0
        while offset + 8 <= byteCount {
            if integer(at: offset, UInt64.self) != 0 { return true }
            offset += 8
        }
        while offset < byteCount {
            if integer(at: offset, UInt8.self) != 0 { return true }
            offset += 1
        }
        return false
    }

    /// Checks once that `count` elements lie in the span.
    @inline(__always)
    func check<T: BitwiseCopyable>(_ count: Int, _ type: T.Type) {
        precondition(
            count >= 0 && count &* MemoryLayout<T>.size <= byteCount,
            "elements lie inside the span")
    }
}

extension MutableRawSpan {
    /// Stores an element without a check.
    ///
    /// - Requires: `(index + 1) * size` is within the span.
    @inline(__always)
    mutating func put<T: BitwiseCopyable>(_ value: T, _ index: Int) {
        // SAFETY: the requirement above; the span is this function's alone.
        unsafe storeBytes(
            of: value, toUncheckedByteOffset: index &* MemoryLayout<T>.size, as: T.self)
    }

    /// Stores one element again and again from the start on.
    mutating func fill<T: BitwiseCopyable>(_ value: T, _ count: Int) {
        precondition(count * MemoryLayout<T>.size <= byteCount, "elements lie inside the span")
        for index in 0..<count { put(value, index) }
    }
}
