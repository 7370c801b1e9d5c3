package import Diagnostics
package import Platform

/// The mark in the directory of a table whose segments come before the commit that creates it:
/// CREATE TABLE AS, a load or a restore into a new table. It is durable before the first of them is
/// written and goes, durably, when the table has a manifest and before the log forgets its creation.
///
/// INV-1 segments without a manifest, whose creation the log does not hold, were never committed if
///   and only if the mark lies beside them. Without it a manifest has been lost.
package enum StagedTable {
    package static let markName = "_staged"

    package static func mark(of directory: String) -> String { Path.join(directory, markName) }

    /// Marks a directory that is there and is not a committed table's. Again is nothing.
    package static func begin(_ directory: String, _ files: any FileSystem) throws(DatabaseError) {
        let mark = mark(of: directory)
        if try files.info(mark) != nil { return }
        // Empty: its name is all there is to make durable.
        _ = try files.open(mark, .create, permissions: 0o600)
        try files.syncDirectory(directory)
    }

    /// Takes the mark away. While a snapshot is prepared that is done later, as every removal.
    static func end(_ directory: String, _ files: any FileSystem) throws(DatabaseError) {
        let mark = mark(of: directory)
        guard try files.info(mark) != nil else { return }
        try files.remove(mark)
        try files.syncDirectory(directory)
    }

    /// Whether a directory holds segments, live or detached ones.
    static func holdsSegments(_ directory: String, _ files: any FileSystem) throws(DatabaseError)
        -> Bool
    {
        for name in try files.list(directory) {
            let place = Path.join(directory, name)
            guard try files.info(place)?.kind == .directory else { continue }
            if try files.list(place).contains(where: { $0.hasSuffix(".seg") }) { return true }
        }
        return false
    }
}
