package import Diagnostics
import Synchronization

/// What a table is made of, and what it cost to write it.
package struct TableMetrics: Sendable, Equatable {
    package var partitions = 0
    package var segments = 0
    /// Rows in segments; those of overlapping versions of one key count each.
    package var rows = 0
    /// Bytes of the segments' files.
    package var bytes = 0
    /// Segments that share more than a moment with another one of their partition.
    package var overlappingSegments = 0
    /// Segments that the start or whoever read them found missing or damaged. Compaction leaves them
    /// alone.
    package var damagedSegments = 0
    package var memoryRows = 0
    /// Bytes of segments made of rows in memory, since the start.
    package var bytesFlushed = 0
    /// Bytes of segments that joined ready-made, by bulk loading or restoring, since the start.
    package var bytesLoaded = 0
    /// Bytes of segments that compaction made, since the start.
    package var bytesCompacted = 0
    /// Bytes of segments that UPDATE and DELETE made, since the start.
    package var bytesRewritten = 0
    /// Blocks of 16,384 rows that filters read, and those that statistics spared them, since the
    /// start.
    package var blocksScanned = 0
    package var blocksPruned = 0

    package init() {}

    /// Bytes written for each byte that came in; 1 is the least, 0 when nothing came.
    package var writeAmplification: Double {
        let arrived = bytesFlushed + bytesLoaded
        if arrived == 0 { return 0 }
        return Double(arrived + bytesCompacted + bytesRewritten) / Double(arrived)
    }
}

/// What was done for a table since the start: bytes of segment files written, blocks read.
struct TableCounters: Sendable {
    var flushed = 0
    /// By replacements that took nothing away.
    var loaded = 0
    /// By replacements, compaction's among them.
    var replaced = 0
    var compacted = 0
    var blocksScanned = 0
    var blocksPruned = 0

    /// Bytes that may be written for a table before its write amplification is too high.
    ///
    /// - Parameter bytes: of its segments, which came in once, perhaps before the start.
    func spareBytes(holding bytes: Int) -> Int {
        let arrived = flushed + loaded
        let allowed = max(arrived, bytes) / 10 * Limits.writeAmplificationTenths
        return max(0, allowed - arrived - replaced)
    }
}

extension Storage {
    /// Tells what a table is made of; nil when there is none of this id.
    package func metrics(of table: UInt64) -> TableMetrics? {
        guard let version = core.state.withLock({ $0.current.tables[table] }) else { return nil }
        var metrics = TableMetrics()
        let entries = version.segments.map(\.entry)
        metrics.segments = entries.count
        metrics.rows = entries.reduce(0) { $0 + $1.rows }
        metrics.bytes = entries.reduce(0) { $0 + $1.bytes }
        metrics.memoryRows = version.rowCount - metrics.rows
        let partitions = Dictionary(grouping: entries, by: \.partition)
        metrics.partitions = partitions.count
        metrics.overlappingSegments = partitions.values.reduce(0) { $0 + $1.overlappingCount }
        metrics.damagedSegments = version.segments.count { $0.damage != nil }
        let counters = core.counters(of: table)
        metrics.bytesFlushed = counters.flushed
        metrics.bytesLoaded = counters.loaded
        metrics.bytesCompacted = counters.compacted
        metrics.bytesRewritten = max(0, counters.replaced - counters.compacted)
        metrics.blocksScanned = counters.blocksScanned
        metrics.blocksPruned = counters.blocksPruned
        return metrics
    }

    /// The segments of a table that were found missing or damaged.
    package func damagedSegments(of table: UInt64) -> [DamagedSegment] {
        let version = core.state.withLock { $0.current.tables[table] }
        return (version?.segments ?? []).compactMap { handle in
            handle.damage.map {
                DamagedSegment(partition: handle.entry.partition, path: handle.path, error: $0)
            }
        }
    }

    /// Compacts tables, or all, until nothing is left to do, as if nobody had written to them for
    /// long. Blocks.
    ///
    /// - Parameter isThorough: whether nothing may overlap in the end, even where only a few rows do:
    ///   of a table with upsert keys each key has one row then, and segments may be changed alone.
    /// - Throws: 53100 on a full disk, 58030 when it cannot be read. Damaged segments are left.
    package func compact(tables: [UInt64]? = nil, isThorough: Bool = false) throws(DatabaseError) {
        if settings.isReadOnly { throw .readOnlyRoot() }
        try compactor.drain(tables.map { Set($0) }, isThorough: isThorough)
    }
}

extension [SegmentEntry] {
    /// How many overlap another in time.
    fileprivate var overlappingCount: Int {
        let sorted = indices.filter { self[$0].minTimestamp != nil }
            .sorted { (self[$0].minTimestamp ?? 0) < (self[$1].minTimestamp ?? 0) }
        var overlapping = Set<Int>()
        var reaching: Int?
        for index in sorted {
            let first = self[index].minTimestamp ?? 0
            if let other = reaching, let last = self[other].maxTimestamp, first < last {
                overlapping.insert(index)
                overlapping.insert(other)
            }
            let end = self[index].maxTimestamp ?? 0
            if reaching.map({ end > self[$0].maxTimestamp ?? 0 }) ?? true { reaching = index }
        }
        return overlapping.count
    }
}
