/// Appends values to a growing run of bytes: the mirror of `ByteReader`.
package struct ByteWriter: Sendable {
    package var bytes: [UInt8] = []

    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package var count: Int { bytes.count }

    package mutating func append(_ other: some Sequence<UInt8>) { bytes.append(contentsOf: other) }

    package mutating func integer<T: FixedWidthInteger>(_ value: T) {
        var rest = value
        for _ in 0..<T.bitWidth / 8 {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest = T.bitWidth > 8 ? rest >> 8 : 0
        }
    }

    package mutating func bigEndian<T: FixedWidthInteger>(_ value: T) {
        for step in stride(from: T.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> T(step)))
        }
    }

    package mutating func double(_ value: Double) { integer(value.bitPattern) }

    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func count(_ value: Int) { varint(UInt64(value)) }

    package mutating func string(_ text: String) {
        count(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    package mutating func cString(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
    }

    /// Overwrites a big-endian integer written earlier, such as a length known only afterwards.
    package mutating func patchBigEndian<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for step in 0..<T.bitWidth / 8 {
            let shift = T(T.bitWidth - 8 * (step + 1))
            bytes[offset + step] = UInt8(truncatingIfNeeded: value >> shift)
        }
    }

    /// Adds zero bytes up to the next multiple of `alignment`.
    package mutating func pad(to alignment: Int) {
        let rest = bytes.count % alignment
        if rest != 0 { bytes.append(contentsOf: repeatElement(0, count: alignment - rest)) }
    }
}
