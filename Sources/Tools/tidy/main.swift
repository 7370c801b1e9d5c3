import Foundation

/// tidy rules|docs [root]: prints `file:line: rule: message` and ends with 1 when anything is found.
func tidy(_ arguments: [String]) -> Int32 {
    guard let subject = arguments.first, ["rules", "docs"].contains(subject) else {
        print("usage: tidy rules|docs [root]")
        return 2
    }
    do {
        let project = try Project.read(root: arguments.dropFirst().first ?? ".")
        let findings = subject == "rules" ? project.rules() : project.documents()
        for finding in findings { print(finding) }
        print("tidy: \(project.files.count) files, \(findings.count) findings")
        return findings.isEmpty ? 0 : 1
    } catch {
        print("tidy: could not read the tree: \(error)")
        return 2
    }
}

exit(tidy(Array(CommandLine.arguments.dropFirst())))
