import Foundation
import Testing

@testable import tidy

@Suite struct ImportRulesTests {
    private let rules = ImportRules(
        layout: PackageLayout(targets: [
            .init(
                name: "Storage", kind: .library, folder: "Sources/Storage",
                dependencies: ["Values"]),
            .init(name: "Values", kind: .library, folder: "Sources/Values", dependencies: []),
            .init(name: "SQL", kind: .library, folder: "Sources/SQL", dependencies: []),
            .init(name: "Platform", kind: .library, folder: "Sources/Platform", dependencies: []),
            .init(name: "tidy", kind: .executable, folder: "Sources/Tools/tidy", dependencies: []),
            .init(
                name: "StorageTests", kind: .test, folder: "Tests/StorageTests",
                dependencies: ["Storage"]),
        ]))

    private func check(_ path: String, _ text: String) -> [Finding] {
        rules.check(SourceFile(path: path, text: text))
    }

    @Test("a declared arrow passes, with any access and any kind")
    func declared() {
        let text = "package import Values\nimport struct Values.Batch\nimport Synchronization"

        #expect(check("Sources/Storage/A.swift", text).isEmpty)
    }

    @Test("an arrow that is not declared is found on its line")
    func undeclared() {
        let found = check("Sources/Storage/A.swift", "import Values\npackage import SQL\n")

        #expect(found.map(\.line) == [2])
        #expect(found.first?.rule == "import")
    }

    @Test("the operating system is imported by Platform alone")
    func operatingSystem() {
        #expect(check("Sources/Platform/Linux.swift", "import Glibc").isEmpty)
        #expect(check("Sources/Storage/A.swift", "import Glibc").count == 1)
        #expect(check("Sources/Storage/A.swift", "import Foundation").count == 1)
        #expect(check("Sources/Tools/tidy/A.swift", "import Foundation").isEmpty)
    }

    @Test("tests may import the room they test, and Testing")
    func tests() {
        let good = "import Testing\n@testable import Storage"

        #expect(check("Tests/StorageTests/A.swift", good).isEmpty)
        #expect(check("Tests/StorageTests/A.swift", "import Values").count == 1)
    }

    @Test("a word in a comment or a string is no import")
    func words() {
        #expect(check("Sources/Storage/A.swift", "// import SQL\nlet a = \"import SQL\"").isEmpty)
    }

    @Test("a file outside every target is found")
    func outside() {
        #expect(check("Sources/Lost/A.swift", "").map(\.rule) == ["not-compiled"])
    }

    @Test("the package's own description is read")
    func dump() throws {
        let json = """
            {"targets": [
              {"name": "Storage", "type": "regular", "dependencies":
                [{"byName": ["Values", null]}, {"target": ["Bytes", null]}]},
              {"name": "tidy", "type": "executable", "path": "Sources/Tools/tidy",
               "dependencies": []},
              {"name": "StorageTests", "type": "test", "dependencies": []}]}
            """
        let layout = try PackageLayout(dump: Data(json.utf8))

        #expect(layout.target(named: "Storage")?.dependencies == ["Values", "Bytes"])
        #expect(layout.target(of: "Sources/Tools/tidy/main.swift")?.name == "tidy")
        #expect(layout.target(of: "Tests/StorageTests/A.swift")?.kind == .test)
    }
}
