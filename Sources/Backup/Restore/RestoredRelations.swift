import Catalog
import Diagnostics
import Storage

/// The schemas and sequences that come with restored tables.
///
/// A table that is made anew gets its own sequences, which count on from where the backup's were:
/// under their names, or under free ones when the table has another name or others hold theirs. The
/// sequences of a table that stays count on from where the farther one is, so that no number of a
/// restored row is given out again.
struct RestoredRelations {
    let request: RestoreRequest
    let source: RestoreSource
    let live: Snapshot
    /// Whether the backup is of the very database: then ids tell what is the same.
    let isSameDatabase: Bool
    let makeTableID: () -> UInt64
    /// What others would look for once per table.
    private let ownedSequences: [UInt64: [UInt64]]
    private let storedRelations: [String: TableDefinition]

    init(
        request: RestoreRequest, source: RestoreSource, live: Snapshot, isSameDatabase: Bool,
        makeTableID: @escaping () -> UInt64
    ) {
        self.request = request
        self.source = source
        self.live = live
        self.isSameDatabase = isSameDatabase
        self.makeTableID = makeTableID
        var owned: [UInt64: [UInt64]] = [:]
        for sequence in live.otherRelations {
            if let owner = sequence.sequence?.owner {
                owned[owner, default: []].append(sequence.id)
            }
        }
        ownedSequences = owned
        var stored: [String: TableDefinition] = [:]
        for relation in source.root.relations {
            stored[Self.key(relation.schema, relation.name)] = relation
        }
        storedRelations = stored
    }

    private static func key(_ schema: String, _ name: String) -> String {
        "\(schema)\0\(name)".lowercased()
    }

    /// Finds what tables need and lets their columns name it.
    func bind(_ tables: inout [RestorePlan.Table]) throws(DatabaseError)
        -> [RestorePlan.Relation]
    {
        var relations = schemas(tables.map(\.definition.schema))
        var taken: Set<String> = []
        var dropped: Set<UInt64> = []
        for index in tables.indices {
            switch tables[index].change {
            case .partitions:
                relations += advancedSequences(of: tables[index])
                continue
            case .create: break
            case .replace(let old):
                for sequence in ownedSequences[old] ?? [] {
                    relations.append(RestorePlan.Relation(definition: nil, replaced: sequence))
                    dropped.insert(sequence)
                }
            }
            let (definition, sequences) = renewSequences(
                of: tables[index], dropped: dropped, &taken)
            tables[index] = tables[index].with(definition)
            relations += sequences
        }
        if request.scope == .database { relations += standaloneSequences() }
        let made = tables.filter { $0.change != .partitions }.map(\.definition)
        return relations + unreadable(made + relations.compactMap(\.definition))
    }

    /// Relations that cannot be read, of the names that come or of the backup's ids: FULL and
    /// INCREMENTAL take their place, they would be marked as damaged for ever. Otherwise they are a
    /// conflict: under a name that another one has nobody could reach them.
    private func unreadable(_ coming: [TableDefinition]) -> [RestorePlan.Relation] {
        let isOriginal = request.target == .original
        let isReplacing = isOriginal && request.mode != .refuse
        let names = coming.map { TableName(schema: $0.schema, name: $0.name) }
        let folded = Set(names.map(\.folded))
        let stored = source.tables.map(\.definition) + source.root.relations
        let known = isSameDatabase ? Set(stored.map(\.id)) : []
        let ids = Set(
            stored.filter { folded.contains(TableName(schema: $0.schema, name: $0.name).folded) }
                .map(\.id))
        return live.damagedTables.filter { damaged in
            if isOriginal, isSameDatabase, ids.contains(damaged.id) { return true }
            if let schema = damaged.schema {
                return folded.contains(TableName(schema: schema, name: damaged.name).folded)
            }
            // Of a schema that cannot be told: any, unless the backup knows it by another name.
            if isReplacing, known.contains(damaged.id) { return false }
            return names.contains { damaged.isNamed($0.name, schema: $0.schema) }
        }.map { damaged in
            RestorePlan.Relation(
                definition: nil, replaced: damaged.id,
                conflict: isReplacing
                    ? nil
                    : .restoreOntoDamaged(
                        damaged.name, damaged.error, in: request.scope, isNew: !isOriginal),
                unreadable: damaged.directoryName)
        }
    }

    /// Schemas that do not exist yet: those of tables, and for a database all that it had.
    private func schemas(_ needed: [String]) -> [RestorePlan.Relation] {
        var names = needed
        if request.scope == .database {
            names += source.root.relations.filter { $0.kind == .schema }.map(\.name)
        }
        var known: Set<String> = ["public"]
        var relations: [RestorePlan.Relation] = []
        for name in names where known.insert(name.lowercased()).inserted {
            if live.relation(schema: "", name: name) != nil { continue }
            relations.append(
                RestorePlan.Relation(definition: .schema(id: makeTableID(), name: name)))
        }
        return relations
    }

    /// Sequences of the backup that belong to no table.
    private func standaloneSequences() -> [RestorePlan.Relation] {
        source.root.relations.compactMap { stored in
            guard let sequence = stored.sequence, sequence.owner == nil else { return nil }
            let own = live.relation(schema: stored.schema, name: stored.name)
            // INCREMENTAL is about rows; counting back would give numbers out twice.
            if let own, request.mode == .differing { return advanced(own, as: stored) }
            let isInTheWay = own != nil && request.mode == .refuse
            return RestorePlan.Relation(
                definition: stored.copied(id: makeTableID(), name: stored.name),
                replaced: own?.id,
                conflict: isInTheWay
                    ? .restoreOntoTable(stored.name, in: request.scope, at: nil) : nil)
        }
    }

