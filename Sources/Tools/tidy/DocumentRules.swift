import Foundation

/// Documents agree with the tree: links resolve, the map names every room, terms are in use.
struct DocumentRules {
    let files: [SourceFile]
    private let byPath: [String: SourceFile]
    private let folders: Set<String>

    init(files: [SourceFile]) {
        self.files = files
        byPath = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
        folders = Set(files.flatMap { Self.parents(of: $0.path) })
    }

    private var documents: [SourceFile] { files.filter { $0.path.hasSuffix(".md") } }

    func check() -> [Finding] {
        documents.flatMap(brokenLinks) + orphans() + map() + glossary()
    }

    private static func parents(of path: String) -> [String] {
        let parts = path.split(separator: "/").dropLast()
        return parts.indices.map { parts[...$0].joined(separator: "/") }
    }

    // MARK: Links

    struct Link: Equatable {
        let target: String
        /// Counted from one.
        let line: Int
    }

    /// The links of a document, outside code.
    static func links(of file: SourceFile) -> [Link] {
        var result: [Link] = []
        var isCode = false
        for (index, line) in file.lines.enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isCode.toggle() }
            guard !isCode else { continue }
            var rest = Substring(withoutInlineCode(line))
            while let begin = rest.range(of: "](") {
                rest = rest[begin.upperBound...]
                guard let end = rest.firstIndex(of: ")") else { break }
                result.append(Link(target: String(rest[..<end]), line: index + 1))
                rest = rest[end...]
            }
        }
        return result
    }

    private static func withoutInlineCode(_ line: String) -> String {
        var isCode = false
        return String(
            line.map { character in
                if character == "`" { isCode.toggle() }
                return isCode ? " " : character
            })
    }

    /// The path from the root that a link means; nil when it leaves the project.
    static func resolve(_ target: String, from path: String) -> String? {
        var parts =
            target.hasPrefix("/") ? [] : path.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    private func brokenLinks(_ file: SourceFile) -> [Finding] {
        Self.links(of: file).compactMap { link in
            if link.target.contains("://") || link.target.hasPrefix("mailto:") { return nil }
            let halves = link.target.split(
                separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let path =
                halves[0].isEmpty ? file.path : Self.resolve(String(halves[0]), from: file.path)
            guard let path, byPath[path] != nil || folders.contains(path) || path.isEmpty else {
                return Finding(
                    file.path, link.line, "link", "\"\(link.target)\" leads nowhere")
            }
            guard halves.count == 2, let target = byPath[path], path.hasSuffix(".md"),
                !Self.anchors(of: target).contains(String(halves[1]))
            else { return nil }
            return Finding(
                file.path, link.line, "link", "\(path) has no heading for \"#\(halves[1])\"")
        }
    }

    /// The anchors that a document's headings get on the usual code hosts.
    static func anchors(of file: SourceFile) -> Set<String> {
        Set(
            file.lines.filter { $0.hasPrefix("#") }.map { heading in
                let text = heading.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
                return String(
                    text.compactMap { character -> Character? in
                        if character == " " { return "-" }
                        return character.isLetter || character.isNumber || "-_".contains(character)
                            ? character : nil
                    })
            })
    }

    /// A document that nothing links to, and that its folder's README does not name, is lost.
    private func orphans() -> [Finding] {
        let linked = linkedPaths()
        return documents.filter { $0.path.hasPrefix("docs/") && !linked.contains($0.path) }
            .filter { !isNamedByReadme($0) }
            .map { Finding($0.path, 1, "orphan", "no document links here") }
    }

    private func linkedPaths() -> Set<String> {
        var linked: Set<String> = []
        for file in documents {
            for link in Self.links(of: file) {
                let target = String(link.target.prefix { $0 != "#" })
                guard let path = Self.resolve(target, from: file.path), path != file.path else {
                    continue
                }
                linked.insert(path)
                linked.insert(path + "/README.md")
            }
        }
        return linked
    }

    private func isNamedByReadme(_ file: SourceFile) -> Bool {
        let folder = file.path.dropLast(file.name.count)
        let readme = byPath[folder + "README.md"]
        return readme?.lines.contains { $0.contains("`\(file.name)`") } ?? false
    }

    // MARK: Map

    private static let mapPath = "docs/ARCHITECTURE.md"

    /// The rooms in the map are the folders of Sources, both ways.
    private func map() -> [Finding] {
        guard let file = byPath[Self.mapPath] else {
            return [Finding(Self.mapPath, 1, "map", "does not exist")]
        }
        let drawn = Self.rooms(inMapOf: file)
        let built = Set(
            files.filter { $0.isSource }.compactMap { file -> String? in
                let parts = file.path.split(separator: "/")
                return parts.count > 2 ? String(parts[1]) : nil
            })
        let missing = built.subtracting(drawn.keys).sorted().map {
            Finding(Self.mapPath, 1, "map", "Sources/\($0) is not in the map")
        }
        let stale = drawn.filter { !built.contains($0.key) }.map {
            Finding(Self.mapPath, $0.value, "map", "Sources/\($0.key) does not exist")
        }
        return missing + stale
    }

    /// Lines `  Room/  text` that stand under a line `Sources/` of a code block, with their lines.
    static func rooms(inMapOf file: SourceFile) -> [String: Int] {
        var rooms: [String: Int] = [:]
        var isInMap = false
        for (index, line) in file.lines.enumerated() {
            if line.hasPrefix("Sources/") {
                isInMap = true
                continue
            }
            guard isInMap else { continue }
            guard line.hasPrefix("  ") else {
                isInMap = false
                continue
            }
            guard !line.hasPrefix("   ") else { continue }
            let word = line.dropFirst(2).prefix { $0 != " " }
            if word.hasSuffix("/") { rooms[String(word.dropLast())] = index + 1 }
        }
        return rooms
    }

    // MARK: Glossary

    private static let glossaryPath = "docs/GLOSSARY.md"

    /// Terms stand once, in order, and are words that the project uses.
    private func glossary() -> [Finding] {
        guard let file = byPath[Self.glossaryPath] else {
            return [Finding(Self.glossaryPath, 1, "glossary", "does not exist")]
        }
        let terms = Self.terms(of: file)
        var findings: [Finding] = []
        for (earlier, later) in zip(terms, terms.dropFirst())
        where earlier.target.lowercased() >= later.target.lowercased() {
            findings.append(
                Finding(
                    file.path, later.line, "glossary",
                    "\"\(later.target)\" stands twice or out of order"))
        }
        let texts = files.filter {
            $0.path != file.path && ($0.isSource || $0.path.hasSuffix(".md"))
        }
        .map { $0.lines.joined(separator: "\n").lowercased() }
        for term in terms where !texts.contains(where: { $0.contains(term.target.lowercased()) }) {
            findings.append(
                Finding(file.path, term.line, "glossary", "nothing uses \"\(term.target)\""))
        }
        return findings
    }

    /// The bold words at the beginning of table rows.
    static func terms(of file: SourceFile) -> [Link] {
        file.lines.enumerated().compactMap { index, line in
            guard line.hasPrefix("| **"), let end = line.dropFirst(4).range(of: "**") else {
                return nil
            }
            return Link(target: String(line.dropFirst(4)[..<end.lowerBound]), line: index + 1)
        }
    }
}
