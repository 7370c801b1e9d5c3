import Bytes

/// Writing and reading IPv4 addresses: `192.168.0.1`.
enum IPv4Text {
    static func append(_ address: UInt32, to writer: inout ByteWriter) {
        for shift: UInt32 in [24, 16, 8, 0] {
            writer.decimal(Int64(address >> shift & 255))
            if shift > 0 { writer.bytes.append(UInt8(ascii: ".")) }
        }
    }

    static func parse(_ text: some StringProtocol) -> UInt32? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
                return nil
            }
            let number = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 48) }
            guard number <= 255 else { return nil }
            address = address << 8 | number
        }
        return address
    }
}

/// Writing and reading 256-bit numbers: `0x` and an even number of hexadecimal digits.
enum Long256Text {
    static func append(_ number: Long256, to writer: inout ByteWriter) {
        writer.append("0x".utf8)
        let words = [number.words.3, number.words.2, number.words.1, number.words.0]
        var bytes: [UInt8] = []
        for word in words {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        let zeros = min(31, bytes.prefix { $0 == 0 }.count)
        writer.hexadecimal(Array(bytes.dropFirst(zeros)))
    }

    static func parse(_ text: some StringProtocol) -> Long256? {
        var digits = Array(text.utf8)[...]
        guard digits.starts(with: "0x".utf8) || digits.starts(with: "0X".utf8) else { return nil }
        digits.removeFirst(2)
        guard (1...64).contains(digits.count) else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (place, byte) in digits.reversed().enumerated() {
            let digit: UInt64
            switch byte {
            case 48...57: digit = UInt64(byte - 48)
            case 97...102: digit = UInt64(byte - 87)
            case 65...70: digit = UInt64(byte - 55)
            default: return nil
            }
            words[place / 16] |= digit << UInt64(place % 16 * 4)
        }
        return Long256(words[0], words[1], words[2], words[3])
    }
}
