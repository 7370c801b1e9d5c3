import Bytes

/// Writing and reading geohashes: five bits a character where they come out even, bits otherwise.
package enum GeohashText {
    private static let alphabet = Array("0123456789bcdefghjkmnpqrstuvwxyz".utf8)

    static func append(_ hash: Int64, bits: Int, to writer: inout ByteWriter) {
        if bits % 5 == 0 {
            for place in stride(from: bits - 5, through: 0, by: -5) {
                writer.bytes.append(alphabet[Int(hash >> Int64(place) & 31)])
            }
        } else {
            for place in stride(from: bits - 1, through: 0, by: -1) {
                writer.bytes.append(hash >> Int64(place) & 1 == 0 ? 48 : 49)
            }
        }
    }

    /// Reads characters, cut to the bits wanted, or exactly as many bits; also with the `#` and
    /// `##` that literals begin with. Nil when it is neither or too short.
    static func parse(_ text: some StringProtocol, bits: Int) -> Int64? {
        let bytes = Array(text.utf8)[...]
        if bytes.starts(with: "##".utf8) { return parseBits(bytes.dropFirst(2), bits) }
        if bytes.first == UInt8(ascii: "#") { return parseCharacters(bytes.dropFirst(), bits) }
        if bits % 5 != 0, bytes.count == bits, let found = parseBits(bytes, bits) { return found }
        return parseCharacters(bytes, bits)
    }

    private static func parseBits(_ bytes: ArraySlice<UInt8>, _ bits: Int) -> Int64? {
        guard bytes.count >= bits, bytes.count <= 60 else { return nil }
        guard bytes.allSatisfy({ $0 == 48 || $0 == 49 }) else { return nil }
        return bytes.prefix(bits).reduce(0) { $0 << 1 | Int64($1 - 48) }
    }

    private static func parseCharacters(_ bytes: ArraySlice<UInt8>, _ bits: Int) -> Int64? {
        guard bytes.count <= 12, bytes.count * 5 >= bits else { return nil }
        var hash: Int64 = 0
        for byte in bytes {
            guard let digit = alphabet.firstIndex(of: byte | (byte >= 65 && byte <= 90 ? 32 : 0))
            else { return nil }
            hash = hash << 5 | Int64(digit)
        }
        return hash >> Int64(bytes.count * 5 - bits)
    }

    /// Reads a literal of SQL: `#u33d`, `#u33d/18` or `##0110`.
    package static func literal(_ text: String) -> (hash: Int64, bits: UInt8)? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let digits = parts[0]
        var bits = digits.hasPrefix("##") ? digits.utf8.count - 2 : (digits.utf8.count - 1) * 5
        if parts.count == 2 {
            guard let wanted = Int(parts[1]), wanted <= bits else { return nil }
            bits = wanted
        }
        guard (1...60).contains(bits), let hash = parse(digits, bits: bits) else { return nil }
        return (hash, UInt8(bits))
    }
}
