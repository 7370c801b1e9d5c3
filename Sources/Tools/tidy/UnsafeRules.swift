/// Unsafe code: where it may stand, and that each use says why it is sound.
enum UnsafeRules {
    /// Rooms and folders whose subject is memory. Elsewhere the file's name ends in `+Unsafe`.
    private static let homes = [
        "Sources/CPlatform/", "Sources/Platform/", "Sources/Bytes/", "Sources/Values/Vector/",
        "Sources/Storage/Segment/", "Sources/Execution/Kernel/",
    ]
    /// How far above a use its reason may stand when it is not on the declaration.
    private static let reach = 6

    static func check(_ file: SourceFile) -> [Finding] {
        guard file.isSwift, file.isSource else { return [] }
        return uses(file) + promises(file) + signatures(file)
    }

    private static func uses(_ file: SourceFile) -> [Finding] {
        let isAtHome =
            homes.contains { file.path.hasPrefix($0) } || file.path.hasSuffix("+Unsafe.swift")
        let functions = LengthRules.functions(of: file)
        var findings: [Finding] = []
        var lastLine = -1
        for (index, token) in file.tokens.enumerated()
        where token.text == "unsafe" && token.line != lastLine {
            guard isExpression(index, file.tokens) else { continue }
            lastLine = token.line
            if !isAtHome {
                findings.append(
                    Finding(
                        file.path, token.line + 1, "unsafe-place",
                        "unsafe code stands in a memory folder or in a +Unsafe.swift file"))
            }
            if !hasReason(for: token.line, file, functions) {
                findings.append(
                    Finding(
                        file.path, token.line + 1, "unsafe-reason",
                        "no // SAFETY: comment names bounds, lifetime, aliasing and initialisation"
                    ))
            }
        }
        return findings
    }

    /// `unsafe x`, but not `@unsafe`, `nonisolated(unsafe)` or `.unsafe`.
    private static func isExpression(_ index: Int, _ tokens: [Token]) -> Bool {
        let before = index > 0 ? tokens[index - 1].text : ""
        return before != "@" && before != "." && !(before == "(" && isModifier(index, tokens))
    }

    private static func isModifier(_ index: Int, _ tokens: [Token]) -> Bool {
        index >= 2 && tokens[index - 2].text == "nonisolated"
    }

    /// Whether a reason stands in the lines just above, in the declaration around the use, or on
    /// the type around it: an owner of one handle says it once.
    private static func hasReason(
        for line: Int, _ file: SourceFile, _ functions: [LengthRules.Declaration]
    ) -> Bool {
        let near = max(0, line - reach)...line
        if near.contains(where: { file.comments[$0].contains("SAFETY:") }) { return true }
        for function in functions where function.range.contains(line) {
            let isInside = function.range.contains { file.comments[$0].contains("SAFETY:") }
            if isInside || reasonAtop(function.range.lowerBound, file) { return true }
        }
        return LengthRules.types(of: file).contains {
            $0.range.contains(line) && reasonAtop($0.range.lowerBound, file)
        }
    }

    private static func reasonAtop(_ declaration: Int, _ file: SourceFile) -> Bool {
        var line = declaration - 1
        while line >= 0 {
            if file.comments[line].contains("SAFETY:") { return true }
            let code = file.code[line].drop { $0 == " " }
            let isCommentOrAttribute = code.isEmpty && !file.lines[line].isEmpty
            guard isCommentOrAttribute || code.hasPrefix("@") else { return false }
            line -= 1
        }
        return false
    }

    /// `@unchecked Sendable` and `nonisolated(unsafe)` promise what the compiler cannot see.
    private static func promises(_ file: SourceFile) -> [Finding] {
        file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            let isPromise =
                token.text == "unchecked"
                || (token.text == "unsafe" && isModifier(index, file.tokens))
            guard isPromise else { return nil }
            let around =
                max(0, token.line - reach)...min(file.lines.count - 1, token.line + reach)
            if around.contains(where: { file.comments[$0].contains("SAFETY:") }) { return nil }
            return Finding(
                file.path, token.line + 1, "unsafe-reason",
                "a promise to the concurrency checker needs a // SAFETY: comment beside it")
        }
    }

    /// A pointer may not cross a room's wall. An `@unsafe` declaration is a noted exception.
    private static func signatures(_ file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        for (index, token) in file.tokens.enumerated()
        where token.text == "package" && isModifier(packageAt: index, file.tokens) {
            let isNoted =
                index >= 2 && file.tokens[index - 1].text == "unsafe"
                && file.tokens[index - 2].text == "@"
            if !isNoted, signature(from: index, file.tokens).contains(where: isPointer) {
                findings.append(
                    Finding(
                        file.path, token.line + 1, "unsafe-signature",
                        "no unsafe pointer in a package signature; hand out a span or an owner"))
            }
        }
        return findings
    }

    private static let declarers: Set<String> = [
        "func", "init", "var", "let", "subscript", "static", "final", "class", "struct", "enum",
        "actor", "protocol", "typealias", "mutating", "nonmutating", "consuming", "borrowing",
        "convenience", "override", "required", "indirect", "nonisolated", "lazy", "weak",
        "extension",
    ]

    /// Whether `package` is the access level here and not a name.
    private static func isModifier(packageAt index: Int, _ tokens: [Token]) -> Bool {
        guard index + 1 < tokens.count else { return false }
        let isName = index > 0 && [".", "let", "var"].contains(tokens[index - 1].text)
        return !isName && declarers.contains(tokens[index + 1].text)
    }

    private static func isPointer(_ token: Token) -> Bool {
        token.text.hasPrefix("Unsafe") && token.text.contains("Pointer")
    }

    private static func signature(from index: Int, _ tokens: [Token]) -> ArraySlice<Token> {
        var depth = 0
        for next in index..<tokens.count {
            switch tokens[next].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0, "=" where depth == 0: return tokens[index..<next]
            case "package" where next > index: return tokens[index..<next]
            default:
                let isNewLine = next > index && tokens[next].line != tokens[next - 1].line
                let goesOn = ["-", "where", "throws", "async", "rethrows"]
                if depth == 0, isNewLine, tokens[next].isWord || tokens[next].text == "}",
                    !goesOn.contains(tokens[next].text), next > index + 3
                {
                    return tokens[index..<next]
                }
            }
        }
        return tokens[index...]
    }
}
