import Testing

@testable import tidy

@Suite struct TextRulesTests {
    private let rules = TextRules(states: ["42P01", "22012", "XX001"])

    private func check(_ text: String, at path: String = "Sources/Storage/A.swift") -> [String] {
        rules.check(SourceFile(path: path, text: text)).map(\.rule)
    }

    @Test("the table of states is read from its source")
    func table() {
        let text = "static let a = SQLState(\"42P01\", \"undefined_table\")"
        let file = SourceFile(path: "Sources/Diagnostics/SQLState.swift", text: text)

        #expect(TextRules.states(in: file) == ["42P01"])
    }

    @Test("a state is written by name, and stands in the table")
    func states() {
        #expect(check("let a = \"42P01\"") == ["sqlstate"])
        #expect(check("let a = \"42P99\"") == ["sqlstate"])
        #expect(check("let a = \"UTF8X\"; let b = \"10000\"; let c = \"hello\"").isEmpty)
        #expect(check("let a = \"42P01\"", at: "Tests/StorageTests/ATests.swift").isEmpty)
    }

    @Test("a golden file expects only states that are sent, and never our own bug")
    func goldenStates() {
        let path = "Tests/SQL/a.slt"

        #expect(check("statement error 42P01 table", at: path).isEmpty)
        #expect(check("statement error 42P99 table", at: path) == ["sqlstate"])
        #expect(check("statement error XX000 oops", at: path) == ["sqlstate"])
    }

    @Test("a limit says why")
    func limits() {
        let path = "Sources/Storage/Limits.swift"

        #expect(check("/// Rows; more would not fit a page.\nstatic let a = 1", at: path).isEmpty)
        #expect(check("static let a = 1 // bytes: one page", at: path).isEmpty)
        #expect(check("\nstatic let a = 1", at: path) == ["limit-reason"])
        #expect(check("static let a = 1", at: "Sources/Storage/A.swift").isEmpty)
    }

    @Test("a left-over mark is found in comments of code and in scripts")
    func marks() {
        let mark = ["FIX", "ME"].joined()

        #expect(check("// \(mark): later") == ["left-over"])
        #expect(check("# \(mark)", at: "docker/a.sh") == ["left-over"])
        #expect(check("let a = \"\(mark)\"").isEmpty)
    }

    @Test("a path of one machine is found in any text")
    func machinePaths() {
        let home = ["", "home", "ann", "x"].joined(separator: "/")

        #expect(check("See \(home).", at: "docs/A.md") == ["machine-path"])
        #expect(check("// \(home)") == ["machine-path"])
        #expect(check("let a = \"\(home)\"", at: "Tests/StorageTests/ATests.swift").isEmpty)
        #expect(check("see docs\(home)", at: "docs/A.md").isEmpty)
        #expect(check("/var/lib/basalt", at: "docs/A.md").isEmpty)
    }
}
