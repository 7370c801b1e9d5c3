import Catalog
import Diagnostics
import Platform

/// Rows that left the memtable to become segments. They stay visible in memory until the segments
/// are attached, and after a failure until a later try succeeds.
final class FlushTask: Sendable {
    let definition: TableDefinition
    /// The full path of the table's directory.
    let directory: String
    let rows: FrozenRows
    /// The table's commits up to here are in these rows or in segments made before.
    let upTo: LSN
    let outcome: Answer<[SegmentHandle]>

    init(
        definition: TableDefinition, directory: String, rows: FrozenRows, upTo: LSN,
        workers: any Workers
    ) {
        self.definition = definition
        self.directory = directory
        self.rows = rows
        self.upTo = upTo
        outcome = Answer(workers)
    }

    var table: UInt64 { definition.id }

    /// The same rows once more, after a failure.
    func again(workers: any Workers) -> FlushTask {
        FlushTask(
            definition: definition, directory: directory, rows: rows, upTo: upTo,
            workers: workers)
    }
}

/// The rows of a memtable that nobody appends to any more.
struct FrozenRows: Sendable {
    let view: MemtableView
    let firstLSN: LSN
    let lastLSN: LSN
    let byteCount: Int
}
