import Bytes

/// Values of fixed width as the bytes of a vector.
extension Value {
    /// Appends the value in the layout of a type; NULL is zeros.
    ///
    /// - Requires: the value is NULL or of this type, whose layout has a width and is not SYMBOL.
    func appendFixed(_ type: ValueType, to writer: inout ByteWriter) {
        switch type.layout {
        case .boolean: writer.bytes.append(self == .boolean(true) ? 1 : 0)
        case .int8: writer.integer(Int8(truncatingIfNeeded: integerBits))
        case .int16, .uint16: writer.integer(Int16(truncatingIfNeeded: integerBits))
        case .int32, .uint32: writer.integer(Int32(truncatingIfNeeded: integerBits))
        case .int64: writer.integer(integerBits)
        case .float: writer.integer(Float(doubleValue).bitPattern)
        case .double: writer.integer(doubleValue.bitPattern)
        case .int128: writer.integer(units(type.decimalShape ?? .open))
        case .uuid:
            let (high, low) =
                if case .uuid(let high, let low) = self { (high, low) } else { (0, 0) }
            writer.integer(high)
            writer.integer(low)
        case .long256:
            let number = if case .long256(let number) = self { number } else { Long256(0, 0, 0, 0) }
            writer.integer(number.words.0)
            writer.integer(number.words.1)
            writer.integer(number.words.2)
            writer.integer(number.words.3)
        case .interval:
            let span = if case .interval(let span) = self { span } else { IntervalValue() }
            writer.integer(span.microseconds)
            writer.integer(span.days)
            writer.integer(span.months)
        case .symbol, .text, .bytes, .array: break
        }
    }

    /// Reads what `appendFixed` wrote, and strings of arrays; nil for what is no value.
    static func fixed(_ bytes: ArraySlice<UInt8>, _ type: ValueType) -> Value? {
        if type.layout == .text {
            return String(validating: bytes, as: UTF8.self).map(Value.string)
        }
        guard type.width == bytes.count, type.layout != .symbol else { return nil }
        let vector = ColumnVector(
            type: type, count: 1, values: .init(MemoryRegion(Array(bytes))))
        return vector.holdsOnlyValues ? vector.value(at: 0) : nil
    }

    var integerBits: Int64 {
        switch self {
        case .integer(let number), .date(let number), .timestamp(let number),
            .timestampNanos(let number):
            number
        case .string(let text): Int64(text.utf16.first ?? 0)
        case .null, .boolean, .double, .binary, .uuid, .decimal, .long256, .array, .interval: 0
        }
    }

    var doubleValue: Double {
        if case .double(let number) = self { return number }
        return 0
    }

    private func units(_ shape: DecimalShape) -> Int128 {
        guard case .decimal(let number) = self else { return 0 }
        // Callers have cast already; this keeps a wrong scale from becoming a wrong number.
        return number.rescaled(to: shape.scale)?.units ?? 0
    }

    /// The bytes of a value without a fixed width.
    var heapBytes: [UInt8] {
        switch self {
        case .string(let text): return Array(text.utf8)
        case .binary(let bytes): return bytes
        case .array(let array):
            var writer = ByteWriter(reserving: 8 + array.elements.count * 8)
            array.encode(into: &writer)
            return writer.bytes
        case .null, .boolean, .integer, .double, .date, .timestamp, .timestampNanos, .uuid,
            .decimal, .long256, .interval:
            return []
        }
    }
}