    /// The live sequences of a table that gets rows which the backup's sequences have numbered.
    private func advancedSequences(of table: RestorePlan.Table) -> [RestorePlan.Relation] {
        let isChanged = table.partitions.contains { $0.action == .add || $0.action == .replace }
        guard isChanged else { return [] }
        return table.definition.columns.compactMap { column in
            guard case .sequence(let schema, let name, _)? = column.defaultValue,
                let own = live.relation(schema: schema, name: name),
                let stored = storedSequence(of: column.name, in: table.origin)
            else { return nil }
            return advanced(own, as: stored)
        }
    }

    /// The sequence of the backup that numbers a column.
    private func storedSequence(of column: String, in table: TableDefinition?)
        -> TableDefinition?
    {
        guard let table, let index = table.columnIndex(named: column),
            case .sequence(let schema, let name, _)? = table.columns[index].defaultValue
        else { return nil }
        return find(schema, name)
    }

    /// A live sequence that goes on behind the numbers of another; nil when it is there already.
    ///
    /// Numbers are given from a stretch that was reserved before. Of another sequence's nobody knows
    /// whether ours, though it has reserved as many, is still to give them: it gives up its stretch.
    private func advanced(_ own: TableDefinition, as stored: TableDefinition)
        -> RestorePlan.Relation?
    {
        guard var sequence = own.sequence, let given = stored.sequence?.reserved else {
            return nil
        }
        let reached = min(max(given, sequence.minimum), sequence.maximum)
        if let reserved = sequence.reserved {
            let isBehind = sequence.increment > 0 ? reserved < reached : reserved > reached
            if !isBehind, isSameDatabase, own.id == stored.id { return nil }
            sequence.reserved = isBehind ? reached : reserved
        } else {
            sequence.reserved = reached
        }
        return RestorePlan.Relation(definition: nil, advanced: own.withSequence(sequence))
    }

    /// New sequences for the columns that count, and the table that names them.
    private func renewSequences(
        of table: RestorePlan.Table, dropped: Set<UInt64>, _ taken: inout Set<String>
    ) -> (TableDefinition, [RestorePlan.Relation]) {
        var definition = table.definition
        var relations: [RestorePlan.Relation] = []
        for (index, column) in table.definition.columns.enumerated() {
            guard case .sequence(let schema, let name, let generation)? = column.defaultValue,
                let stored = find(schema, name), var sequence = stored.sequence
            else { continue }
            guard sequence.owner != nil else {
                relations += standalone(stored, sequence)
                continue
            }
            sequence.owner = definition.id
            let isRenamed = request.target != .original
            let wanted = isRenamed ? Self.name(of: column.name, in: definition.name) : name
            let free = freeName(wanted, in: definition.schema, dropped: dropped, &taken)
            relations.append(
                RestorePlan.Relation(
                    definition: .sequence(
                        id: makeTableID(), schema: definition.schema, name: free, sequence)))
            definition = definition.withDefault(
                .sequence(schema: definition.schema, name: free, generation), at: index)
        }
        // However many defaults were set, it is the first version of a new table.
        return (definition.copied(id: definition.id, name: definition.name), relations)
    }

    /// The sequence that a column's default names and no table owns: it is there, or comes along. A
    /// restore of the whole database brings all of them by itself.
    private func standalone(_ stored: TableDefinition, _ sequence: SequenceDefinition)
        -> [RestorePlan.Relation]
    {
        if request.scope == .database { return [] }
        if let own = live.relation(schema: stored.schema, name: stored.name) {
            return advanced(own, as: stored).map { [$0] } ?? []
        }
        return [
            RestorePlan.Relation(
                definition: stored.copied(id: makeTableID(), name: stored.name))
        ]
    }

    /// `table_column_seq`, cut so that a number still fits behind it.
    private static func name(of column: String, in table: String) -> String {
        var text = "\(table)_\(column)"
        while text.utf8.count > Limits.nameBytes - 16 { text.removeLast() }
        return text + "_seq"
    }

    private func find(_ schema: String, _ name: String) -> TableDefinition? {
        storedRelations[Self.key(schema, name)]
    }

    /// The wanted name, or the first free one with a number behind it.
    private func freeName(
        _ wanted: String, in schema: String, dropped: Set<UInt64>, _ taken: inout Set<String>
    ) -> String {
        var name = wanted
        var number = 0
        while true {
            let own = live.relation(schema: schema, name: name)
            var isFree = own.map { dropped.contains($0.id) } ?? true
            // What cannot be opened keeps its name, unless it is the one that is replaced.
            if request.target != .original, live.damagedTable(schema: schema, name: name) != nil {
                isFree = false
            }
            if isFree, taken.insert("\(schema)\0\(name)".lowercased()).inserted { return name }
            number += 1
            name = "\(wanted)\(number)"
        }
    }
}

extension RestorePlan.Table {
    /// The same plan for a changed definition of the same id.
    fileprivate func with(_ definition: TableDefinition) -> RestorePlan.Table {
        RestorePlan.Table(
            change: change, definition: definition, partitions: partitions, conflict: conflict,
            bytesDropped: bytesDropped, rowsLost: rowsLost, origin: origin)
    }
}
