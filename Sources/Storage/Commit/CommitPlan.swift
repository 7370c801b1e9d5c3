import Bytes
import Catalog
import Diagnostics
import Values

/// Transactions that passed validation, ready for one frame of the log.
///
/// Everything that can be refused is refused here, before the append: definitions as they will be
/// after the transactions before, names, types, NULLs, sizes.
struct CommitPlan {
    struct Item {
        let entry: LogEntry
        let lsn: LSN
        let completion: @Sendable (Result<CommitResult, DatabaseError>) -> Void
    }

    let tables: [UInt64: LiveTable]
    let names: [String: UInt64]
    private(set) var items: [Item] = []
    private(set) var payload = ByteWriter()
    private(set) var nextLSN: LSN
    /// Tables made and dropped by the items so far; nil stands for dropped.
    private var changes: [UInt64: TableDefinition?] = [:]
    private var nameChanges: [String: UInt64?] = [:]

    init(tables: [UInt64: LiveTable], names: [String: UInt64], nextLSN: LSN) {
        self.tables = tables
        self.names = names
        self.nextLSN = nextLSN
    }

    var created: [TableDefinition] { changes.values.compactMap { $0 } }

    /// Takes a transaction in, or throws and leaves everything as it was.
    mutating func add(
        _ transaction: Transaction,
        _ completion: @escaping @Sendable (Result<CommitResult, DatabaseError>) -> Void
    ) throws(DatabaseError) {
        let before = (changes, nameChanges, payload.count)
        do throws(DatabaseError) {
            for edit in transaction.edits { try check(edit) }
            for append in transaction.appends { try check(append) }
            let entry = LogEntry(
                edits: transaction.edits.map { LogEdit($0) }, appends: transaction.appends)
            entry.encode(into: &payload)
            let bytes = payload.count - before.2
            if bytes > Limits.transactionBytes { throw .transactionTooLarge(bytes: bytes) }
            items.append(Item(entry: entry, lsn: nextLSN, completion: completion))
            nextLSN = nextLSN.next
        } catch {
            changes = before.0
            nameChanges = before.1
            payload.bytes.removeSubrange(before.2...)
            throw error
        }
    }

    private func definition(_ id: UInt64) throws(DatabaseError) -> TableDefinition {
        if let change = changes[id] {
            guard let definition = change else { throw .undefinedTable(id: id) }
            return definition
        }
        guard let table = tables[id] else { throw .undefinedTable(id: id) }
        return table.definition
    }

    private mutating func check(_ edit: Edit) throws(DatabaseError) {
        switch edit {
        case .createTable(let definition):
            let key = DatabaseState.key(definition)
            if (nameChanges[key] ?? names[key]) != nil { throw .duplicateTable(definition.name) }
            if tables[definition.id] != nil || changes[definition.id] != nil {
                throw .staleTableID(definition.id)
            }
            changes.updateValue(definition, forKey: definition.id)
            nameChanges.updateValue(definition.id, forKey: key)
        case .dropTable(let id):
            let definition = try definition(id)
            changes.updateValue(nil, forKey: id)
            nameChanges.updateValue(nil, forKey: DatabaseState.key(definition))
        case .truncateTable(let id):
            _ = try definition(id)
        }
    }

    private func check(_ append: Append) throws(DatabaseError) {
        let definition = try definition(append.table)
        guard definition.version == append.definitionVersion else {
            throw .staleDefinition(table: definition.name)
        }
        guard append.batch.columns.count == definition.columns.count else {
            throw .mismatchedBatch(table: definition.name, column: "*")
        }
        for (index, column) in definition.columns.enumerated() {
            let vector = append.batch.columns[index]
            guard vector.type == column.type else {
                throw .mismatchedBatch(table: definition.name, column: column.name)
            }
            if column.isNullable && index != definition.timestampIndex { continue }
            if vector.validity == nil { continue }
            for row in 0..<vector.count where vector.isNull(row) {
                throw .nullInColumn(table: definition.name, column: column.name)
            }
        }
    }
}
