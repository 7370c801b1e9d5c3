/// Compares the imports of a file with the arrows that `Package.swift` declares.
///
/// The compiler accepts an import that is reachable only through another room; here it is refused.
struct ImportRules {
    let layout: PackageLayout

    /// Part of the language itself.
    private static let anywhere: Set<String> = ["Swift", "Synchronization"]
    private static let platformOnly: Set<String> = ["Glibc"]
    private static let testsOnly: Set<String> = ["Testing", "Glibc", "Foundation"]
    private static let toolsOnly: Set<String> = ["Foundation"]
    private static let kinds: Set<String> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]

    func check(_ file: SourceFile) -> [Finding] {
        guard file.isSwift, file.isSource || file.isTest else { return [] }
        guard let target = layout.target(of: file.path) else {
            return [Finding(file.path, 1, "not-compiled", "belongs to no target of Package.swift")]
        }
        return Self.imports(of: file).compactMap { found in
            refusal(of: found.module, in: target, file).map {
                Finding(file.path, found.line, "import", $0)
            }
        }
    }

    /// The modules a file imports, each with its line counted from one.
    static func imports(of file: SourceFile) -> [(module: String, line: Int)] {
        var result: [(module: String, line: Int)] = []
        for (index, token) in file.tokens.enumerated() where token.text == "import" {
            var next = index + 1
            if next < file.tokens.count, kinds.contains(file.tokens[next].text) { next += 1 }
            guard next < file.tokens.count, file.tokens[next].line == token.line else { continue }
            result.append((file.tokens[next].text, token.line + 1))
        }
        return result
    }

    private func refusal(
        of module: String, in target: PackageLayout.Target, _ file: SourceFile
    ) -> String? {
        if Self.anywhere.contains(module) || module == target.name { return nil }
        if target.dependencies.contains(module) { return nil }
        if layout.target(named: module) != nil {
            return "\(target.name) may not import \(module): Package.swift declares no such arrow"
        }
        if file.isTest {
            return Self.testsOnly.contains(module) ? nil : "tests do not import \(module)"
        }
        if file.isIn("Sources/Tools"), Self.toolsOnly.contains(module) { return nil }
        if Self.platformOnly.contains(module) {
            return target.name == "Platform" ? nil : "only Platform imports \(module)"
        }
        return "a room does not import \(module); the operating system is reached through Platform"
    }
}
