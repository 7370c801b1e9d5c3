import Foundation

/// What `Package.swift` declares: the targets, where they lie and what each may import.
struct PackageLayout {
    struct Target {
        enum Kind { case library, executable, test, system }

        let name: String
        let kind: Kind
        /// Relative to the package, without a slash at the end.
        let folder: String
        let dependencies: Set<String>
    }

    let targets: [Target]

    func target(of path: String) -> Target? {
        targets.filter { path.hasPrefix($0.folder + "/") }
            .max { $0.folder.count < $1.folder.count }
    }

    func target(named name: String) -> Target? { targets.first { $0.name == name } }

    /// Reads what `swift package dump-package` printed.
    init(dump: Data) throws {
        targets = try JSONDecoder().decode(Dump.self, from: dump).targets.map { entry in
            let kind: Target.Kind =
                switch entry.type {
                case "executable": .executable
                case "test": .test
                case "system": .system
                default: .library
                }
            let parent = kind == .test ? "Tests" : "Sources"
            return Target(
                name: entry.name, kind: kind, folder: entry.path ?? "\(parent)/\(entry.name)",
                dependencies: Set(entry.dependencies.compactMap(\.name)))
        }
    }

    init(targets: [Target]) {
        self.targets = targets
    }

    private struct Dump: Decodable {
        let targets: [Entry]
    }

    private struct Entry: Decodable {
        let name: String
        let type: String
        let path: String?
        let dependencies: [Dependency]
    }

    /// One of `{"byName": [name, condition]}`, `{"target": …}` and `{"product": …}`.
    private struct Dependency: Decodable {
        let name: String?

        init(from decoder: any Decoder) throws {
            let forms = try decoder.singleValueContainer().decode([String: [Part]].self)
            name = forms.values.first?.first?.text
        }
    }

    private struct Part: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            // A condition or null stands beside the name; only the name matters here.
            text = try? decoder.singleValueContainer().decode(String.self)
        }
    }
}
