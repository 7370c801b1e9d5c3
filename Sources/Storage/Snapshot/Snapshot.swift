package import Catalog
package import Diagnostics
import Synchronization
package import Values

/// A pinned view of all tables at one LSN. Nothing it shows is removed before it is released.
package final class Snapshot: Sendable {
    package let lsn: LSN
    /// Whose snapshot it is, and of which timeline.
    package var identity: DatabaseIdentity { state.identity }
    private let state: DatabaseState
    private let pin: UInt64
    private let core: StorageCore
    private let isReleased = Atomic(false)

    init(state: DatabaseState, pin: UInt64, core: StorageCore) {
        lsn = state.lsn
        self.state = state
        self.pin = pin
        self.core = core
    }

    deinit { release() }

    /// All tables, ordered by id.
    package var tables: [TableView] {
        state.tables.values.filter { $0.definition.isTable }
            .sorted { $0.definition.id < $1.definition.id }
            .map { TableView(version: $0) }
    }

    /// Schemas and sequences, ordered by id.
    package var otherRelations: [TableDefinition] {
        state.tables.values.map(\.definition).filter { !$0.isTable }.sorted { $0.id < $1.id }
    }

    /// Finds a table by name, without regard to case.
    package func table(schema: String, name: String) -> TableView? {
        state.names[DatabaseState.key(schema: schema, name: name)].flatMap { table(id: $0) }
            .flatMap { $0.definition.isTable ? $0 : nil }
    }

    /// Finds whatever has this name; a schema lies in the schema of the empty name.
    package func relation(schema: String, name: String) -> TableDefinition? {
        state.names[DatabaseState.key(schema: schema, name: name)]
            .flatMap { state.tables[$0]?.definition }
    }

    /// A table that lies there and cannot be opened; nil when there is none of this name, or another
    /// one has it now.
    package func damagedTable(schema: String, name: String) -> DamagedTable? {
        state.damaged(schema: schema, name: name)
    }

    /// All that cannot be opened, whatever has their names now.
    package var damagedTables: [DamagedTable] {
        state.damaged.values.sorted { $0.id < $1.id }
    }

    /// What is wrong with it.
    package func damage(schema: String, name: String) -> DatabaseError? {
        damagedTable(schema: schema, name: name)?.error
    }

    package func table(id: UInt64) -> TableView? {
        state.tables[id].map { TableView(version: $0) }
    }

    /// Counts what a scan read of a segment and what it left out.
    func note(_ pruned: PrunedRun, of table: UInt64) {
        core.count {
            $0[table, default: TableCounters()].blocksScanned += pruned.blocks - pruned.prunedBlocks
            $0[table, default: TableCounters()].blocksPruned += pruned.prunedBlocks
        }
    }

    /// Gives the pin back; further reads may fail. Idempotent, from any thread.
    package func release() {
        if isReleased.exchange(true, ordering: .acquiringAndReleasing) { return }
        core.unpin(pin)
    }
}

/// One table of a snapshot.
package struct TableView: Sendable {
    let version: TableVersion

    package var definition: TableDefinition { version.definition }
    package var name: String { version.definition.name }
    package var rowCount: Int { version.rowCount }

    /// The segments, in the order in which they joined the table.
    package var segments: [SegmentEntry] { version.segments.map(\.entry) }

    /// The rows in commit order of their runs; rows of different runs may overlap in time.
    package var runs: [Run] {
        var runs = version.segments.map { Run(.segment($0, version.definition)) }
        for view in version.memory {
            for chunk in view.chunks where chunk.rows > 0 {
                runs.append(Run(.memory(chunk, view.dictionaries)))
            }
        }
        return runs
    }
}

