/// Why bytes could not be read as what they claim to be. Rooms translate it at their edge, once.
package enum DecodeFailure: Error, Equatable, Sendable {
    case truncated(at: Int, needed: Int)
    case invalid(at: Int, what: String)
}

/// Reads little- and big-endian values from bytes that may be anything.
///
/// Every read checks its bounds and throws; nothing is allocated beyond what is really there.
package struct ByteReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    package private(set) var offset: Int

    package init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = 0
    }

    package var remaining: Int { bytes.count - offset }
    package var isAtEnd: Bool { remaining == 0 }

    /// Takes the next `count` bytes.
    package mutating func read(_ count: Int) throws(DecodeFailure) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else {
            throw .truncated(at: offset, needed: count)
        }
        let start = bytes.startIndex + offset
        offset += count
        return bytes[start..<start + count]
    }

    package mutating func skip(_ count: Int) throws(DecodeFailure) { _ = try read(count) }

    /// Takes a little-endian integer.
    package mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self)
        throws(DecodeFailure) -> T
    {
        let slice = try read(T.bitWidth / 8)
        var value: T = 0
        for byte in slice.reversed() { value = (value << 8) | T(truncatingIfNeeded: byte) }
        return value
    }

    /// Takes a big-endian integer.
    package mutating func bigEndian<T: FixedWidthInteger>(_ type: T.Type = T.self)
        throws(DecodeFailure) -> T
    {
        let slice = try read(T.bitWidth / 8)
        var value: T = 0
        for byte in slice { value = (value << 8) | T(truncatingIfNeeded: byte) }
        return value
    }

    package mutating func double() throws(DecodeFailure) -> Double {
        Double(bitPattern: try integer(UInt64.self))
    }

    /// Takes a LEB128 number of at most ten bytes.
    package mutating func varint() throws(DecodeFailure) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        for step in 0..<10 {
            let byte = try integer(UInt8.self)
            let part = UInt64(byte & 0x7f)
            if step == 9, part > 1 { throw .invalid(at: start, what: "varint above 64 bits") }
            value |= part << UInt64(7 * step)
            if byte & 0x80 == 0 { return value }
        }
        throw .invalid(at: start, what: "varint above ten bytes")
    }

    /// Takes a count that may not exceed `limit`, so that a lie cannot make us allocate.
    package mutating func count(upTo limit: Int) throws(DecodeFailure) -> Int {
        let start = offset
        let value = try varint()
        guard let count = Int(exactly: value), count <= limit else {
            throw .invalid(at: start, what: "count \(value) above \(limit)")
        }
        return count
    }

    /// Takes a length-prefixed UTF-8 string of at most `limit` bytes.
    package mutating func string(upTo limit: Int) throws(DecodeFailure) -> String {
        let length = try count(upTo: limit)
        let start = offset
        let slice = try read(length)
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw .invalid(at: start, what: "string that is not UTF-8")
        }
        return text
    }

    /// Takes a string that ends with a zero byte.
    package mutating func cString(upTo limit: Int) throws(DecodeFailure) -> String {
        let start = bytes.startIndex + offset
        let window = bytes[start..<min(bytes.endIndex, start + limit + 1)]
        guard let end = window.firstIndex(of: 0) else {
            throw .truncated(at: offset, needed: 1)
        }
        guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
            throw .invalid(at: offset, what: "string that is not UTF-8")
        }
        offset += end - start + 1
        return text
    }
}
