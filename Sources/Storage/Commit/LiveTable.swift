import Catalog
import Platform
import Values

/// A table as the committer knows it: the newest version and what is still to be done for it.
struct LiveTable {
    var definition: TableDefinition
    var directory: String
    var segments: [SegmentHandle] = []
    var memtable: Memtable?
    /// Rows that are being written as segments, in the order of commits.
    var flushing: [FlushTask] = []
    /// The LSN of the newest manifest on disk, if there is one.
    var manifestLSN: LSN?
    /// Whether segments or definition changed after that manifest.
    var isManifestStale = true

    var version: TableVersion {
        var memory = flushing.map(\.rows.view)
        if let memtable { memory.append(memtable.view) }
        return TableVersion(
            definition: definition, directory: directory, segments: segments, memory: memory)
    }

    var hasUnflushedRows: Bool { memtable != nil || !flushing.isEmpty }

    /// Bytes of the rows that no segment holds.
    var memoryBytes: Int {
        flushing.reduce(memtable?.byteCount ?? 0) { $0 + $1.rows.byteCount }
    }

    /// The first commit whose rows only the log and memory hold.
    var firstUnflushed: LSN? { flushing.first?.rows.firstLSN ?? memtable?.firstLSN }

    /// Rows up to here are in segments when nothing newer than `lsn` was committed.
    func completeTo(at lsn: LSN) -> LSN { firstUnflushed.map { LSN($0.value - 1) } ?? lsn }

    mutating func append(_ append: Append, lsn: LSN) {
        if append.batch.rowCount == 0 { return }
        let memtable = memtable ?? Memtable(definition: definition, firstLSN: lsn)
        memtable.append(append.batch, lsn: lsn)
        self.memtable = memtable
    }

    /// Takes the segments of finished flushes in, as far as all before them are finished.
    ///
    /// - Returns: what was taken in, and up to which commit the table's rows are in segments now.
    mutating func takeFlushed() -> (handles: [SegmentHandle], upTo: LSN?) {
        var handles: [SegmentHandle] = []
        var upTo: LSN?
        while let task = flushing.first, case .success(let written) = task.outcome.result {
            handles += written
            upTo = task.upTo
            flushing.removeFirst()
        }
        segments += handles
        if upTo != nil { isManifestStale = true }
        return (handles, upTo)
    }

    /// Takes all rows away; returns the flushes that are still under way.
    mutating func empty() -> [FlushTask] {
        defer {
            segments = []
            memtable = nil
            flushing = []
            isManifestStale = true
        }
        return flushing
    }

    /// Takes segments out and others in; returns those taken out. One that is in both lists stays.
    mutating func replace(
        _ replacement: SegmentReplacement, lsn: LSN, directory: String, files: any FileSystem
    ) -> [SegmentHandle] {
        let removed = Set(replacement.removed)
        let added = Set(replacement.added.map(\.id))
        var gone: [SegmentHandle] = []
        var before: [SegmentHandle] = []
        var after: [SegmentHandle] = []
        var known: Set<String> = []
        // Everything before the segment whose place they take stays before the new ones.
        var isBefore = true
        for segment in segments {
            let id = segment.entry.id
            if id == replacement.removed.first { isBefore = false }
            let isAdded = added.contains(id)
            if removed.contains(id) {
                if !isAdded { gone.append(segment) }
                continue
            }
            if isAdded { known.insert(id) }
            if isBefore { before.append(segment) } else { after.append(segment) }
        }
        var fresh: [SegmentHandle] = []
        for entry in replacement.added where !known.contains(entry.id) {
            let handle = SegmentHandle(
                entry: entry.stamped(lsn), directory: directory, files: files)
            // Rows of this very commit are later than all others.
            if entry.firstLSN == .zero { fresh.append(handle) } else { before.append(handle) }
        }
        segments = before + after + fresh
        isManifestStale = true
        return gone
    }
}
