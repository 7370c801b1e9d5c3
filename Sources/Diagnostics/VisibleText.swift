extension StringProtocol {
    /// The text in one line: line feeds and other control characters as they are written in source
    /// code. Names may hold them, and would break the lines and columns that people read, or speak
    /// to their terminal.
    package var inOneLine: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar.value {
            case 0x0a: result += "\\n"
            case 0x0d: result += "\\r"
            case 0x09: result += "\\t"
            case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
