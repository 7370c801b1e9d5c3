/// Files and functions that one cannot read in one sitting.
enum LengthRules {
    static let fileLimit = 800
    static let functionLimit = 70

    static func check(_ file: SourceFile) -> [Finding] {
        guard file.isSwift || file.path.hasSuffix(".c") else { return [] }
        var findings: [Finding] = []
        if file.lines.count > fileLimit {
            findings.append(
                Finding(
                    file.path, 1, "file-length",
                    "\(file.lines.count) lines; split it by decision below \(fileLimit)"))
        }
        for function in functions(of: file) where function.lines > functionLimit {
            findings.append(
                Finding(
                    file.path, function.line, "function-length",
                    "\(function.name) has \(function.lines) lines; the limit is \(functionLimit)"))
        }
        return findings
    }

    /// A declaration with a body.
    struct Declaration: Equatable {
        let name: String
        /// Counted from one.
        let line: Int
        let lines: Int

        /// Its lines, counted from zero.
        var range: Range<Int> { (line - 1)..<(line - 1 + lines) }
    }

    /// Every function, initialiser, subscript and computed property that has a body.
    static func functions(of file: SourceFile) -> [Declaration] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard let name = declaredName(at: index, tokens),
                let open = bodyBegin(after: index, tokens),
                let close = matchingBrace(open, tokens)
            else { return nil }
            let first = tokens[index].line
            return Declaration(name: name, line: first + 1, lines: tokens[close].line - first + 1)
        }
    }

    /// Every type and extension.
    static func types(of file: SourceFile) -> [Declaration] {
        let words: Set<String> = ["struct", "class", "enum", "actor", "protocol", "extension"]
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard words.contains(tokens[index].text), index + 1 < tokens.count,
                let open = bodyBegin(after: index, tokens),
                let close = matchingBrace(open, tokens)
            else { return nil }
            let (first, last) = (tokens[index].line, tokens[close].line)
            return Declaration(
                name: tokens[index + 1].text, line: first + 1, lines: last - first + 1)
        }
    }

    private static func declaredName(at index: Int, _ tokens: [Token]) -> String? {
        let before = index > 0 ? tokens[index - 1].text : ""
        let after = index + 1 < tokens.count ? tokens[index + 1].text : ""
        switch tokens[index].text {
        case "func", "var":
            return before == "." ? nil : after
        case "init":
            return before != "." && ["(", "<", "?"].contains(after) ? "init" : nil
        case "deinit", "subscript":
            return before == "." ? nil : tokens[index].text
        default:
            return nil
        }
    }

    /// Words that begin another declaration, which shows that the one before had no body.
    private static let beginners: Set<String> = [
        "func", "var", "let", "case", "struct", "class", "enum", "extension", "protocol",
        "typealias", "import", "static", "package", "private", "return", "}", "@",
    ]

    private static func bodyBegin(after index: Int, _ tokens: [Token]) -> Int? {
        let isProperty = tokens[index].text == "var"
        var depth = 0
        for next in (index + 1)..<max(index + 1, tokens.count) {
            let token = tokens[next]
            switch token.text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return next
            case "=" where isProperty && depth == 0: return nil
            default:
                if depth < 0 { return nil }
                let isNewLine = token.line != tokens[next - 1].line
                if depth == 0, isNewLine, isProperty || beginners.contains(token.text) {
                    return nil
                }
            }
        }
        return nil
    }

    private static func matchingBrace(_ open: Int, _ tokens: [Token]) -> Int? {
        var depth = 0
        for index in open..<tokens.count {
            if tokens[index].text == "{" { depth += 1 }
            if tokens[index].text == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}
