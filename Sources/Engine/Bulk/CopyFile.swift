import Diagnostics
import Platform

/// A file on the server that a COPY reads, below `cairo.sql.copy.root` and nowhere else.
// SAFETY: unchecked because `offset` is plain; one worker at a time reads.
final class CopyFile: @unchecked Sendable {
    private let file: any OpenFile
    private var offset = 0

    /// Opens a file by its path, absolute or below the directory for imports.
    ///
    /// - Throws: 42501 for a path that leads elsewhere, 58P01 when there is none, 42809 for what is
    ///   no file.
    init(_ path: String, importDirectory: String?, files: any FileSystem, position: Int)
        throws(DatabaseError)
    {
        guard let importDirectory else { throw .outsideImport(path, "none", at: position) }
        var relative = Substring(path)
        if path.hasPrefix("/") {
            guard path.hasPrefix(importDirectory + "/") else {
                throw .outsideImport(path, importDirectory, at: position)
            }
            relative = path.dropFirst(importDirectory.count + 1)
        }
        let parts = relative.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }),
            !relative.utf8.contains(0)
        else { throw .outsideImport(path, importDirectory, at: position) }
        var place = importDirectory
        for (index, part) in parts.enumerated() {
            place = Path.join(place, String(part))
            guard let info = try files.info(place) else {
                throw .missingImport(place, at: position)
            }
            // A link could lead anywhere.
            let wanted: FileInfo.Kind = index == parts.count - 1 ? .file : .directory
            guard info.kind == wanted else {
                throw .outsideImport(path, importDirectory, at: position)
            }
        }
        file = try files.open(place, .read, permissions: 0)
    }

    /// Reads the next piece; an empty one at the end.
    func read() throws(DatabaseError) -> [UInt8] {
        let bytes = try file.read(at: offset, count: Limits.copyFileBytes)
        offset += bytes.count
        return bytes
    }
}
