package import Bytes

/// A run of values of one type, in the layout of a segment's column block, so that a mapped block
/// is a vector without copying.
///
/// Fixed-width values lie in native little-endian order. VARCHAR and BINARY are `count + 1` 4-byte
/// offsets and bytes. SYMBOL is 4-byte codes into `dictionary`.
package struct ColumnVector: Sendable {
    /// A part of a region: what a mapped file is cut into.
    package struct Slice: Sendable {
        package let region: MemoryRegion
        package let offset: Int
        package let count: Int

        package init(_ region: MemoryRegion, offset: Int, count: Int) {
            precondition(offset >= 0 && count >= 0, "a slice begins and ends inside its region")
            precondition(offset + count <= region.count, "a slice lies inside its region")
            self.region = region
            self.offset = offset
            self.count = count
        }

        package init(_ region: MemoryRegion) { self.init(region, offset: 0, count: region.count) }

        package var bytes: RawSpan {
            @_lifetime(borrow self)
            get { region.bytes.extracting(offset..<offset + count) }
        }
    }

    package let type: ValueType
    package let count: Int
    /// Values, codes (SYMBOL) or offsets (VARCHAR, BINARY).
    package let values: Slice
    /// One bit per row, set where there is a value; nil when no row is NULL.
    package let validity: Slice?
    /// The bytes that the offsets of VARCHAR and BINARY point into.
    package let heap: Slice?
    /// The strings that the codes of a SYMBOL stand for.
    package let dictionary: SymbolDictionary?

    package init(
        type: ValueType, count: Int, values: Slice, validity: Slice? = nil, heap: Slice? = nil,
        dictionary: SymbolDictionary? = nil
    ) {
        self.type = type
        self.count = count
        self.values = values
        self.validity = validity
        self.heap = heap
        self.dictionary = dictionary
    }

    package func isNull(_ row: Int) -> Bool {
        guard let validity else { return false }
        let byte = validity.bytes.unsafeLoadByte(row >> 3)
        return byte & (1 << UInt8(row & 7)) == 0
    }

    /// The value of a row: slow, for edges and tests. Kernels work on `values` directly.
    package func value(at row: Int) -> Value {
        precondition(row >= 0 && row < count, "row \(row) is inside the vector")
        if isNull(row) { return .null }
        switch type {
        case .boolean: return .boolean(load(row, UInt8.self) != 0)
        case .byte: return .integer(Int64(load(row, Int8.self)))
        case .short: return .integer(Int64(load(row, Int16.self)))
        case .int: return .integer(Int64(load(row, Int32.self)))
        case .long: return .integer(load(row, Int64.self))
        case .float: return .double(Double(Float(bitPattern: load(row, UInt32.self))))
        case .double: return .double(Double(bitPattern: load(row, UInt64.self)))
        case .date: return .date(load(row, Int64.self))
        case .timestamp: return .timestamp(load(row, Int64.self))
        case .uuid: return .uuid(load(2 * row, UInt64.self), load(2 * row + 1, UInt64.self))
        case .symbol:
            return .string(dictionary?.string(Int(load(row, UInt32.self))) ?? "")
        case .varchar: return .string(String(decoding: heapBytes(row), as: UTF8.self))
        case .binary: return .binary(heapBytes(row))
        }
    }

    /// Loads the `row`-th element of the values as an integer of its width.
    @inlinable package func load<T: FixedWidthInteger & BitwiseCopyable>(
        _ row: Int, _ as: T.Type
    ) -> T {
        let size = MemoryLayout<T>.size
        precondition(row >= 0 && (row + 1) * size <= values.count, "row is inside the values")
        // SAFETY: bounds checked above; T is an integer, for which every bit pattern is a value.
        return unsafe values.bytes.unsafeLoadUnaligned(fromByteOffset: row * size, as: T.self)
    }

    private func heapBytes(_ row: Int) -> [UInt8] {
        guard let heap else { return [] }
        let begin = Int(load(row, UInt32.self))
        let end = Int(load(row + 1, UInt32.self))
        precondition(begin <= end && end <= heap.count, "offsets were checked when read")
        let bytes = heap.bytes
        return (begin..<end).map { bytes.unsafeLoadByte($0) }
    }
}

extension RawSpan {
    /// One byte, bounds-checked in every build.
    func unsafeLoadByte(_ offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount, "byte is inside the span")
        // SAFETY: bounds checked above; every bit pattern is a byte.
        return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
