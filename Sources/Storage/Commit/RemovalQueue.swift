import Diagnostics
import Platform

/// Files and tables that no version names any more, waiting until no snapshot sees them.
struct RemovalQueue {
    struct File {
        let path: String
        let bytes: Int
        /// The LSN from which on nobody needs it.
        let lsn: LSN
    }

    struct Table {
        let manifest: Manifest
        let directory: String
        /// Flushes that may still write into the directory.
        var writing: [FlushTask] = []
        /// Whether the directory says by itself that it is dropped, so that the log may go.
        var isMarked = false
        /// Bytes of its segments, as far as they are known.
        var bytes = 0
    }

    private(set) var files: [File] = []
    var tables: [Table] = []

    /// Bytes that would come free.
    var bytes: Int { tables.reduce(files.reduce(0) { $0 + $1.bytes }) { $0 + $1.bytes } }

    var isEmpty: Bool { files.isEmpty && tables.isEmpty }

    mutating func add(path: String, bytes: Int = 0, at lsn: LSN) {
        files.append(File(path: path, bytes: bytes, lsn: lsn))
    }

    mutating func add(segments: [SegmentHandle], at lsn: LSN) {
        for segment in segments { add(path: segment.path, bytes: segment.entry.bytes, at: lsn) }
    }

    /// - Parameter writing: flushes that may still write into its directory.
    mutating func add(table: LiveTable, writing: [FlushTask], droppedAt lsn: LSN) {
        let manifest = Manifest(
            definition: table.definition, lsn: lsn, completeTo: lsn, isDropped: true,
            segments: [])
        tables.append(
            Table(
                manifest: manifest, directory: table.directory, writing: writing,
                bytes: table.segments.reduce(0) { $0 + $1.entry.bytes }))
    }

    /// Takes back what a version names again: a restore brings segments under their old ids.
    mutating func keep(segments: [SegmentEntry], of directory: String) {
        if files.isEmpty || segments.isEmpty { return }
        let kept = Set(segments.map { Path.join(directory, $0.relativePath) })
        files.removeAll { kept.contains($0.path) }
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

    /// Takes out the dropped tables that nothing pins and nobody writes to any more.
    mutating func takeTables(oldestPin: LSN?) -> [Table] {
        func isFree(_ table: Table) -> Bool {
            let isPinned = oldestPin.map { $0 < table.manifest.lsn } ?? false
            return !isPinned && table.writing.allSatisfy { $0.outcome.result != nil }
        }
        let free = tables.filter(isFree)
        tables.removeAll(where: isFree)
        return free
    }
}
