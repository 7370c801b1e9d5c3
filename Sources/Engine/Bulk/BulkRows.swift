import Catalog
import Diagnostics
import Execution
import Platform
import Storage
import Values

/// The rows that one statement writes to one table: kept while they are few, written as segments
/// as soon as they are many. Used by one thread at a time.
///
/// INV-1 Every file named by `entries` is committed or given back by `discard`.
struct BulkRows: Sendable {
    let table: TableDefinition
    private let storage: Storage
    private let memory: LoadMemory.Share
    /// Bytes of rows that are gathered before they become segments.
    private let gatheredBytes: Int
    /// Bytes of rows that are worth a segment.
    private let segmentBytes: Int
    private(set) var rowCount = 0
    private(set) var batches: [Batch] = []
    private(set) var entries: [SegmentEntry] = []
    private var bytes = 0
    private var rows = 0
    /// What every row must satisfy.
    var check: RowCheck?
    /// The keys that no row may repeat.
    var keys: KeyCheck?

    init(_ engine: Engine, table: TableDefinition) {
        storage = engine.storage
        self.table = table
        memory = engine.loadMemory.makeShare()
        let available = storage.settings.writeMemoryBytes
        gatheredBytes = max(Limits.leastBulkBytes, available / Limits.gatheredMemoryParts)
        segmentBytes = max(Limits.leastBulkBytes, available / Limits.segmentMemoryParts)
    }

    /// Takes rows in the table's columns. Blocks while a segment is written.
    mutating func append(_ batch: Batch) throws(DatabaseError) {
        if batch.rowCount == 0 { return }
        try check?.check(batch)
        try keys?.check(batch)
        batches.append(batch)
        rowCount += batch.rowCount
        rows += batch.rowCount
        let size = batch.columns.reduce(0) {
            $0 + $1.values.count + ($1.heap?.count ?? 0) + ($1.validity?.count ?? 0)
        }
        bytes += size
        memory.take(size)
        let isFull = bytes >= gatheredBytes || rows >= storage.settings.segmentRows
        if isFull || bytes >= segmentBytes && memory.whole.isCrowded { try spill() }
    }

    /// Ends the rows: those that are worth a segment become one, and so does the rest of rows that
    /// are in segments already.
    mutating func finish() throws(DatabaseError) {
        if rows > 0, !entries.isEmpty || bytes >= segmentBytes { try spill() }
    }

    /// Gives back what was written and nobody will commit.
    mutating func discard() {
        let gone = entries
        entries = []
        batches = []
        memory.giveBack()
        if !gone.isEmpty { storage.discardSegments(gone, of: table) }
    }

    /// The segments, for a transaction that has to know them.
    var written: WrittenSegments { WrittenSegments(table: table, entries: entries) }

    /// Puts the rows into a transaction's changes.
    func add(to changes: inout PrivateChanges) {
        if !entries.isEmpty {
            changes.exchange([SegmentExchange(removed: nil, seen: entries)], of: table)
        }
        for batch in batches { changes.append(batch, to: table) }
    }

    private mutating func spill() throws(DatabaseError) {
        entries += try storage.writeSegments(batches, of: table)
        batches = []
        bytes = 0
        rows = 0
        memory.giveBack()
    }
}
