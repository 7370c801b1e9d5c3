import Testing

@testable import tidy

@Suite struct DocumentRulesTests {
    private let map = """
        # Map
        ```
        Sources/
          Storage/   keeps rows
          Tools/     never shipped
        Tests/
          Other/     not a room
        ```
        """
    private let glossary = "| **backup** | a copy |\n| **segment** | a file |\n"

    private func check(_ changed: [String: String] = [:]) -> [String] {
        var texts = [
            "README.md": "[map](docs/ARCHITECTURE.md) [words](docs/GLOSSARY.md)",
            "docs/ARCHITECTURE.md": map, "docs/GLOSSARY.md": glossary,
            "Sources/Storage/A.swift": "// A segment of a backup.",
            "Sources/Tools/tidy/main.swift": "",
        ]
        texts.merge(changed) { $1 }
        let files = texts.map { SourceFile(path: $0.key, text: $0.value) }
        return DocumentRules(files: files).check().map(\.rule)
    }

    @Test("a tree whose documents agree has no findings")
    func good() {
        #expect(check().isEmpty)
    }

    @Test(
        "a link that leads nowhere is found",
        arguments: ["[a](gone.md)", "[a](../x.md)", "[a](docs/ARCHITECTURE.md#gone)", "[a](#gone)"])
    func brokenLinks(text: String) {
        let readme = "[map](docs/ARCHITECTURE.md) [words](docs/GLOSSARY.md)\n"

        #expect(check(["README.md": readme + text]) == ["link"])
    }

    @Test("links to files, folders, headings and the world pass; code is no link")
    func links() {
        let text = """
            # The First one
            [a](#the-first-one) [b](docs/ARCHITECTURE.md#map) [c](docs/) [d](https://example.com)
            [w](docs/GLOSSARY.md) `[x](gone)`
            ```
            [y](gone)
            ```
            """

        #expect(check(["README.md": text]).isEmpty)
    }

    @Test("a document that nothing links to is found")
    func orphans() {
        let index = [
            "README.md": "[m](docs/ARCHITECTURE.md) [w](docs/GLOSSARY.md) [f](docs/formats/)",
            "docs/formats/README.md": "see `wal.md`", "docs/formats/wal.md": "Hello.",
        ]

        #expect(check(["docs/lonely.md": "Hello."]) == ["orphan"])
        #expect(check(index).isEmpty)
    }

    @Test("the map and the rooms agree both ways")
    func rooms() {
        #expect(check(["Sources/Attic/A.swift": ""]) == ["map"])
        #expect(
            check(["docs/ARCHITECTURE.md": map.replacing("Tools/ ", with: "Cellar/")]) == [
                "map", "map",
            ])
    }

    @Test("glossary terms stand once, in order, and are used")
    func terms() {
        let disordered = "| **segment** | a file |\n| **backup** | a copy |\n"

        #expect(check(["docs/GLOSSARY.md": disordered]) == ["glossary"])
        #expect(check(["docs/GLOSSARY.md": glossary + "| **zebra** | ? |\n"]) == ["glossary"])
    }
}
