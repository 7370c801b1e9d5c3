/// One assignment of a properties file.
struct Property: Equatable {
    let name: String
    let value: String
    /// The line it begins on, from 1.
    let line: Int
}

/// Reads the form of Java's properties files: `name=value`, `name: value`, comments with `#` and
/// `!`, a backslash at the end of a line to continue it, and escapes.
enum PropertiesParser {
    /// Never fails: whatever the bytes are, they are names and values of some kind.
    static func parse(_ bytes: [UInt8]) -> [Property] {
        var found: [Property] = []
        var logical: [UInt8] = []
        var firstLine = 0
        for (index, line) in lines(of: bytes).enumerated() {
            let text = line.drop(while: isSpace)
            if logical.isEmpty {
                guard let first = text.first, first != UInt8(ascii: "#"),
                    first != UInt8(ascii: "!")
                else { continue }
                firstLine = index + 1
            }
            let slashes = text.reversed().prefix { $0 == UInt8(ascii: "\\") }.count
            if slashes % 2 == 1 {
                logical += text.dropLast()
                // A continued line that is empty so far must still count as begun.
                if logical.isEmpty { logical.append(UInt8(ascii: " ")) }
                continue
            }
            logical += text
            found.append(property(logical[...], line: firstLine))
            logical = []
        }
        if !logical.isEmpty { found.append(property(logical[...], line: firstLine)) }
        return found
    }

    private static func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        // A byte order mark is no part of the first name.
        let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        return bytes[start...].split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == 0x0c
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":")
    }

    private static func property(_ line: ArraySlice<UInt8>, line number: Int) -> Property {
        let line = line.drop(while: isSpace)
        var end = line.startIndex
        while end < line.endIndex, !isSeparator(line[end]), !isSpace(line[end]) {
            end += line[end] == UInt8(ascii: "\\") && end + 1 < line.endIndex ? 2 : 1
        }
        var value = line[end...].drop(while: isSpace)
        if let first = value.first, isSeparator(first) {
            value = value.dropFirst().drop(while: isSpace)
        }
        while let last = value.last, isSpace(last),
            value.dropLast().last != UInt8(ascii: "\\")
        {
            value = value.dropLast()
        }
        return Property(name: unescape(line[..<end]), value: unescape(value), line: number)
    }

    private static func unescape(_ bytes: ArraySlice<UInt8>) -> String {
        var text: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
                text.append(byte)
                continue
            }
            switch escaped {
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "u"): text += scalar(&rest)
            default: text.append(escaped)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func scalar(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let digits = String(decoding: rest.prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, let value = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(value)
        else { return Array("u".utf8) }
        rest = rest.dropFirst(4)
        return Array(String(Character(scalar)).utf8)
    }
}
