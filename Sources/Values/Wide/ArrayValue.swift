package import Bytes

/// An array with its lengths: the elements of the last dimension lie next to each other.
///
///     +-------+-------+---------+-----------------+----------------+----------------+
///     | u8    | u8    | u16     | u32 per         | 1 bit per      | elements       |
///     | dims  | 1 when| 0       | dimension:      | element, set   |                |
///     |       | NULLs |         | its length      | where not NULL |                |
///     +-------+-------+---------+-----------------+----------------+----------------+
///
/// The bitmap is there only when some element is NULL. Elements are as wide as in a vector, NULLs
/// zero; those of strings are `u32 length` and bytes. An empty array has no dimensions.
package struct ArrayValue: Sendable, Hashable {
    package let element: ArrayElement
    package let lengths: [Int]
    package let elements: [Value]

    /// Whether one array may have so many elements.
    package static func canHold(_ count: Int) -> Bool { count <= Limits.arrayElements }

    /// - Requires: the lengths multiply to the number of elements, none is zero, and there are
    ///   none for an empty array.
    package init(_ element: ArrayElement, lengths: [Int], _ elements: [Value]) {
        precondition(
            lengths.isEmpty ? elements.isEmpty : lengths.reduce(1, *) == elements.count,
            "lengths multiply to the elements")
        self.element = element
        self.lengths = lengths
        self.elements = elements
    }

    /// An array of one dimension.
    package init(_ element: ArrayElement, _ elements: [Value]) {
        self.init(element, lengths: elements.isEmpty ? [] : [elements.count], elements)
    }

    /// Element by element, then by length, as PostgreSQL compares.
    package func order(_ other: ArrayValue) -> Int {
        for (left, right) in zip(elements, other.elements) {
            let order = left.order(right)
            if order != 0 { return order }
        }
        if elements.count != other.elements.count {
            return elements.count < other.elements.count ? -1 : 1
        }
        if lengths.count != other.lengths.count {
            return lengths.count < other.lengths.count ? -1 : 1
        }
        for (left, right) in zip(lengths, other.lengths) where left != right {
            return left < right ? -1 : 1
        }
        return 0
    }

    /// What stands at one place of each dimension, from 1; nil outside. Fewer places than
    /// dimensions mean nothing.
    package func element(at places: [Int64]) -> Value {
        guard places.count == lengths.count, !places.isEmpty else { return .null }
        var index = 0
        for (place, length) in zip(places, lengths) {
            guard place >= 1, place <= Int64(length) else { return .null }
            index = index * length + Int(place) - 1
        }
        return elements[index]
    }

    /// One row of an array of several dimensions; nil outside.
    package func slice(at place: Int64) -> ArrayValue? {
        guard lengths.count > 1, place >= 1, place <= Int64(lengths[0]) else { return nil }
        let size = elements.count / lengths[0]
        let begin = (Int(place) - 1) * size
        return ArrayValue(
            element, lengths: Array(lengths.dropFirst()), Array(elements[begin..<begin + size]))
    }

    /// Appends the bytes of a vector's heap.
    package func encode(into writer: inout ByteWriter) {
        let hasNulls = elements.contains(.null)
        writer.append([UInt8(lengths.count), hasNulls ? 1 : 0, 0, 0])
        for length in lengths { writer.integer(UInt32(truncatingIfNeeded: length)) }
        if hasNulls {
            for begin in stride(from: 0, to: elements.count, by: 8) {
                var bits: UInt8 = 0
                for bit in 0..<min(8, elements.count - begin) where elements[begin + bit] != .null {
                    bits |= 1 << UInt8(bit)
                }
                writer.bytes.append(bits)
            }
        }
        for value in elements {
            if element.type.width == nil {
                let bytes = value.heapBytes
                writer.integer(UInt32(truncatingIfNeeded: bytes.count))
                writer.append(bytes)
            } else {
                value.appendFixed(element.type, to: &writer)
            }
        }
    }

    /// Takes the bytes of a vector's heap, whatever they are.
    package static func decode(_ bytes: ArraySlice<UInt8>, _ element: ArrayElement)
        throws(DecodeFailure) -> ArrayValue
    {
        var reader = ByteReader(bytes)
        let (lengths, count, hasNulls) = try header(&reader)
        let bits = hasNulls ? Array(try reader.read((count + 7) / 8)) : []
        var elements: [Value] = []
        for index in 0..<count {
            let isNull = hasNulls && bits[index >> 3] & (1 << UInt8(index & 7)) == 0
            let size: Int
            if let width = element.type.width {
                size = width
            } else {
                size = Int(try reader.integer(UInt32.self))
            }
            let raw = try reader.read(size)
            guard !isNull else {
                elements.append(.null)
                continue
            }
            guard let value = Value.fixed(raw, element.type) else {
                throw .invalid(at: reader.offset, what: "array element")
            }
            elements.append(value)
        }
        guard reader.isAtEnd else {
            throw .invalid(at: reader.offset, what: "bytes behind an array")
        }
        return ArrayValue(element, lengths: lengths, elements)
    }

    /// The lengths, how many elements they mean, and whether some are NULL.
    static func header(_ reader: inout ByteReader) throws(DecodeFailure)
        -> (lengths: [Int], count: Int, hasNulls: Bool)
    {
        let dimensions = Int(try reader.integer(UInt8.self))
        let flags = try reader.integer(UInt8.self)
        let reserved = try reader.integer(UInt16.self)
        guard dimensions <= Limits.arrayDimensions, flags <= 1, reserved == 0 else {
            throw .invalid(at: 0, what: "array header")
        }
        var lengths: [Int] = []
        var count = dimensions == 0 ? 0 : 1
        for _ in 0..<dimensions {
            let length = Int(try reader.integer(UInt32.self))
            lengths.append(length)
            // Both are below 2^32, and the count stays below its limit: no overflow.
            count *= length
            guard length > 0, count <= Limits.arrayElements else {
                throw .invalid(at: 0, what: "array length")
            }
        }
        return (lengths, count, flags == 1)
    }
}
