import Diagnostics

/// Cuts a text into tokens, one at a time, over its UTF-8 bytes.
///
/// A copy of a lexer goes on from the same place, which is how the parser looks ahead.
struct Lexer {
    let bytes: [UInt8]
    /// The byte the next token is looked for at.
    private(set) var index = 0
    /// The same place in Unicode scalars.
    private(set) var position = 0

    init(_ text: String) throws(DatabaseError) {
        bytes = Array(text.utf8)
        if let zero = bytes.firstIndex(of: 0) {
            throw .zeroCharacter(at: Lexer.scalarCount(bytes[..<zero]))
        }
    }

    /// The text of a range of bytes.
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// Reads the next token; at the end of the text it is `.end` for ever.
    mutating func next() throws(DatabaseError) -> Token {
        try skipBlanks()
        let start = index
        let startPosition = position
        let kind = try readKind()
        return Token(
            kind: kind, position: startPosition, endPosition: position, bytes: start..<index)
    }

    private mutating func readKind() throws(DatabaseError) -> Token.Kind {
        guard let byte = peek(0) else { return .end }
        switch byte {
        case UInt8(ascii: "'"):
            return .string(try readQuoted(UInt8(ascii: "'"), what: "quoted string"))
        case UInt8(ascii: "\""):
            return .quotedName(try readQuoted(UInt8(ascii: "\""), what: "quoted identifier"))
        case UInt8(ascii: "$"):
            return try readDollar()
        case UInt8(ascii: "e"), UInt8(ascii: "E"):
            if peek(1) == UInt8(ascii: "'") { return .string(try readEscaped()) }
            return readWord()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return readNumber()
        case UInt8(ascii: "."):
            return Lexer.isDigit(peek(1)) ? readNumber() : readSymbol(.dot)
        default:
            if Lexer.isNameStart(byte) { return readWord() }
            guard let symbol = Symbol.longest(byte, peek(1) ?? 0, peek(2) ?? 0) else {
                throw .unexpected(firstScalar(), at: position)
            }
            return readSymbol(symbol)
        }
    }

    // MARK: - Blanks and comments

    private mutating func skipBlanks() throws(DatabaseError) {
        while let byte = peek(0) {
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                advance(1)
            } else if byte == UInt8(ascii: "-"), peek(1) == UInt8(ascii: "-") {
                let rest = bytes[index...]
                let end = rest.firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
                advance(end - index)
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                try skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(DatabaseError) {
        let start = index
        let startPosition = position
        var depth = 0
        while let byte = peek(0) {
            if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                depth += 1
                advance(2)
            } else if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                advance(2)
                if depth == 0 { return }
            } else {
                advance(1)
            }
        }
        throw .unterminated("/* comment", near: excerpt(from: start), at: startPosition)
    }

    // MARK: - Words and numbers

    private mutating func readWord() -> Token.Kind {
        let start = index
        while let byte = peek(0), Lexer.isNamePart(byte) { advance(1) }
        // A longer word cannot be a keyword, and need not be copied.
        guard index - start <= 24 else { return .word(nil) }
        return .word(Keyword.named(text(start..<index).lowercased()))
    }

    private mutating func readNumber() -> Token.Kind {
        var isDecimal = false
        skipDigits()
        if peek(0) == UInt8(ascii: "."), peek(1) != UInt8(ascii: ".") {
            isDecimal = true
            advance(1)
            skipDigits()
        }
        if peek(0).map({ $0 | 0x20 }) == UInt8(ascii: "e") {
            let isSigned = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
            if Lexer.isDigit(peek(isSigned ? 2 : 1)) {
                isDecimal = true
                advance(isSigned ? 2 : 1)
                skipDigits()
            }
        }
        return isDecimal ? .decimal : .integer
    }

    /// Goes over the rest of a geohash behind its `#`.
    mutating func skipGeohash() {
        if peek(0) == UInt8(ascii: "#") { advance(1) }
        while let byte = peek(0), Lexer.isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26 {
            advance(1)
        }
        guard peek(0) == UInt8(ascii: "/"), Lexer.isDigit(peek(1)) else { return }
        advance(1)
        while Lexer.isDigit(peek(0)) { advance(1) }
    }

    /// Digits, with single underscores between them.
    private mutating func skipDigits() {
        while Lexer.isDigit(peek(0)) || (peek(0) == UInt8(ascii: "_") && Lexer.isDigit(peek(1))) {
            advance(1)
        }
    }

    private mutating func readSymbol(_ symbol: Symbol) -> Token.Kind {
        advance(symbol.rawValue.utf8.count)
        return .symbol(symbol)
    }

