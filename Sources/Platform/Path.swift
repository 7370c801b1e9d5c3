/// Joining and taking apart absolute paths as text.
package enum Path {
    /// Marks a file that is being written and is nobody's yet.
    package static let temporarySuffix = ".tmp"

    package static func join(_ parts: String...) -> String {
        var path = parts[0]
        for part in parts.dropFirst() {
            path = path.hasSuffix("/") ? path + part : path + "/" + part
        }
        return path
    }

    /// The directory a path lies in; `/` for `/` itself.
    package static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last part of a path.
    package static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }
}
