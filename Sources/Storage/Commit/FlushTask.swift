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
    /// What the table had when the rows were frozen.
    let before: Before
    /// The table's commits up to here are in these rows or in segments made before.
    let upTo: LSN
    let outcome: Answer<[SegmentHandle]>

    struct Before: Sendable {
        let segments: [SegmentHandle]
        /// The last moments of rows that are still being flushed.
        let moments: [Int64]

        init(_ table: LiveTable) {
            segments = table.segments
            moments = table.flushing.compactMap { task in
                task.rows.view.chunks.compactMap(\.maxTimestamp).max()
            }
        }
    }

    init(
        definition: TableDefinition, directory: String, rows: FrozenRows, before: Before,
        upTo: LSN, workers: any Workers
    ) {
        self.definition = definition
        self.directory = directory
        self.rows = rows
        self.before = before
        self.upTo = upTo
        outcome = Answer(workers)
    }

    var table: UInt64 { definition.id }

    /// The last moment that each partition had a row of; rows that are up to there are late.
    var reached: [String: Int64] {
        var reached: [String: Int64] = [:]
        for segment in before.segments {
            guard let last = segment.entry.maxTimestamp else { continue }
            let partition = segment.entry.partition
            reached[partition] = max(reached[partition] ?? last, last)
        }
        for last in before.moments {
            let name = PartitionName.partition(of: last, in: definition).name
            reached[name] = max(reached[name] ?? last, last)
        }
        return reached
    }

    /// The same rows once more, after a failure.
    func again(workers: any Workers) -> FlushTask {
        FlushTask(
            definition: definition, directory: directory, rows: rows, before: before,
            upTo: upTo, workers: workers)
    }
}

/// The rows of a memtable that nobody appends to any more.
struct FrozenRows: Sendable {
    let view: MemtableView
    let firstLSN: LSN
    let lastLSN: LSN
    let byteCount: Int
}
