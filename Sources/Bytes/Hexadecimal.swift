/// Bytes as lower-case hexadecimal digits, two each: digests, ids and names made by chance.
package enum Hexadecimal {
    /// Returns the digits as text.
    package static func text(_ bytes: [UInt8]) -> String {
        var writer = ByteWriter(reserving: 2 * bytes.count)
        writer.hexadecimal(bytes)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension ByteWriter {
    /// Appends the digits.
    package mutating func hexadecimal(_ source: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        for byte in source {
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        }
    }
}
