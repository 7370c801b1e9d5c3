/// Takes Swift text apart into code, comments and string literals, byte for byte in place.
///
/// It knows line and nested block comments, plain, raw and multi-line strings and interpolation,
/// whose inside is code again. It does not know regular-expression literals; a quote left open on
/// a line ends with the line, so that a surprise costs one line and not the file.
struct SourceScanner {
    /// A string literal's text and the line (from zero) where it begins.
    struct StringLiteral: Equatable {
        let line: Int
        let text: String
    }

    private let text: [UInt8]
    private var index = 0
    private var line = 0
    private(set) var code: [UInt8]
    private(set) var comments: [UInt8]
    private(set) var strings: [StringLiteral] = []

    init(_ text: String) {
        self.text = Array(text.utf8)
        let blank = self.text.map { $0 == Self.newline ? Self.newline : UInt8(ascii: " ") }
        code = blank
        comments = blank
    }

    mutating func scan() {
        while index < text.count { scanCode(insideInterpolation: false) }
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xff:
            true
        default:
            false
        }
    }

    private static let newline = UInt8(ascii: "\n")
    private static let quote = UInt8(ascii: "\"")
    private static let hash = UInt8(ascii: "#")
    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")
    private static let backslash = UInt8(ascii: "\\")

    private func byte(at offset: Int = 0) -> UInt8? {
        index + offset < text.count ? text[index + offset] : nil
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where index < text.count {
            if text[index] == Self.newline { line += 1 }
            index += 1
        }
    }

    private mutating func scanCode(insideInterpolation: Bool) {
        var depth = 0
        while let byte = byte() {
            if byte == Self.slash, self.byte(at: 1) == Self.slash {
                scanLineComment()
                continue
            }
            if byte == Self.slash, self.byte(at: 1) == Self.star {
                scanBlockComment()
                continue
            }
            if let hashes = hashesBeforeQuote() {
                scanString(hashes: hashes)
                continue
            }
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") {
                depth -= 1
                if insideInterpolation, depth < 0 { return }
            }
            if byte != Self.newline { code[index] = byte }
            advance()
        }
    }

    private mutating func scanLineComment() {
        while let byte = byte(), byte != Self.newline {
            comments[index] = byte
            advance()
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        while let byte = byte() {
            let pair = (byte, self.byte(at: 1))
            if byte != Self.newline { comments[index] = byte }
            if pair == (Self.slash, Self.star) {
                depth += 1
                advance(2)
            } else if pair == (Self.star, Self.slash) {
                depth -= 1
                advance(2)
                if depth == 0 { return }
            } else {
                advance()
            }
        }
    }

    /// How many `#` stand before the quote that begins here; nil when no string begins here.
    private func hashesBeforeQuote() -> Int? {
        var count = 0
        while byte(at: count) == Self.hash { count += 1 }
        return byte(at: count) == Self.quote ? count : nil
    }

    private func isAt(_ byte: UInt8, times: Int, offset: Int) -> Bool {
        (0..<times).allSatisfy { self.byte(at: offset + $0) == byte }
    }

    private mutating func scanString(hashes: Int) {
        let beginLine = line
        let quotes = isAt(Self.quote, times: 3, offset: hashes) ? 3 : 1
        // The quotes stay in the code, so that a token stands where the literal was.
        code[index + hashes] = Self.quote
        advance(hashes + quotes)
        var content: [UInt8] = []
        while let byte = byte() {
            if isAt(Self.quote, times: quotes, offset: 0),
                isAt(Self.hash, times: hashes, offset: quotes)
            {
                advance(quotes + hashes)
                break
            }
            if quotes == 1, byte == Self.newline { break }
            if byte == Self.backslash, isAt(Self.hash, times: hashes, offset: 1) {
                if self.byte(at: 1 + hashes) == UInt8(ascii: "(") {
                    advance(2 + hashes)
                    scanCode(insideInterpolation: true)
                    advance()
                    content.append(contentsOf: Array("\\()".utf8))
                } else {
                    content.append(byte)
                    advance(1 + hashes)
                    if self.byte() != Self.newline { advance() }
                }
                continue
            }
            content.append(byte)
            advance()
        }
        let text = String(decoding: content, as: UTF8.self)
        strings.append(StringLiteral(line: beginLine, text: text))
    }
}
