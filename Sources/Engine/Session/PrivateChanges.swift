import Catalog
import Diagnostics
import Execution
import Storage
import Values

/// What a transaction has done and nobody else sees yet.
struct PrivateChanges {
    private(set) var edits: [Edit] = []
    private(set) var created: [TableDefinition] = []
    private(set) var dropped: Set<UInt64> = []
    private(set) var truncated: Set<UInt64> = []
    private var rows: [UInt64: PrivateRows] = [:]

    var isEmpty: Bool { edits.isEmpty && rows.isEmpty }

    mutating func create(_ definition: TableDefinition) {
        created.append(definition)
        edits.append(.createTable(definition))
    }

    mutating func drop(_ definition: TableDefinition) {
        rows[definition.id] = nil
        if let index = created.firstIndex(where: { $0.id == definition.id }) {
            created.remove(at: index)
            edits.removeAll {
                if case .createTable(let other) = $0 { other.id == definition.id } else { false }
            }
            return
        }
        dropped.insert(definition.id)
        edits.append(.dropTable(id: definition.id))
    }

    mutating func truncate(_ definition: TableDefinition) {
        rows[definition.id] = nil
        if created.contains(where: { $0.id == definition.id }) { return }
        truncated.insert(definition.id)
        edits.append(.truncateTable(id: definition.id))
    }

    mutating func append(_ batch: Batch, to table: TableDefinition) {
        if batch.rowCount == 0 { return }
        // Out of the dictionary while it grows, so that nothing is copied.
        var present = rows.removeValue(forKey: table.id) ?? PrivateRows(table)
        present.append(batch)
        rows[table.id] = present
    }

    /// The rows written to a table so far.
    func batches(of table: UInt64) -> [Batch] { rows[table]?.batches ?? [] }

    /// Everything as one transaction for Storage.
    func makeTransaction() -> Transaction {
        var appends: [Append] = []
        for (id, part) in rows.sorted(by: { $0.key < $1.key }) {
            for batch in part.batches {
                appends.append(
                    Append(table: id, definitionVersion: part.definition.version, batch: batch))
            }
        }
        return Transaction(edits: edits, appends: appends)
    }
}

/// Rows written to one table, in batches.
struct PrivateRows {
    let definition: TableDefinition
    private(set) var batches: [Batch] = []
    /// How many of the last batches are small.
    private var smallTail = 0

    init(_ definition: TableDefinition) { self.definition = definition }

    mutating func append(_ batch: Batch) {
        batches.append(batch)
        smallTail = batch.rowCount < Limits.smallBatchRows ? smallTail + 1 : 0
        if smallTail >= Limits.smallBatches { compact() }
    }

    /// Many small batches, as single-row INSERTs leave them, become one.
    private mutating func compact() {
        let tail = batches.suffix(smallTail)
        var builders = definition.columns.map { ColumnBuilder(type: $0.type) }
        var count = 0
        for batch in tail {
            for row in 0..<batch.rowCount {
                for (index, column) in batch.columns.enumerated() {
                    builders[index].append(column.value(at: row))
                }
            }
            count += batch.rowCount
        }
        batches.removeLast(smallTail)
        batches.append(Batch(rowCount: count, columns: builders.map { $0.makeVector() }))
        smallTail = 0
    }
}
