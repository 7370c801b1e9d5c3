import Testing

@testable import tidy

@Suite struct BannedCallRulesTests {
    private func check(_ text: String, at path: String = "Sources/Storage/A.swift") -> [Finding] {
        BannedCallRules.check(SourceFile(path: path, text: text))
    }

    @Test(
        "each banned call is found in a room",
        arguments: [
            "import Glibc\nlet a = rename(b, c)", "import Glibc\nlet a = Glibc.unlink(b)",
            "import Foundation\nlet a = open(b, 0)", "import Glibc\nlet a = getenv(b)",
            "let a = Date.now", "let a = Date()", "var a = SystemRandomNumberGenerator()",
            "let a = Int.random(in: 0..<9)", "let a = list.shuffled()", "let a = try! b()",
            "let a = b as! Int", "let a = b!", "let a = b[0]!.c", "let a = b()!", "print(a)",
            "fatalError(\"x\")",
        ])
    func bad(text: String) {
        #expect(check(text).map(\.rule) == ["banned-call"])
    }

    @Test(
        "what merely looks like one passes",
        arguments: [
            "import Glibc\nfile.open(a)", "func open(_ a: Int) {}", "open(segment)",
            "// rename(a, b)", "let a = \"print(b)\"", "let a = Int.random(in: f(1), using: &g)",
            "let a = list.shuffled(using: &g)", "if !a, b != c, d !== e { f(!g) }",
            "#if !DEBUG\n#endif", "writer.print(a)", "let a = try? b()",
            "struct Date { init() {} }", "let a: Set = [.random]",
        ])
    func good(text: String) {
        #expect(check(text).isEmpty)
    }

    @Test("Platform may, and tools and basalt may print")
    func homes() {
        let text = "import Glibc\nlet a = open(b, 0)"

        #expect(check(text, at: "Sources/Platform/Linux/File.swift").isEmpty)
        #expect(check("print(a)", at: "Sources/Tools/tidy/A.swift").isEmpty)
        #expect(check("print(a)", at: "Sources/basalt/main.swift").isEmpty)
    }

    @Test(
        "a test does not sleep",
        arguments: ["Thread.sleep(1)", "usleep(1)", "try await Task.sleep(a)"])
    func sleeping(text: String) {
        #expect(check(text, at: "Tests/StorageTests/ATests.swift").map(\.rule) == ["banned-call"])
    }

    @Test("a test may insist on an optional")
    func insisting() {
        #expect(check("let a = try! b!", at: "Tests/StorageTests/ATests.swift").isEmpty)
    }
}
