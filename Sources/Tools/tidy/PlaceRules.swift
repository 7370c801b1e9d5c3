/// Where files lie and what they and their types are called.
struct PlaceRules {
    let layout: PackageLayout
    /// Every file of the project, relative to its root.
    let paths: Set<String>

    func check(_ file: SourceFile) -> [Finding] {
        names(file) + mirror(file) + moduleComment(file)
    }

    /// Findings that belong to the tree and not to one file.
    func checkTree() -> [Finding] {
        layout.targets.filter { $0.kind == .library && hasSwift($0.folder) }.compactMap { room in
            let path = "\(room.folder)/Module.swift"
            guard !paths.contains(path) else { return nil }
            return Finding(path, 1, "module", "the room \(room.name) has no Module.swift")
        }
    }

    private func hasSwift(_ folder: String) -> Bool {
        paths.contains { $0.hasPrefix(folder + "/") && $0.hasSuffix(".swift") }
    }

    // MARK: Names

    private static let drawers: Set<String> = [
        "Utils", "Util", "Utilities", "Helpers", "Helper", "Common", "Manager", "Base", "Impl",
        "Misc", "V2",
    ]
    private static let generations: Set<String> = ["New", "Legacy", "Common"]
    private static let typeWords: Set<String> = ["struct", "class", "enum", "actor", "protocol"]

    private func names(_ file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        if file.path.contains(" ") {
            findings.append(Finding(file.path, 1, "path-space", "a path has no spaces"))
        }
        guard file.isSource || file.isTest else { return findings }
        for part in file.path.split(separator: "/") {
            let name = String(part.prefix { $0 != "." && $0 != "+" })
            if let word = Self.drawerWord(in: name) {
                findings.append(drawer(file.path, 1, name, word))
            }
        }
        for (index, token) in file.tokens.enumerated().dropLast()
        where Self.typeWords.contains(token.text) {
            let name = file.tokens[index + 1].text
            if let word = Self.drawerWord(in: name) {
                findings.append(drawer(file.path, token.line + 1, name, word))
            }
        }
        return findings
    }

    private func drawer(_ path: String, _ line: Int, _ name: String, _ word: String) -> Finding {
        Finding(
            path, line, "drawer-name",
            "\"\(name)\" says \"\(word)\"; name what its parts share instead")
    }

    /// The word that makes a name a drawer: at its end, or a generation at its beginning.
    static func drawerWord(in name: String) -> String? {
        let words = camelWords(name)
        if let last = words.last, drawers.contains(last) { return last }
        if words.count > 1, let first = words.first, generations.contains(first) { return first }
        return nil
    }

    /// `HTTPWireReader` is HTTP, Wire, Reader.
    private static func camelWords(_ name: String) -> [String] {
        let characters = Array(name)
        var words: [String] = []
        for (index, character) in characters.enumerated() {
            let isAfterCapital = index > 0 && characters[index - 1].isUppercase
            let isBeforeSmall =
                index + 1 < characters.count && characters[index + 1].isLowercase
            let begins = character.isUppercase && (!isAfterCapital || isBeforeSmall)
            if begins || words.isEmpty { words.append("") }
            words[words.count - 1].append(character)
        }
        return words
    }

    // MARK: Mirror

    /// `Tests/<Room>Tests/a/BTests.swift` tests `Sources/<Room>/a/B.swift`, the folder `a/B`, or a
    /// part of what the files in `a` are about: then its name begins with a word
    /// of theirs or of the folder's.
    private func mirror(_ file: SourceFile) -> [Finding] {
        let parts = file.path.split(separator: "/")
        guard file.isTest, parts.count > 2, parts[1].hasSuffix("Tests"),
            file.name.hasSuffix("Tests.swift")
        else { return [] }
        let room = parts[1].dropLast("Tests".count)
        let folder = (["Sources", room] + parts[2..<(parts.count - 1)]).joined(separator: "/")
        let name = String(file.name.dropLast("Tests.swift".count))
        let subject = "\(folder)/\(name)"
        if paths.contains(where: { $0.hasPrefix(subject + "/") }) { return [] }
        let first = Self.camelWords(name).first ?? name
        let place = Self.camelWords(String(parts[parts.count - 2]))
        let known = Set(paths.flatMap { words(of: $0, in: folder) } + place)
        if known.contains(first) || paths.contains(subject + ".swift") { return [] }
        return [Finding(file.path, 1, "mirror", "tests \(subject).swift, which does not exist")]
    }

    /// The words of a file's name, when it lies in the folder itself.
    private func words(of path: String, in folder: String) -> [String] {
        guard path.hasPrefix(folder + "/") else { return [] }
        let name = path.dropFirst(folder.count + 1)
        guard !name.contains("/") else { return [] }
        return name.split { $0 == "." || $0 == "+" }.flatMap { Self.camelWords(String($0)) }
    }

    // MARK: Module.swift

    private static let moduleLimit = 60
    private static let expectedWords = ["Parts", "Callers", "Invariants", "Read first"]

    private func moduleComment(_ file: SourceFile) -> [Finding] {
        guard let target = layout.target(of: file.path), target.kind == .library,
            file.path == "\(target.folder)/Module.swift"
        else { return [] }
        if file.lines.count > Self.moduleLimit {
            return [
                Finding(
                    file.path, 1, "module",
                    "\(file.lines.count) lines; at most \(Self.moduleLimit) are read")
            ]
        }
        let text = file.comments.joined(separator: "\n").lowercased()
        let missing = Self.expectedWords.filter { !text.contains($0.lowercased()) }
        if missing.isEmpty { return [] }
        return [
            Finding(
                file.path, 1, "module",
                "says nothing under: \(missing.joined(separator: ", "))")
        ]
    }
}
