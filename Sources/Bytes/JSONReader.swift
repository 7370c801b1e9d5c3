/// Reads one JSON document, strictly: RFC 8259, UTF-8, no duplicate names, nothing behind it.
///
/// Depth is bounded and held in an array, not on the stack, so no input can exhaust it.
package struct JSONReader {
    /// How deep brackets may nest; nothing Basalt reads comes near it.
    package static let maximumDepth = 64

    private let bytes: [UInt8]
    private var offset = 0
    private var open: [Container] = []

    /// An array or object whose end is still to come. Extended where it lies: taken out and put
    /// back it would be copied for every element.
    private struct Container {
        var elements: [JSONValue] = []
        var members: [JSONMember] = []
        var names: Set<String> = []
        /// The name of the member whose value comes next; nil in an array.
        var key: String?

        var value: JSONValue { key == nil ? .array(elements) : .object(members) }

        mutating func add(_ value: JSONValue) {
            guard let key else { return elements.append(value) }
            members.append(JSONMember(key, value))
        }
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads a whole document.
    ///
    /// - Throws: `DecodeFailure` with the offset of the first byte that does not fit.
    package static func read(_ bytes: [UInt8]) throws(DecodeFailure) -> JSONValue {
        var reader = JSONReader(bytes)
        return try reader.document()
    }

    private mutating func document() throws(DecodeFailure) -> JSONValue {
        while true {
            guard var value = try beginValue() else { continue }
            // Closes every container that ends with this value.
            while true {
                guard let last = open.indices.last else {
                    skipSpace()
                    guard offset == bytes.count else { throw unexpected("text after the document") }
                    return value
                }
                open[last].add(value)
                guard let whole = try closed(last) else { break }
                value = whole
            }
        }
    }

    /// Reads a scalar or an empty container; or opens a container and returns nil.
    private mutating func beginValue() throws(DecodeFailure) -> JSONValue? {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try openObject()
        case UInt8(ascii: "["): return try openArray()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func openObject() throws(DecodeFailure) -> JSONValue? {
        try deepen()
        if try take(UInt8(ascii: "}")) { return .object([]) }
        let key = try memberName()
        open.append(Container(names: [key], key: key))
        return nil
    }

    private mutating func openArray() throws(DecodeFailure) -> JSONValue? {
        try deepen()
        if try take(UInt8(ascii: "]")) { return .array([]) }
        open.append(Container())
        return nil
    }

    private mutating func deepen() throws(DecodeFailure) {
        guard open.count < Self.maximumDepth else { throw unexpected("nesting too deep") }
        offset += 1
    }

    /// Returns the innermost container when it ends here, else goes on to its next value.
    private mutating func closed(_ last: Int) throws(DecodeFailure) -> JSONValue? {
        let isObject = open[last].key != nil
        if try take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
            return open.popLast()?.value
        }
        try require(UInt8(ascii: ","))
        guard isObject else { return nil }
        let next = try memberName()
        guard open[last].names.insert(next).inserted else { throw unexpected("name given twice") }
        open[last].key = next
        return nil
    }

    private mutating func memberName() throws(DecodeFailure) -> String {
        skipSpace()
        guard try peek() == UInt8(ascii: "\"") else { throw unexpected("member without a name") }
        let name = try string()
        try require(UInt8(ascii: ":"))
        return name
    }

    private mutating func number() throws(DecodeFailure) -> JSONValue {
        let start = offset
        var isInteger = true
        if current == UInt8(ascii: "-") { offset += 1 }
        if current == UInt8(ascii: "0") { offset += 1 } else { try digits() }
        if current == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw .invalid(at: start, what: "number out of range")
        }
        return .double(value)
    }

    private mutating func digits() throws(DecodeFailure) {
        let start = offset
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            offset += 1
        }
        guard offset > start else { throw unexpected("character that begins no value") }
    }

    private mutating func string() throws(DecodeFailure) -> String {
        let start = offset
        offset += 1
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"),
            byte >= 0x20
        {
            offset += 1
        }
        // What needs no escapes, nearly everything, is taken as it lies.
        var content = Array(bytes[start + 1..<offset])
        while true {
            let byte = try peek()
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw .invalid(at: start, what: "string that is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw unexpected("control character in a string")
            default: content.append(byte)
            }
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(DecodeFailure) {
        let byte = try peek()
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: try unicodeEscape())
        default: throw unexpected("unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(DecodeFailure) -> [UInt8] {
        var code = try hexadecimal()
        if (0xd800..<0xdc00).contains(code) {
            guard current == UInt8(ascii: "\\") else { throw unexpected("lone surrogate") }
            offset += 1
            guard current == UInt8(ascii: "u") else { throw unexpected("lone surrogate") }
            offset += 1
            let low = try hexadecimal()
            guard (0xdc00..<0xe000).contains(low) else { throw unexpected("lone surrogate") }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw unexpected("lone surrogate") }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func hexadecimal() throws(DecodeFailure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw unexpected("escape without four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue)
        throws(DecodeFailure) -> JSONValue
    {
        for expected in text.description.utf8 {
            guard try peek() == expected else { throw unexpected("unknown word") }
            offset += 1
        }
        return value
    }

    private mutating func require(_ byte: UInt8) throws(DecodeFailure) {
        guard try take(byte) else { throw unexpected("missing separator") }
    }

    private mutating func take(_ byte: UInt8) throws(DecodeFailure) -> Bool {
        skipSpace()
        guard try peek() == byte else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            offset += 1
        }
    }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func peek() throws(DecodeFailure) -> UInt8 {
        guard let byte = current else { throw .truncated(at: offset, needed: 1) }
        return byte
    }

    private func unexpected(_ what: String) -> DecodeFailure { .invalid(at: offset, what: what) }
}