    // MARK: - Quotes

    /// A string or name whose quote is doubled inside.
    private mutating func readQuoted(
        _ quote: UInt8, what: String
    ) throws(DatabaseError) -> String {
        let start = index
        let startPosition = position
        var content: [UInt8] = []
        advance(1)
        while let byte = peek(0) {
            advance(1)
            if byte == quote {
                guard peek(0) == quote else { return String(decoding: content, as: UTF8.self) }
                advance(1)
            }
            content.append(byte)
        }
        throw .unterminated(what, near: excerpt(from: start), at: startPosition)
    }

    /// `$1`, or a string between `$tag$` and `$tag$`.
    private mutating func readDollar() throws(DatabaseError) -> Token.Kind {
        let start = index
        let startPosition = position
        advance(1)
        if Lexer.isDigit(peek(0)) {
            while Lexer.isDigit(peek(0)) { advance(1) }
            return .parameter
        }
        while let byte = peek(0), Lexer.isNamePart(byte), byte != UInt8(ascii: "$") { advance(1) }
        guard peek(0) == UInt8(ascii: "$") else { throw .unexpected("$", at: startPosition) }
        advance(1)
        let tag = Array(bytes[start..<index])
        let contentStart = index
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "$"), bytes[index...].starts(with: tag) {
                let content = text(contentStart..<index)
                advance(tag.count)
                return .string(content)
            }
            advance(1)
        }
        throw .unterminated(
            "dollar-quoted string", near: excerpt(from: start), at: startPosition)
    }

    /// `E'…'` with backslash escapes.
    private mutating func readEscaped() throws(DatabaseError) -> String {
        let start = index
        let startPosition = position
        var content: [UInt8] = []
        advance(2)
        while let byte = peek(0) {
            switch byte {
            case UInt8(ascii: "'"):
                advance(1)
                guard peek(0) == byte else {
                    guard let text = String(validating: content, as: UTF8.self),
                        !content.contains(0)
                    else { throw .badEscape(at: startPosition) }
                    return text
                }
                content.append(byte)
                advance(1)
            case UInt8(ascii: "\\"):
                try readEscape(into: &content)
            default:
                content.append(byte)
                advance(1)
            }
        }
        throw .unterminated("quoted string", near: excerpt(from: start), at: startPosition)
    }

    private mutating func readEscape(into content: inout [UInt8]) throws(DatabaseError) {
        let escapePosition = position
        advance(1)
        guard let byte = peek(0) else { return }
        switch byte {
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            content.append(UInt8(truncatingIfNeeded: readDigits(radix: 8, atMost: 3).value))
            return
        case UInt8(ascii: "x"):
            advance(1)
            let hex = readDigits(radix: 16, atMost: 2)
            content.append(hex.count == 0 ? byte : UInt8(truncatingIfNeeded: hex.value))
            return
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            advance(1)
            let wanted = byte == UInt8(ascii: "u") ? 4 : 8
            let hex = readDigits(radix: 16, atMost: wanted)
            guard hex.count == wanted, let scalar = Unicode.Scalar(hex.value) else {
                throw .badEscape(at: escapePosition)
            }
            content.append(contentsOf: String(scalar).utf8)
            return
        default:
            content.append(byte)
        }
        advance(1)
    }

    private mutating func readDigits(radix: Int, atMost: Int) -> (value: UInt32, count: Int) {
        var value: UInt32 = 0
        var count = 0
        while count < atMost, let byte = peek(0),
            let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix
        {
            value = value << (radix == 16 ? 4 : 3) | UInt32(digit)
            count += 1
            advance(1)
        }
        return (value, count)
    }

    // MARK: - Bytes

    private func peek(_ distance: Int) -> UInt8? {
        index + distance < bytes.count ? bytes[index + distance] : nil
    }

    private mutating func advance(_ count: Int) {
        if count == 1 {
            position += bytes[index] & 0xC0 == 0x80 ? 0 : 1
        } else {
            position += Lexer.scalarCount(bytes[index..<index + count])
        }
        index += count
    }

    /// The start of what never ended, short enough for a message.
    private func excerpt(from start: Int) -> String {
        let text = text(start..<min(bytes.count, start + 256))
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(60)))
    }

    private func firstScalar() -> String {
        let text = text(index..<min(bytes.count, index + 4))
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(1)))
    }

    static func scalarCount(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }

    private static func isDigit(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return byte &- UInt8(ascii: "0") < 10
    }

    static func isNameStart(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    static func isNamePart(_ byte: UInt8) -> Bool {
        isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
    }
}
