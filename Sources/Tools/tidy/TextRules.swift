/// What stands in the text: states, limits, left-over marks, places of one machine.
struct TextRules {
    /// The codes of the SQLSTATE table.
    let states: Set<String>

    private static let table = "Sources/Diagnostics/SQLState.swift"

    /// Reads the codes out of the table's source.
    static func states(in table: SourceFile) -> Set<String> {
        Set(table.strings.map(\.text).filter(isCode))
    }

    func check(_ file: SourceFile) -> [Finding] {
        codes(file) + goldenCodes(file) + Self.limits(file) + Self.marks(file)
            + Self.places(file)
    }

    // MARK: SQLSTATE

    private static func isCode(_ text: String) -> Bool {
        text.utf8.count == 5
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
            }
    }

    private func codes(_ file: SourceFile) -> [Finding] {
        guard file.isSwift, file.isSource, file.path != Self.table,
            !file.isIn("Sources/Platform/Configuration", "Sources/Tools")
        else { return [] }
        return file.strings.compactMap { literal in
            let text = literal.text
            guard Self.isCode(text), text.contains(where: \.isNumber) else { return nil }
            if states.contains(text) {
                return Finding(
                    file.path, literal.line + 1, "sqlstate",
                    "write SQLState's name instead of \"\(text)\"")
            }
            let classes = Set(states.map { $0.prefix(2) })
            guard classes.contains(text.prefix(2)), text.contains(where: \.isLetter) else {
                return nil
            }
            return Finding(
                file.path, literal.line + 1, "sqlstate", "\"\(text)\" is not in \(Self.table)")
        }
    }

    /// Golden files may expect only codes that we send, and never our own bug.
    private func goldenCodes(_ file: SourceFile) -> [Finding] {
        guard file.path.hasSuffix(".slt") else { return [] }
        return file.lines.enumerated().compactMap { index, line in
            let words = line.split(separator: " ")
            guard words.count > 2, words[0] == "statement", words[1] == "error" else { return nil }
            let code = String(words[2])
            if code == "XX000" {
                return Finding(
                    file.path, index + 1, "sqlstate", "a user cannot cause XX000: name the error")
            }
            if states.contains(code) { return nil }
            return Finding(
                file.path, index + 1, "sqlstate", "\"\(code)\" is not in \(Self.table)")
        }
    }

    // MARK: Limits

    /// A limit without its reason cannot be changed with confidence.
    private static func limits(_ file: SourceFile) -> [Finding] {
        guard file.isSource, file.name == "Limits.swift" else { return [] }
        return file.tokens.compactMap { token in
            let line = token.line
            guard token.text == "let" else { return nil }
            let above = line > 0 ? file.comments[line - 1] : ""
            if hasWords(above) || hasWords(file.comments[line]) { return nil }
            return Finding(
                file.path, line + 1, "limit-reason",
                "say the unit and the reason in a comment above")
        }
    }

    private static func hasWords(_ comment: String) -> Bool {
        comment.contains { $0.isLetter }
    }

    // MARK: Marks and places

    private static let mark = ["FIX", "ME"].joined()

    private static func marks(_ file: SourceFile) -> [Finding] {
        guard !file.path.hasSuffix(".md") else { return [] }
        let lines = file.isSwift ? file.comments : file.lines
        return lines.enumerated().compactMap { index, line in
            guard line.contains(mark) else { return nil }
            return Finding(
                file.path, index + 1, "left-over", "\(mark) may not reach the main line")
        }
    }

    /// Folders that exist on somebody's machine and nowhere else.
    private static let homes = ["work", "home", "Users"].map { "/\($0)/" }
    private static let neighbours = ["shared"].map { "../\($0)" }

    private static func places(_ file: SourceFile) -> [Finding] {
        // A test may make up any path it likes.
        let lines = file.isTest && file.isSwift ? file.comments : file.lines
        return lines.enumerated().compactMap { index, line in
            let isNamed =
                homes.contains { names(line, $0) } || neighbours.contains(where: line.contains)
            guard isNamed else { return nil }
            return Finding(
                file.path, index + 1, "machine-path", "names a path of one machine")
        }
    }

    /// Whether the line has the path from its root: not as the middle of a longer one.
    private static func names(_ line: String, _ path: String) -> Bool {
        guard line.contains(path) else { return false }
        let bytes = Array(line.utf8)
        let wanted = Array(path.utf8)
        return bytes.indices.contains { start in
            guard bytes[start...].starts(with: wanted) else { return false }
            guard start > 0 else { return true }
            let before = bytes[start - 1]
            return !SourceScanner.isWordByte(before) && !Array("./$})>*%".utf8).contains(before)
        }
    }
}
