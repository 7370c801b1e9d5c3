import Diagnostics
import Platform

/// Files and tables that no version names any more, waiting until no snapshot sees them.
struct RemovalQueue {
    struct File {
        let path: String
        /// The LSN from which on nobody needs it.
        let lsn: LSN
    }

    struct Table {
        let manifest: Manifest
        let directory: String
        /// Whether the directory says by itself that it is dropped, so that the log may go.
        var isMarked = false
    }

    private(set) var files: [File] = []
    var tables: [Table] = []

    mutating func add(path: String, at lsn: LSN) { files.append(File(path: path, lsn: lsn)) }

    mutating func add(segments: [SegmentHandle], of directory: String, at lsn: LSN) {
        for segment in segments { add(path: segment.path, at: lsn) }
    }

    mutating func add(table: LiveTable, droppedAt lsn: LSN) {
        let manifest = Manifest(
            definition: table.definition, lsn: lsn, completeTo: lsn, isDropped: true,
            segments: [])
        tables.append(Table(manifest: manifest, directory: table.directory))
    }

    /// Takes out the files that nothing pins any more.
    mutating func takeFiles(oldestPin: LSN?) -> [File] {
        guard let oldestPin else {
            defer { files = [] }
            return files
        }
        let free = files.filter { $0.lsn <= oldestPin }
        files.removeAll { $0.lsn <= oldestPin }
        return free
    }

    /// Takes out the dropped tables that nothing pins any more.
    mutating func takeTables(oldestPin: LSN?) -> [Table] {
        let free = tables.filter { oldestPin == nil || $0.manifest.lsn <= oldestPin ?? .zero }
        tables.removeAll { oldestPin == nil || $0.manifest.lsn <= oldestPin ?? .zero }
        return free
    }
}
