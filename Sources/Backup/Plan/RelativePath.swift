/// Rules for paths that are appended to a directory and must not lead out of it.
enum RelativePath {
    /// True for a path of ordinary parts: no `..`, no `.`, nothing empty, not absolute, no NUL.
    static func isSafe(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count <= Limits.pathBytes, !path.utf8.contains(0) else {
            return false
        }
        // By bytes and without pieces: a backup of many tables asks for every file several times.
        var length = 0
        var dots = 0
        for byte in path.utf8 {
            if byte == UInt8(ascii: "/") {
                guard isSafePart(length: length, dots: dots) else { return false }
                length = 0
                dots = 0
            } else {
                length += 1
                if byte == UInt8(ascii: ".") { dots += 1 }
            }
        }
        return isSafePart(length: length, dots: dots)
    }

    private static func isSafePart(length: Int, dots: Int) -> Bool {
        let isDots = length == dots && length <= 2
        return !isDots && length <= Limits.nameBytes
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
