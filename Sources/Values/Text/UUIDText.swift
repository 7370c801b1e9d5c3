package import Bytes

/// Writing and reading UUIDs: `11111111-2222-3333-4444-555555555555`.
package enum UUIDText {
    private static let digits = Array("0123456789abcdef".utf8)

    package static func append(_ high: UInt64, _ low: UInt64, to writer: inout ByteWriter) {
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                writer.bytes.append(UInt8(ascii: "-"))
            }
            let half = index < 16 ? high : low
            writer.bytes.append(digits[Int(half >> UInt64(60 - 4 * (index & 15)) & 15)])
        }
    }

    /// Reads 32 hexadecimal digits, with hyphens anywhere between them and braces around them.
    package static func parse(_ text: String) -> (UInt64, UInt64)? {
        var halves: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in text.utf8 {
            let digit: UInt64
            switch byte {
            case 48...57: digit = UInt64(byte - 48)
            case 97...102: digit = UInt64(byte - 87)
            case 65...70: digit = UInt64(byte - 55)
            case UInt8(ascii: "-"), UInt8(ascii: "{"), UInt8(ascii: "}"): continue
            default: return nil
            }
            guard count < 32 else { return nil }
            if count < 16 {
                halves.0 = halves.0 << 4 | digit
            } else {
                halves.1 = halves.1 << 4 | digit
            }
            count += 1
        }
        return count == 32 ? halves : nil
    }
}
