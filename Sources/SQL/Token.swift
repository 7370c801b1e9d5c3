/// The smallest piece of a text that has a meaning.
struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        /// A word without quotes, and the keyword it might be.
        case word(Keyword?)
        /// A name in double quotes, decoded.
        case quotedName(String)
        /// A string of any form, decoded.
        case string(String)
        case integer
        case decimal
        /// `$1`
        case parameter
        case symbol(Symbol)
        case end
    }

    let kind: Kind
    /// In Unicode scalars of the whole text.
    let position: Int
    let endPosition: Int
    /// In bytes of the whole text.
    let bytes: Range<Int>
}

/// Operators and punctuation.
enum Symbol: String, CaseIterable, Sendable {
    case openParenthesis = "("
    case closeParenthesis = ")"
    case openBracket = "["
    case closeBracket = "]"
    case comma = ","
    case semicolon = ";"
    case dot = "."
    case colon = ":"
    case doubleColon = "::"
    case plus = "+"
    case minus = "-"
    case star = "*"
    case slash = "/"
    case percent = "%"
    case caret = "^"
    case ampersand = "&"
    case pipe = "|"
    case concatenate = "||"
    case hash = "#"
    case shiftLeft = "<<"
    case shiftRight = ">>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "="
    case notEqual = "<>"
    case exclamationEqual = "!="
    case tilde = "~"
    case tildeStar = "~*"
    case exclamationTilde = "!~"
    case exclamationTildeStar = "!~*"

    /// The longest symbol that begins with these bytes; zero stands for the end of the text.
    static func longest(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Symbol? {
        let following = Unicode.Scalar(second)
        switch Unicode.Scalar(first) {
        case "(": return .openParenthesis
        case ")": return .closeParenthesis
        case "[": return .openBracket
        case "]": return .closeBracket
        case ",": return .comma
        case ";": return .semicolon
        case ".": return .dot
        case "+": return .plus
        case "-": return .minus
        case "*": return .star
        case "/": return .slash
        case "%": return .percent
        case "^": return .caret
        case "&": return .ampersand
        case "#": return .hash
        case "=": return .equal
        case ":": return following == ":" ? .doubleColon : .colon
        case "|": return following == "|" ? .concatenate : .pipe
        case "~": return following == "*" ? .tildeStar : .tilde
        case ">":
            return following == "=" ? .greaterOrEqual : following == ">" ? .shiftRight : .greater
        case "<":
            return following == "="
                ? .lessOrEqual
                : following == ">" ? .notEqual : following == "<" ? .shiftLeft : .less
        case "!":
            if following == "=" { return .exclamationEqual }
            guard following == "~" else { return nil }
            return Unicode.Scalar(third) == "*" ? .exclamationTildeStar : .exclamationTilde
        default: return nil
        }
    }

    /// The operator of two operands this symbol stands for.
    var binaryOperator: BinaryOperator? {
        self == .exclamationEqual ? .notEqual : BinaryOperator(rawValue: rawValue)
    }
}
