/// One word or punctuation mark of Swift code, with the column it stands in.
struct Token: Equatable {
    let text: String
    /// Bytes before it in its line.
    let column: Int
    /// Counted from zero.
    let line: Int

    var endColumn: Int { column + text.utf8.count }
    var isWord: Bool {
        text.utf8.first.map(SourceScanner.isWordByte) ?? false
    }
}

/// A text file, and for Swift its code, comments and string literals taken apart.
///
/// Rules look at `tokens` and `code`, so that a word inside a comment or a string never counts as
/// code. Lines are kept: index `n` of every array is line `n + 1`.
struct SourceFile {
    let path: String
    let lines: [String]
    /// The lines with comments and the text of string literals blanked out.
    let code: [String]
    /// What the comments of each line say.
    let comments: [String]
    let strings: [SourceScanner.StringLiteral]
    let tokens: [Token]

    init(path: String, text: String) {
        self.path = path
        lines = Self.split(Array(text.utf8))
        guard path.hasSuffix(".swift") else {
            (code, comments, strings, tokens) = ([], [], [], [])
            return
        }
        var scanner = SourceScanner(text)
        scanner.scan()
        code = Self.split(scanner.code)
        comments = Self.split(scanner.comments)
        strings = scanner.strings
        tokens = Self.tokens(of: code)
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isTest: Bool { path.hasPrefix("Tests/") }
    var isSource: Bool { path.hasPrefix("Sources/") }

    /// The last component of the path.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    func isIn(_ folders: String...) -> Bool {
        folders.contains { path.hasPrefix($0 + "/") }
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static func tokens(of code: [String]) -> [Token] {
        var result: [Token] = []
        for (line, text) in code.enumerated() {
            let bytes = Array(text.utf8)
            var index = 0
            while index < bytes.count {
                let begin = index
                index += 1
                if bytes[begin] == UInt8(ascii: " ") || bytes[begin] == UInt8(ascii: "\t") {
                    continue
                }
                if SourceScanner.isWordByte(bytes[begin]) {
                    while index < bytes.count, SourceScanner.isWordByte(bytes[index]) {
                        index += 1
                    }
                }
                let word = String(decoding: bytes[begin..<index], as: UTF8.self)
                result.append(Token(text: word, column: begin, line: line))
            }
        }
        return result
    }
}
