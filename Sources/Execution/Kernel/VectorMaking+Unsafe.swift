import Bytes
import Values

extension ColumnVector {
    /// Makes a vector of fixed-width values that `fill` writes.
    static func make(
        _ type: ValueType, count: Int, width: Int, validity: Slice? = nil,
        dictionary: SymbolDictionary? = nil, _ fill: (inout MutableRawSpan) -> Void
    ) -> ColumnVector {
        let region = MemoryRegion(zeroed: count * width)
        region.withMutableBytes { fill(&$0) }
        return ColumnVector(
            type: type, count: count, values: Slice(region), validity: validity,
            dictionary: dictionary)
    }
}

extension RawSpan {
    /// Loads an element without a check.
    ///
    /// - Requires: `(index + 1) * size` is within the span; callers check the whole span once.
    @inline(__always) func element<T: BitwiseCopyable>(_ index: Int, _ type: T.Type = T.self) -> T {
        // SAFETY: the requirement above; T is an integer or floating point, any bits are a value.
        unsafe unsafeLoadUnaligned(
            fromUncheckedByteOffset: index &* MemoryLayout<T>.size, as: T.self)
    }

    /// Checks once that `count` elements lie in the span.
    @inline(__always) func check<T: BitwiseCopyable>(_ count: Int, _ type: T.Type) {
        precondition(count &* MemoryLayout<T>.size <= byteCount, "elements lie inside the span")
    }
}

extension MutableRawSpan {
    /// Stores an element without a check.
    ///
    /// - Requires: `(index + 1) * size` is within the span.
    @inline(__always) mutating func put<T: BitwiseCopyable>(_ value: T, _ index: Int) {
        // SAFETY: the requirement above; the span is this function's alone.
        unsafe storeBytes(
            of: value, toUncheckedByteOffset: index &* MemoryLayout<T>.size, as: T.self)
    }
}

/// Bitmaps of which rows hold a value.
enum Validity {
    static func bytes(_ count: Int) -> Int { (count + 7) >> 3 }

    /// Rows valid in both; nil when all are.
    static func both(_ left: ColumnVector.Slice?, _ right: ColumnVector.Slice?, count: Int)
        -> ColumnVector.Slice?
    {
        guard let left else { return right }
        guard let right else { return left }
        let size = bytes(count)
        let region = MemoryRegion(zeroed: size)
        let first = left.bytes
        let second = right.bytes
        first.check(size, UInt8.self)
        second.check(size, UInt8.self)
        region.withMutableBytes { out in
            for index in 0..<size {
                out.put(first.element(index, UInt8.self) & second.element(index), index)
            }
        }
        return ColumnVector.Slice(region)
    }

    @inline(__always) static func isSet(_ bytes: RawSpan, _ row: Int) -> Bool {
        bytes.element(row &>> 3, UInt8.self) & (1 &<< UInt8(truncatingIfNeeded: row & 7)) != 0
    }

    /// Makes a bitmap from one byte per row, nil when no byte is zero.
    static func pack(_ flags: [UInt8]) -> ColumnVector.Slice? {
        if !flags.contains(0) { return nil }
        let region = MemoryRegion(zeroed: bytes(flags.count))
        region.withMutableBytes { out in
            var index = 0
            while index < flags.count {
                var byte: UInt8 = 0
                for bit in 0..<min(8, flags.count - index) where flags[index + bit] != 0 {
                    byte |= 1 << UInt8(bit)
                }
                out.put(byte, index >> 3)
                index += 8
            }
        }
        return ColumnVector.Slice(region)
    }
}
