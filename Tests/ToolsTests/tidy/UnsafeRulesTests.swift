import Testing

@testable import tidy

@Suite struct UnsafeRulesTests {
    private func check(_ text: String, at path: String = "Sources/Bytes/A.swift") -> [String] {
        UnsafeRules.check(SourceFile(path: path, text: text)).map(\.rule)
    }

    private let good = "// SAFETY: in bounds, alive, alone, initialised.\nlet a = unsafe b.load()"

    @Test("a use with its reason passes in a memory folder and in a +Unsafe file")
    func homes() {
        #expect(check(good).isEmpty)
        #expect(check(good, at: "Sources/Storage/Segment/A.swift").isEmpty)
        #expect(check(good, at: "Sources/SQL/Lexer+Unsafe.swift").isEmpty)
    }

    @Test("a use elsewhere is found")
    func strangers() {
        #expect(check(good, at: "Sources/SQL/Lexer.swift") == ["unsafe-place"])
        #expect(check(good, at: "Sources/Storage/WAL/A.swift") == ["unsafe-place"])
    }

    @Test("a use without a reason is found, once per line")
    func withoutReason() {
        #expect(check("let a = unsafe b + unsafe c") == ["unsafe-reason"])
    }

    @Test("a reason atop the declaration holds for all of it, and for no other")
    func declaration() {
        let filler = Array(repeating: "    work()", count: 9).joined(separator: "\n")
        let function = "@inline(always)\nfunc f() {\n\(filler)\n    unsafe g()\n}\n"

        #expect(check("// SAFETY: all of it.\n\(function)").isEmpty)
        #expect(check(function) == ["unsafe-reason"])
        #expect(check("func f() {\n    unsafe g {\n        // SAFETY: in here.\n    }\n}").isEmpty)
        #expect(check("// SAFETY: only f.\n\(function)\n\(function)") == ["unsafe-reason"])
    }

    @Test("an owner of a handle may say it once for the type")
    func type() {
        let body = "final class A {\n    func f() { unsafe free(a) }\n}"

        #expect(check("// SAFETY: the handle is ours alone.\n@safe \(body)").isEmpty)
        #expect(check("// SAFETY: of another.\nlet b = 1\n\n\n\n\n\n\(body)") == ["unsafe-reason"])
    }

    @Test("a promise to the concurrency checker needs a reason beside it")
    func promises() {
        let type = "final class A: @unchecked Sendable {\n"

        #expect(check(type + "}") == ["unsafe-reason"])
        #expect(check(type + "    // SAFETY: immutable.\n}").isEmpty)
        #expect(check("nonisolated(unsafe) var a = 1") == ["unsafe-reason"])
    }

    @Test("no pointer in a package signature, unless noted as @unsafe")
    func signatures() {
        let parameter = "func f(_ a: UnsafeRawPointer) -> Int {\n}"

        #expect(check("package \(parameter)") == ["unsafe-signature"])
        #expect(
            check("package func f(\n    a: Int\n) -> UnsafePointer<Int> {}") == ["unsafe-signature"]
        )
        #expect(check("private \(parameter)").isEmpty)
        #expect(check("@unsafe package \(parameter)").isEmpty)
        #expect(check("package let a: Int\nprivate let b: UnsafeRawPointer").isEmpty)
        #expect(check("self.package = package\n}\nfunc a() -> UnsafeRawPointer {}").isEmpty)
        #expect(check("package func f() {\n    let b: UnsafeRawPointer\n}").isEmpty)
    }

    @Test("@unsafe, @safe and tests are not uses")
    func others() {
        #expect(check("@unsafe func f() {}\n@safe struct A {}").isEmpty)
        #expect(check("let a = unsafe b", at: "Tests/BytesTests/ATests.swift").isEmpty)
    }
}
