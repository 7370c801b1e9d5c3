import Testing

@testable import tidy

@Suite struct LengthRulesTests {
    private func check(_ text: String) -> [Finding] {
        LengthRules.check(SourceFile(path: "Sources/Bytes/A.swift", text: text))
    }

    private func function(lines: Int) -> String {
        let body = Array(repeating: "    work()", count: lines - 2).joined(separator: "\n")
        return "func long<T>(_ a: [T] = [1].map { $0 }) throws -> Int where T: P {\n\(body)\n}"
    }

    @Test("a file of eight hundred lines passes, one more does not")
    func fileLength() {
        let lines = Array(repeating: "//", count: 800)

        #expect(check(lines.joined(separator: "\n")).isEmpty)
        #expect(check((lines + ["//"]).joined(separator: "\n")).map(\.rule) == ["file-length"])
    }

    @Test("a function of seventy lines passes, one more does not")
    func functionLength() {
        let found = check(function(lines: 71))

        #expect(check(function(lines: 70)).isEmpty)
        #expect(found.map(\.rule) == ["function-length"])
        #expect(found.first?.message.hasPrefix("long has 71 lines") == true)
    }

    @Test("a requirement without a body does not take the next body")
    func requirements() {
        let text = "protocol P {\n    func a()\n    var b: Int { get }\n}\nfunc c() {\n}\n"
        let functions = LengthRules.functions(of: SourceFile(path: "Sources/A/A.swift", text: text))

        #expect(functions.map(\.name) == ["b", "c"])
        #expect(functions.map(\.lines) == [1, 2])
    }

    @Test("initialisers, subscripts and computed properties count as functions")
    func otherBodies() {
        let text = """
            struct S {
                var stored = make { 1 }
                var computed: Int {
                    1
                }
                init(a: Int) { self.init() }
                subscript(i: Int) -> Int { i }
                deinit { close() }
            }
            """
        let functions = LengthRules.functions(of: SourceFile(path: "Sources/A/A.swift", text: text))

        #expect(functions.map(\.name) == ["computed", "init", "subscript", "deinit"])
    }
}
