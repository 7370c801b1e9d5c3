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
    /// Tables that can be dropped and nothing else.
    let damaged: Set<UInt64>
    private(set) var items: [Item] = []
    private(set) var payload = ByteWriter()
    private(set) var nextLSN: LSN
    /// Tables made and dropped by the items so far; nil stands for dropped.
    private var changes: [UInt64: TableDefinition?] = [:]
    private var nameChanges: [String: UInt64?] = [:]
    /// Definitions of tables that the items make.
    private(set) var created: [TableDefinition] = []
    /// Segments that the items take away, and tables that they empty.
    private var removedSegments: Set<String> = []
    private var emptied: Set<UInt64> = []
    /// The segments of tables as the plan found them, once somebody has asked.
    private var known: [UInt64: Set<String>] = [:]

    init(
        tables: [UInt64: LiveTable], names: [String: UInt64], damaged: Set<UInt64>, nextLSN: LSN
    ) {
        self.damaged = damaged
        self.tables = tables
        self.names = names
        self.nextLSN = nextLSN
    }

    /// Takes a transaction in, or throws and leaves everything as it was.
    mutating func add(
        _ transaction: Transaction,
        _ completion: @escaping @Sendable (Result<CommitResult, DatabaseError>) -> Void
    ) throws(DatabaseError) {
        let before = (changes, nameChanges, payload.count)
        let segmentsBefore = (created, removedSegments, emptied)
        do throws(DatabaseError) {
            try check(transaction.expectedSegments)
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
            (created, removedSegments, emptied) = segmentsBefore
            throw error
        }
    }

    /// Whether one of the items begins a new line of history.
    var beginsTimeline: Bool {
        items.contains { item in
            item.entry.edits.contains { edit in
                if case .timeline = edit { true } else { false }
            }
        }
    }

    /// Whether files go with one of the items.
    var freesRoom: Bool {
        items.contains { item in
            item.entry.edits.contains { edit in
                switch edit {
                case .drop, .truncate: true
                case .replace(let replacement): !replacement.removed.isEmpty
                case .create, .alter, .attach, .timeline, .forget: false
                }
            }
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
            try checkReadable(definition)
            let key = DatabaseState.key(definition)
            if (nameChanges[key] ?? names[key]) != nil { throw .duplicateTable(definition.name) }
            try checkSchema(of: definition)
            if tables[definition.id] != nil || changes[definition.id] != nil {
                throw .staleTableID(definition.id)
            }
            changes.updateValue(definition, forKey: definition.id)
            nameChanges.updateValue(definition.id, forKey: key)
            created.append(definition)
        case .dropTable(let id) where damaged.contains(id) && !changes.keys.contains(id):
            changes.updateValue(nil, forKey: id)
        case .dropTable(let id):
            let definition = try definition(id)
            if definition.kind == .schema { try checkEmpty(schema: definition.name) }
            changes.updateValue(nil, forKey: id)
            nameChanges.updateValue(nil, forKey: DatabaseState.key(definition))
        case .truncateTable(let id):
            _ = try definition(id)
            emptied.insert(id)
        case .alterTable(let altered): try check(altered)
        case .replaceSegments(let replacement): try check(replacement)
        case .forgetDetached(let partition): _ = try definition(partition.table)
        case .beginTimeline: break
        }
    }

    /// What the log cannot be read back with must never be written to it.
    private func checkReadable(_ definition: TableDefinition) throws(DatabaseError) {
        // A schema's own schema is the empty name.
        let schema = definition.kind == .schema ? [] : [definition.schema]
        for name in schema + [definition.name] + definition.columns.map(\.name)
        where name.isEmpty || name.utf8.count > Limits.nameBytes {
            throw .nameOutOfLimits(name)
        }
        guard definition.columns.count <= Limits.columns else {
            throw .tooManyColumns(definition.columns.count)
        }
        for column in definition.columns where !column.type.isStorable {
            throw .unstorableColumn(column.name, column.type.name)
        }
    }

    private mutating func check(_ altered: TableDefinition) throws(DatabaseError) {
        try checkReadable(altered)
        let current = try definition(altered.id)
        guard altered.version == current.version + 1 else {
            throw .staleDefinition(table: current.name)
        }
        let old = DatabaseState.key(current)
        let new = DatabaseState.key(altered)
        if old != new {
            if (nameChanges[new] ?? names[new]) != nil { throw .duplicateTable(altered.name) }
            try checkSchema(of: altered)
            nameChanges.updateValue(nil, forKey: old)
            nameChanges.updateValue(altered.id, forKey: new)
        }
        changes.updateValue(altered, forKey: altered.id)
    }

    /// A relation's schema is there. "public" always is, and schemas themselves have none.
    private func checkSchema(of definition: TableDefinition) throws(DatabaseError) {
        let schema = definition.schema.lowercased()
        if schema == "public" || definition.kind == .schema { return }
        let key = DatabaseState.key(schema: "", name: schema)
        if (nameChanges[key] ?? names[key]) == nil { throw .undefinedSchema(definition.schema) }
    }

    private func checkEmpty(schema: String) throws(DatabaseError) {
        let wanted = schema.lowercased()
        var left = tables.mapValues(\.definition)
        for (id, change) in changes { left[id] = change }
        let inside = left.values.first { $0.schema.lowercased() == wanted && $0.kind != .schema }
        if let inside { throw .schemaNotEmpty(schema, holds: inside.name) }
    }

    private func check(_ expected: [UInt64: Set<String>]) throws(DatabaseError) {
        for (id, segments) in expected {
            let definition = try definition(id)
            let isTouched = items.contains { item in
                item.entry.appends.contains { $0.table == id } || item.entry.edits.contains(id)
            }
            guard let table = tables[id], !table.hasUnflushedRows, !isTouched,
                Set(table.segments.map(\.entry.id)) == segments
            else { throw .staleDefinition(table: definition.name) }
        }
    }

    private mutating func check(_ replacement: SegmentReplacement) throws(DatabaseError) {
        let definition = try definition(replacement.table)
        guard definition.version == replacement.definitionVersion else {
            throw .staleDefinition(table: definition.name)
        }
        if replacement.removed.isEmpty { return }
        let current =
            known[replacement.table]
            ?? Set(tables[replacement.table]?.segments.map(\.entry.id) ?? [])
        known[replacement.table] = current
        let isEmptied = emptied.contains(replacement.table)
        for id in replacement.removed {
            guard !isEmptied, current.contains(id), !removedSegments.contains(id) else {
                throw .staleSegment(id, table: definition.name)
            }
            removedSegments.insert(id)
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

extension [LogEdit] {
    /// Whether one of them is about a table.
    fileprivate func contains(_ table: UInt64) -> Bool {
        contains { edit in
            switch edit {
            case .create(let definition), .alter(let definition): definition.id == table
            case .drop(let id), .truncate(let id), .attach(let id, _, _): id == table
            case .replace(let replacement): replacement.table == table
            case .timeline, .forget: false
            }
        }
    }
}
