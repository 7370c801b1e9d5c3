import Bytes

/// Gathers values of one type and makes a vector of them: what INSERT, COPY and tests write with.
package struct ColumnBuilder: Sendable {
    package let type: ValueType
    package private(set) var count = 0
    private var values = ByteWriter()
    private var validity: [UInt8] = []
    private var nullCount = 0
    private var heap: [UInt8] = []
    private var codes: [String: UInt32] = [:]
    private var strings: [String] = []

    package init(type: ValueType) {
        self.type = type
        if type.width == nil { values.integer(UInt32(0)) }
    }

    /// Bytes held so far, for memory limits.
    package var byteCount: Int { values.count + heap.count + validity.count }

    /// Appends a value that has been coerced to the column's type.
    ///
    /// - Requires: `value` is NULL or of this type and in its range.
    package mutating func append(_ value: Value) {
        let isValid = value != .null
        if count & 7 == 0 { validity.append(0) }
        if isValid { validity[count >> 3] |= 1 << UInt8(count & 7) } else { nullCount += 1 }
        count += 1
        switch type.layout {
        case .boolean, .int8, .int16, .int32, .int64, .int128, .uint16, .uint32, .float, .double,
            .uuid, .long256, .interval:
            value.appendFixed(type, to: &values)
        case .symbol: values.integer(code(of: value))
        case .text, .bytes, .array:
            heap.append(contentsOf: value.heapBytes)
            values.integer(UInt32(truncatingIfNeeded: heap.count))
        }
    }

    private mutating func code(of value: Value) -> UInt32 {
        guard case .string(let text) = value else { return 0 }
        if let code = codes[text] { return code }
        let code = UInt32(strings.count)
        codes[text] = code
        strings.append(text)
        return code
    }

    /// Makes the vector of everything appended so far.
    package func makeVector() -> ColumnVector {
        ColumnVector(
            type: type, count: count, values: .init(MemoryRegion(values.bytes)),
            validity: nullCount == 0 ? nil : .init(MemoryRegion(validity)),
            heap: type.width == nil ? .init(MemoryRegion(heap)) : nil,
            dictionary: type == .symbol ? SymbolDictionary(strings) : nil)
    }
}
