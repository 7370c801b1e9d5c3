import Testing

@testable import tidy

@Suite struct SourceScannerTests {
    private func scan(_ text: String) -> SourceFile {
        SourceFile(path: "Sources/Bytes/A.swift", text: text)
    }

    @Test("comments and the text of strings are no code")
    func blanks() {
        let file = scan("let a = \"open(x)\" // unlink(y)\n/* rename( /* nested */ */ let b = 1")

        #expect(file.code[0].hasPrefix("let a = \""))
        #expect(!file.code[0].contains("open"))
        #expect(file.comments[0].contains("unlink(y)"))
        #expect(file.code[1].contains("let b = 1"))
        #expect(!file.code[1].contains("nested"))
    }

    @Test("the inside of an interpolation is code again")
    func interpolation() {
        let file = scan(#"let a = "x \(call("y", 1)) z"; let b = 2"#)

        #expect(file.code[0].contains("call("))
        #expect(!file.code[0].contains("x"))
        #expect(file.code[0].contains("let b = 2"))
        #expect(file.strings.map(\.text).contains("y"))
    }

    @Test(
        "every kind of literal ends where it ends",
        arguments: [
            "let a = #\"quote \" and \\n\"#; here()",
            "let a = \"\"\"\n  said \"hello\"\n  \"\"\"; here()",
            "let a = \"\\\"\"; here()",
            "let a = \"unfinished\nhere()",
        ])
    func literals(text: String) {
        let file = scan(text)

        #expect(file.tokens.map(\.text).contains("here"))
        #expect(!file.tokens.map(\.text).contains("quote"))
        #expect(!file.tokens.map(\.text).contains("hello"))
    }

    @Test("lines stay where they were")
    func lines() {
        let file = scan("/*\n\n*/ let a = \"\"\"\n  b\n  \"\"\"\nlet c = 1\n")

        #expect(file.lines.count == file.code.count)
        #expect(file.lines.count == file.comments.count)
        #expect(file.tokens.first { $0.text == "c" }?.line == 5)
    }
}
