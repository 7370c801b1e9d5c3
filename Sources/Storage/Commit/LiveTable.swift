import Catalog
import Platform
import Values

/// A table as the committer knows it: the newest version and what is still to be done for it.
struct LiveTable {
    var definition: TableDefinition
    var directory: String
    var segments: [SegmentHandle] = []
    var memtable: Memtable?
    /// The LSN of the newest manifest on disk, if there is one.
    var manifestLSN: LSN?
    /// Whether segments or definition changed after that manifest.
    var isManifestStale = true

    var version: TableVersion {
        TableVersion(
            definition: definition, directory: directory, segments: segments,
            memory: memtable?.view ?? MemtableView())
    }

    /// The first commit whose rows only the log and memory hold.
    var firstUnflushed: LSN? { memtable?.firstLSN }

    /// Rows up to here are in segments when nothing newer than `lsn` was committed.
    func completeTo(at lsn: LSN) -> LSN { firstUnflushed.map { LSN($0.value - 1) } ?? lsn }

    mutating func append(_ append: Append, lsn: LSN) {
        if append.batch.rowCount == 0 { return }
        let memtable = memtable ?? Memtable(definition: definition, firstLSN: lsn)
        memtable.append(append.batch, lsn: lsn)
        self.memtable = memtable
    }

    /// Takes segments out and others in; returns those taken out.
    mutating func replace(
        _ replacement: SegmentReplacement, lsn: LSN, directory: String, files: any FileSystem
    ) -> [SegmentHandle] {
        let removed = Set(replacement.removed)
        let gone = segments.filter { removed.contains($0.entry.id) }
        segments.removeAll { removed.contains($0.entry.id) }
        let known = Set(segments.map(\.entry.id))
        for entry in replacement.added where !known.contains(entry.id) {
            segments.append(
                SegmentHandle(entry: entry.stamped(lsn), directory: directory, files: files))
        }
        isManifestStale = true
        return gone
    }
}
