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
        switch type {
        case .boolean: values.integer(UInt8(value == .boolean(true) ? 1 : 0))
        case .byte: values.integer(Int8(truncatingIfNeeded: value.integerBits))
        case .short: values.integer(Int16(truncatingIfNeeded: value.integerBits))
        case .int: values.integer(Int32(truncatingIfNeeded: value.integerBits))
        case .long, .date, .timestamp: values.integer(value.integerBits)
        case .float: values.integer(Float(value.doubleValue).bitPattern)
        case .double: values.integer(value.doubleValue.bitPattern)
        case .symbol: values.integer(code(of: value))
        case .varchar, .binary:
            heap.append(contentsOf: value.heapBytes)
            values.integer(UInt32(truncatingIfNeeded: heap.count))
        case .uuid:
            if case .uuid(let high, let low) = value {
                values.integer(high)
                values.integer(low)
            } else {
                values.integer(UInt64(0))
                values.integer(UInt64(0))
            }
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

extension Value {
    fileprivate var integerBits: Int64 {
        switch self {
        case .integer(let number), .date(let number), .timestamp(let number): number
        case .null, .boolean, .double, .string, .binary, .uuid: 0
        }
    }

    fileprivate var doubleValue: Double {
        if case .double(let number) = self { return number }
        return 0
    }

    fileprivate var heapBytes: [UInt8] {
        switch self {
        case .string(let text): Array(text.utf8)
        case .binary(let bytes): bytes
        case .null, .boolean, .integer, .double, .date, .timestamp, .uuid: []
        }
    }
}
