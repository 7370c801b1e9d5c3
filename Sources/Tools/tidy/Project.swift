import Foundation

/// The checked tree: every text file and what the package declares.
struct Project {
    let files: [SourceFile]
    let layout: PackageLayout

    private static let suffixes = [
        ".swift", ".c", ".h", ".md", ".sh", ".py", ".slt", ".conf", ".yml", ".yaml", ".json",
        ".service", ".txt", "Makefile", "Dockerfile", "LICENSE", "/run",
    ]
    private static let skipped: Set<String> = [".build", ".git", "__pycache__", "corpus"]

    /// Every house rule over every file.
    func rules() -> [Finding] {
        let place = PlaceRules(layout: layout, paths: Set(files.map(\.path)))
        let imports = ImportRules(layout: layout)
        let table = files.first { $0.path == "Sources/Diagnostics/SQLState.swift" }
        let text = TextRules(states: table.map(TextRules.states) ?? [])
        var findings = place.checkTree()
        for file in files {
            findings += imports.check(file)
            findings += LengthRules.check(file)
            findings += BannedCallRules.check(file)
            findings += UnsafeRules.check(file)
            findings += place.check(file)
            findings += text.check(file)
        }
        return findings.sorted()
    }

    /// Documents against the tree.
    func documents() -> [Finding] {
        DocumentRules(files: files).check().sorted()
    }

    /// Reads the tree below a folder.
    static func read(root: String) throws -> Project {
        var files: [SourceFile] = []
        let walker = FileManager.default.enumerator(atPath: root)
        while let path = walker?.nextObject() as? String {
            if skipped.contains((path as NSString).lastPathComponent) {
                walker?.skipDescendants()
                continue
            }
            guard suffixes.contains(where: path.hasSuffix) else { continue }
            let data = FileManager.default.contents(atPath: "\(root)/\(path)")
            guard let data else { continue }
            files.append(SourceFile(path: path, text: String(decoding: data, as: UTF8.self)))
        }
        return Project(
            files: files.sorted { $0.path < $1.path },
            layout: try PackageLayout(dump: dumpPackage(root: root)))
    }

    private static func dumpPackage(root: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["swift", "package", "--package-path", root, "dump-package"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileReadUnknown) }
        return data
    }
}
