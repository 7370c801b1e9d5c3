import Catalog
import Values

/// When a segment is full: by its rows, or by the bytes of its rows in memory.
///
/// Whoever writes a segment holds its rows, a sorted copy and the file's bytes in memory, so that the
/// bytes are a share of the memory that is set for writing.
package struct SegmentSize: Sendable {
    package let rows: Int
    package let bytes: Int

    /// - Parameter writeMemoryBytes: `cairo.write.memory.limit`.
    init(rows: Int = Limits.segmentRows, writeMemoryBytes: Int) {
        self.rows = rows
        bytes = min(
            Limits.segmentBytes,
            max(Limits.leastSegmentBytes, writeMemoryBytes / Limits.segmentMemoryParts))
    }

    init(rows: Int = Limits.segmentRows, bytes: Int = Limits.segmentBytes) {
        self.rows = rows
        self.bytes = bytes
    }

    /// Rows of a segment that is made of others, by what those take on disk: some fewer than would fit,
    /// because rows differ.
    func rows(of definition: TableDefinition, madeOf count: Int, fileBytes: Int) -> Int {
        let fixed = definition.columns.reduce(0) { $0 + ($1.type.width ?? 4) }
        let each = max(1, fixed, fileBytes / max(1, count))
        return max(1, min(rows, bytes / 5 * 4 / each))
    }
}
