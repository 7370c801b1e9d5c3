package import Bytes

/// A run of values of one type, in the layout of a segment's column block, so that a mapped block
/// is a vector without copying.
///
/// Fixed-width values lie in native little-endian order. Strings, BINARY and arrays are `count + 1`
/// 4-byte offsets and bytes. SYMBOL is 4-byte codes into `dictionary`. `Layout` says which.
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
    /// Values, codes (SYMBOL) or offsets (strings, BINARY, arrays).
    package let values: Slice
    /// One bit per row, set where there is a value; nil when no row is NULL.
    package let validity: Slice?
    /// The bytes that the offsets point into.
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
        switch type.layout {
        case .boolean: return .boolean(load(row, UInt8.self) != 0)
        case .int8: return .integer(Int64(load(row, Int8.self)))
        case .int16: return .integer(Int64(load(row, Int16.self)))
        case .int32: return .integer(Int64(load(row, Int32.self)))
        case .uint32: return .integer(Int64(load(row, UInt32.self)))
        case .int64: return longValue(load(row, Int64.self))
        case .uint16:
            let scalar = Unicode.Scalar(load(row, UInt16.self)) ?? "\u{FFFD}"
            return .string(String(scalar))
        case .float: return .double(Double(Float(bitPattern: load(row, UInt32.self))))
        case .double: return .double(Double(bitPattern: load(row, UInt64.self)))
        case .int128:
            let scale = type.decimalShape?.scale ?? 0
            return .decimal(DecimalValue(units: load(row, Int128.self), scale: scale))
        case .uuid: return .uuid(load(2 * row, UInt64.self), load(2 * row + 1, UInt64.self))
        case .long256:
            return .long256(
                Long256(
                    load(4 * row, UInt64.self), load(4 * row + 1, UInt64.self),
                    load(4 * row + 2, UInt64.self), load(4 * row + 3, UInt64.self)))
        case .interval:
            return .interval(
                IntervalValue(
                    months: load(4 * row + 3, Int32.self), days: load(4 * row + 2, Int32.self),
                    microseconds: load(2 * row, Int64.self)))
        case .symbol:
            return .string(dictionary?.string(Int(load(row, UInt32.self))) ?? "")
        case .text: return .string(String(decoding: heapBytes(row), as: UTF8.self))
        case .bytes: return .binary(heapBytes(row))
        case .array:
            // What storage reads was checked, what expressions make is right: no element is lost.
            let array = try? ArrayValue.decode(
                heapBytes(row)[...], type.arrayElement ?? .varchar)
            return array.map(Value.array) ?? .null
        }
    }

    private func longValue(_ number: Int64) -> Value {
        switch type {
        case .date: .date(number)
        case .timestamp: .timestamp(number)
        case .timestampNanos: .timestampNanos(number)
        default: .integer(number)
        }
    }

    /// Whether every row that is not NULL holds a value of the type: bytes from a disk may not.
    ///
    /// Offsets must be right already. Strings need not be UTF-8: readers repair them.
    package var holdsOnlyValues: Bool {
        switch type.layout {
        case .int128:
            guard let shape = type.decimalShape else { return false }
            return holds { shape.holds(load($0, Int128.self)) }
        case .int8, .int16, .int32, .int64:
            guard let bits = type.geohashBits else { return true }
            let limit: Int64 = 1 << Int64(bits)
            return holds {
                if case .integer(let number) = value(at: $0) {
                    (0..<limit) ~= number
                } else {
                    false
                }
            }
        case .uint16: return holds { Unicode.Scalar(load($0, UInt16.self)) != nil }
        case .array:
            guard let element = type.arrayElement else { return false }
            let dimensions = if case .array(_, let count) = type { Int(count) } else { 1 }
            return holds { row in
                // The reason is the caller's to tell, with the place of the damage.
                guard let array = try? ArrayValue.decode(heapBytes(row)[...], element) else {
                    return false
                }
                return array.lengths.isEmpty || array.lengths.count == dimensions
            }
        case .boolean, .uint32, .float, .double, .uuid, .long256, .interval, .symbol, .text,
            .bytes:
            return true
        }
    }

    private func holds(_ test: (Int) -> Bool) -> Bool {
        for row in 0..<count where !isNull(row) && !test(row) { return false }
        return true
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
