import Catalog
import Diagnostics
import Platform
import Values

/// Writes a slice of rows as segments of one partition: sorted stably, closed at the limits.
struct SegmentOutput {
    let platform: Platform
    let directory: String
    let definition: TableDefinition
    let size: SegmentSize

    /// - Throws: 53100 on a full disk; what was written by then is removed.
    func write(_ batches: [Batch], firstLSN: LSN, lastLSN: LSN) throws(DatabaseError)
        -> [SegmentHandle]
    {
        let resolution = UpsertResolution(definition)
        let visible = try resolution?.visibleRows(of: batches) ?? batches
        let writer = MemtableFlush(
            platform: platform, directory: directory, definition: definition,
            limit: size)
        return try writer.write(visible, firstLSN: firstLSN, lastLSN: lastLSN)
    }
}
