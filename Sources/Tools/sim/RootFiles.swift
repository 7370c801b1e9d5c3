import Catalog
import Diagnostics
import Platform
import Storage

/// What lies below a root's `db/` and `tmp/`, against what its tables name: no file is missing, and
/// none stays for ever.
struct RootFiles {
    let disk: SimulatedDisk
    let root: String
    /// Partitions that emptied in this life: the next start removes their directories.
    var forgivesEmptyDirectories = false

    /// What is wrong with a root that was closed in peace; `storage` is what was closed.
    func complaints(about storage: Storage) throws(DatabaseError) -> [String] {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        var expected: Set<String> = []
        var directories: Set<String> = []
        // Detached partitions are kept until somebody attaches them.
        var kept: Set<String> = []
        for table in snapshot.tables {
            let directory = storage.tableDirectory(table.definition)
            directories.insert(directory)
            for segment in table.segments {
                expected.insert(storage.segmentPath(segment, of: table.definition))
            }
            let detached = try storage.detachedPartitions(
                of: table.definition, current: table.segments)
            for partition in detached { kept.insert("\(directory)/\(partition.partition)") }
        }
        for other in snapshot.otherRelations { directories.insert(storage.tableDirectory(other)) }
        let all = disk.paths()
        let present = Set(all)
        var found = expected.subtracting(present).sorted().map { "\($0) is missing" }
        let manifests = all.filter { $0.contains("/_manifest.") }
        for directory in directories.sorted() {
            let own = manifests.filter { $0.hasPrefix(directory + "/") }
            if own.count != 1 { found.append("\(directory) has manifests \(own)") }
        }
        let logs = all.filter { $0.hasPrefix(root + "/db/_wal/") && !$0.hasSuffix("/") }
        if logs.count != 1 { found.append("after a clean end the log has \(logs)") }
        for path in all where !isExplained(path, expected, directories, kept) {
            found.append("nothing refers to \(path)")
        }
        return found
    }

    private func isExplained(
        _ path: String, _ expected: Set<String>, _ directories: Set<String>, _ kept: Set<String>
    ) -> Bool {
        let inRoot = path.hasPrefix(root + "/db/") || path.hasPrefix(root + "/tmp/")
        guard inRoot, path != root + "/db/", path != root + "/tmp/" else { return true }
        if expected.contains(path) { return true }
        let name = path.dropFirst(root.count + 4)
        if ["_database", "_lock", "_jobs", "_reserve", "_wal/"].contains(name)
            || name.hasPrefix("_wal/")
        {
            return true
        }
        guard let directory = directories.first(where: { path.hasPrefix($0 + "/") }) else {
            return false
        }
        let below = path.dropFirst(directory.count + 1)
        if below.isEmpty || below.hasPrefix("_manifest.") { return true }
        if let end = path.firstRange(of: ".detached/") {
            return kept.contains(String(path[..<end.lowerBound]))
        }
        // The directory of a partition in use.
        return below.hasSuffix("/")
            && (forgivesEmptyDirectories || expected.contains { $0.hasPrefix(path) })
    }
}
