import Bytes

// The few raw copies this room makes, each with its bounds checked in every build.

extension ByteWriter {
    /// Appends the bytes of a span.
    mutating func append(_ span: RawSpan) {
        // SAFETY: the buffer is read inside the closure only; appending copies it.
        unsafe span.withUnsafeBytes { buffer in unsafe bytes.append(contentsOf: buffer) }
    }
}

extension RawSpan {
    /// Loads an integer at a byte offset, aligned or not.
    @inline(__always)
    func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, _ type: T.Type = T.self)
        -> T
    {
        precondition(offset >= 0 && offset <= byteCount - MemoryLayout<T>.size, "inside the span")
        // SAFETY: bounds checked above; every bit pattern is an integer.
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
    }

    /// Whether all bytes are zero.
    var isZero: Bool {
        let step = MemoryLayout<UInt64>.size
        var at = 0
        while at + step <= byteCount {
            if integer(at: at, UInt64.self) != 0 { return false }
            at += step
        }
        while at < byteCount {
            if integer(at: at, UInt8.self) != 0 { return false }
            at += 1
        }
        return true
    }

    /// Copies the bytes out.
    func array() -> [UInt8] {
        // SAFETY: the buffer is read inside the closure only.
        unsafe withUnsafeBytes { buffer in unsafe Array(buffer) }
    }
}

extension [UInt8] {
    /// Whether all bytes are zero.
    // SAFETY: every bit pattern is a byte, and the array outlives the call.
    var isZero: Bool { unsafe span.bytes.isZero }
}

extension MemoryRegion {
    /// Copies a span into the region at a byte offset.
    ///
    /// - Requires: nobody reads these bytes yet.
    func copy(_ span: RawSpan, to offset: Int) {
        precondition(offset >= 0 && offset + span.byteCount <= count, "inside the region")
        if span.byteCount == 0 { return }
        withMutableBytes { target in
            // SAFETY: bounds checked above; the two cannot overlap, since the source is shared and
            // the target is not read by anyone.
            unsafe target.withUnsafeMutableBytes { to in
                unsafe span.withUnsafeBytes { from in
                    let window = unsafe UnsafeMutableRawBufferPointer(rebasing: to[offset...])
                    unsafe window.copyMemory(from: from)
                }
            }
        }
    }

    /// Stores an integer at a byte offset.
    ///
    /// - Requires: nobody reads these bytes yet.
    @inline(__always)
    func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        withMutableBytes { $0.storeBytes(of: value, toByteOffset: offset, as: T.self) }
    }

    convenience init(copying span: RawSpan) {
        self.init(zeroed: span.byteCount)
        copy(span, to: 0)
    }

    convenience init(array bytes: ArraySlice<UInt8>) {
        self.init(zeroed: bytes.count)
        // SAFETY: bytes have no padding; the span is used before the slice goes.
        copy(unsafe bytes.span.bytes, to: 0)
    }
}
