/// Rules for paths that are appended to a directory and must not lead out of it.
enum RelativePath {
    /// True for a path of ordinary parts: no `..`, no `.`, nothing empty, not absolute, no NUL.
    static func isSafe(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count <= Limits.pathBytes, !path.utf8.contains(0) else {
            return false
        }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= Limits.nameBytes
        }
    }

    /// Resolves doubled slashes and `.` of an absolute path; nil when a part is `..` or the path
    /// is not absolute. `..` is refused, not resolved: behind a symbolic link it means another
    /// directory than the text says.
    static func normalized(absolute path: String) -> String? {
        guard path.hasPrefix("/"), path.utf8.count <= Limits.pathBytes, !path.utf8.contains(0)
        else { return nil }
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard !parts.contains("..") else { return nil }
        return "/" + parts.joined(separator: "/")
    }

    /// True when `path` is `directory` or lies below it. Both normalized.
    static func lies(_ path: String, within directory: String) -> Bool {
        directory == "/" || path == directory || path.hasPrefix(directory + "/")
    }
}