/// Rows that lie together: a segment or a chunk in memory. The unit of parallel work.
package struct Run: Sendable {
    enum Source: Sendable {
        case memory(ChunkView, [GrowingDictionary?])
        case segment(SegmentHandle, TableDefinition)
    }

    let source: Source
    /// For rows in memory that are presented under a newer definition: where its columns are found,
    /// nil for one that the rows do not have.
    private var presented: [(index: Int?, type: ValueType)]?

    init(_ source: Source) { self.source = source }

    /// The same rows under a later definition of their table: a transaction sees its own ALTER
    /// before anyone else does. Columns are found by id.
    package func presented(as new: TableDefinition, insteadOf old: TableDefinition) -> Run {
        switch source {
        case .segment(let handle, _): return Run(.segment(handle, new))
        case .memory:
            var copy = self
            copy.presented = new.columns.map { (old.columnIndex(id: $0.id), $0.type) }
            return copy
        }
    }

    package var rowCount: Int {
        switch source {
        case .memory(let view, _): view.rows
        case .segment(let handle, _): handle.entry.rows
        }
    }

    /// Bounds of the designated timestamp; nil without one.
    package var minTimestamp: Int64? {
        switch source {
        case .memory(let view, _): view.minTimestamp
        case .segment(let handle, _): handle.entry.minTimestamp
        }
    }

    package var maxTimestamp: Int64? {
        switch source {
        case .memory(let view, _): view.maxTimestamp
        case .segment(let handle, _): handle.entry.maxTimestamp
        }
    }

    /// Whether rows ascend by the designated timestamp.
    package var isSorted: Bool {
        switch source {
        case .memory(let view, _): view.isSorted
        case .segment: true
        }
    }

    /// The segment that the rows lie in; nil in memory.
    package var segment: SegmentEntry? {
        switch source {
        case .memory: nil
        case .segment(let handle, _): handle.entry
        }
    }

    /// Whether the rows are still in memory, not in a segment.
    package var isInMemory: Bool {
        switch source {
        case .memory: true
        case .segment: false
        }
    }

    /// What is known of a column's rows without reading them, an entry for each
    /// `SegmentStatistics.rowsPerEntry` rows; nil of rows in memory.
    ///
    /// - Throws: XX001 naming file and block when what is on disk is damaged.
    package func statistics(column: Int) throws(DatabaseError) -> [SegmentStatistics]? {
        switch source {
        case .memory: return nil
        case .segment(let handle, let definition):
            let wanted = definition.columns[column]
            return try handle.read {
                (segment) throws(DatabaseError) -> [SegmentStatistics]? in
                try segment.statistics(
                    for: wanted, id: handle.entry.segmentColumn(of: wanted.id))
            }
        }
    }

    /// Presents some columns of some rows, by their index in the table's definition.
    ///
    /// - Throws: XX001 naming file and block when what is on disk is damaged.
    package func batch(columns: [Int], rows: Range<Int>) throws(DatabaseError) -> Batch {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows of this run")
        switch source {
        case .memory(let view, let dictionaries):
            let vectors = columns.map { column in
                guard let index = presented.map({ $0[column].index }) ?? column else {
                    return ColumnVector.nulls(presented?[column].type ?? .long, rows.count)
                }
                return view.chunk.vector(
                    index, rows: rows, dictionary: dictionaries[index]?.current())
            }
            return Batch(rowCount: rows.count, columns: vectors)
        case .segment(let handle, let definition):
            return try handle.read { (segment) throws(DatabaseError) -> Batch in
                var vectors: [ColumnVector] = []
                for column in columns {
                    let wanted = definition.columns[column]
                    let id = handle.entry.segmentColumn(of: wanted.id)
                    vectors.append(try segment.vector(for: wanted, id: id, rows: rows))
                }
                return Batch(rowCount: rows.count, columns: vectors)
            }
        }
    }
}

extension ColumnVector {
    /// A column of nothing but NULL.
    fileprivate static func nulls(_ type: ValueType, _ count: Int) -> ColumnVector {
        var builder = ColumnBuilder(type: type)
        for _ in 0..<count { builder.append(.null) }
        return builder.makeVector()
    }
}
