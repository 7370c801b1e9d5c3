import Testing

@testable import tidy

@Suite struct PlaceRulesTests {
    private let layout = PackageLayout(targets: [
        .init(name: "Storage", kind: .library, folder: "Sources/Storage", dependencies: []),
        .init(name: "Bytes", kind: .library, folder: "Sources/Bytes", dependencies: []),
    ])

    private func check(_ path: String, _ text: String = "", among paths: Set<String> = [])
        -> [String]
    {
        PlaceRules(layout: layout, paths: paths).check(SourceFile(path: path, text: text))
            .map(\.rule)
    }

    @Test(
        "a name that says nothing is found",
        arguments: [
            "Utils", "StringHelpers", "SessionManager", "ReaderBase", "WriterImpl", "NewParser",
            "CommonTypes", "EncoderV2",
        ])
    func drawers(name: String) {
        #expect(PlaceRules.drawerWord(in: name) != nil)
        #expect(check("Sources/Storage/\(name).swift") == ["drawer-name"])
        #expect(check("Sources/Storage/A.swift", "struct \(name) {}") == ["drawer-name"])
    }

    @Test(
        "a name that says something passes",
        arguments: ["Baseline", "Newline", "ByteReader", "Committer", "DatabaseError", "V1Reader"])
    func names(name: String) {
        #expect(check("Sources/Storage/\(name).swift", "struct \(name) {}").isEmpty)
    }

    @Test("a path has no spaces")
    func spaces() {
        #expect(check("docs/two words.md") == ["path-space"])
    }

    @Test("a test lies where its subject lies")
    func mirror() {
        let paths: Set<String> = [
            "Sources/Storage/WAL/Log.swift", "Sources/Storage/Seal/A.swift",
            "Sources/Storage/WAL/HTTPBody+Coding.swift",
        ]

        #expect(check("Tests/StorageTests/WAL/LogTests.swift", among: paths).isEmpty)
        #expect(check("Tests/StorageTests/SealTests.swift", among: paths).isEmpty)
        #expect(check("Tests/StorageTests/WAL/LogTornTailTests.swift", among: paths).isEmpty)
        #expect(check("Tests/StorageTests/WAL/HTTPTests.swift", among: paths).isEmpty)
        #expect(check("Tests/StorageTests/WAL/WALTests.swift", among: paths).isEmpty)
        #expect(check("Tests/StorageTests/WAL/CodingTests.swift", among: paths).isEmpty)
        #expect(check("Tests/StorageTests/WAL/SealTests.swift", among: paths) == ["mirror"])
        #expect(check("Tests/StorageTests/Support.swift", among: paths).isEmpty)
        #expect(check("Tests/StorageTests/LogTests.swift", among: paths) == ["mirror"])
        #expect(check("Tests/Simulation/AnythingTests.swift", among: paths).isEmpty)
    }

    @Test("a room opens with a Module.swift that says what it must")
    func module() {
        let good = "// Parts: a. Callers: b.\n// Invariants: c.\n// Read first: D.swift.\n"
        let rules = PlaceRules(
            layout: layout, paths: ["Sources/Storage/A.swift", "Sources/Bytes/Module.swift"])

        #expect(check("Sources/Storage/Module.swift", good).isEmpty)
        #expect(check("Sources/Storage/Module.swift", "// Storage") == ["module"])
        #expect(
            check("Sources/Storage/Module.swift", good + String(repeating: "//\n", count: 60))
                == ["module"])
        #expect(rules.checkTree().map(\.path) == ["Sources/Storage/Module.swift"])
    }
}
