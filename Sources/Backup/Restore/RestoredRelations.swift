import Catalog
import Diagnostics
import Storage

/// The schemas and sequences that come with restored tables.
///
/// A table that is made anew gets its own sequences, which count on from where the backup's were:
/// under their names, or under free ones when the table has another name or others hold theirs.
struct RestoredRelations {
    let request: RestoreRequest
    let source: RestoreSource
    let live: Snapshot
    let makeTableID: () -> UInt64

    /// Finds what tables need and lets their columns name it.
    func bind(_ tables: inout [RestorePlan.Table]) throws(DatabaseError)
        -> [RestorePlan.Relation]
    {
        var relations = schemas(tables.map(\.definition.schema))
        var taken: Set<String> = []
        for index in tables.indices {
            switch tables[index].change {
            case .partitions: continue
            case .create: break
            case .replace(let old):
                for sequence in live.tables where sequence.definition.sequence?.owner == old {
                    relations.append(
                        RestorePlan.Relation(
                            definition: nil, replaced: sequence.definition.id, conflict: nil))
                }
            }
            let (definition, sequences) = renewSequences(
                of: tables[index], dropped: Set(relations.compactMap(\.replaced)), &taken)
            tables[index] = tables[index].with(definition)
            relations += sequences
        }
        if request.scope == .database { relations += standaloneSequences() }
        return relations
    }

    /// Schemas that do not exist yet: those of tables, and for a database all that it had.
    private func schemas(_ needed: [String]) -> [RestorePlan.Relation] {
        var names = needed
        if request.scope == .database {
            names += source.root.tables.map(\.definition).filter { $0.kind == .schema }.map(\.name)
        }
        var known: Set<String> = ["public"]
        var relations: [RestorePlan.Relation] = []
        for name in names where known.insert(name.lowercased()).inserted {
            if live.table(schema: "", name: name) != nil { continue }
            relations.append(
                RestorePlan.Relation(
                    definition: .schema(id: makeTableID(), name: name), replaced: nil,
                    conflict: nil))
        }
        return relations
    }

    /// Sequences of the backup that belong to no table.
    private func standaloneSequences() -> [RestorePlan.Relation] {
        source.root.tables.map(\.definition).compactMap { stored in
            guard let sequence = stored.sequence, sequence.owner == nil else { return nil }
            let own = live.table(schema: stored.schema, name: stored.name)
            // INCREMENTAL is about rows; counting back would give numbers out twice.
            if own != nil, request.mode == .differing { return nil }
            let isInTheWay = own != nil && request.mode == .refuse
            return RestorePlan.Relation(
                definition: stored.copied(id: makeTableID(), name: stored.name),
                replaced: own?.definition.id,
                conflict: isInTheWay ? .restoreOntoTable(stored.name, at: nil) : nil)
        }
    }

    /// New sequences for the columns that count, and the table that names them.
    private func renewSequences(
        of table: RestorePlan.Table, dropped: Set<UInt64>, _ taken: inout Set<String>
    ) -> (TableDefinition, [RestorePlan.Relation]) {
        var definition = table.definition
        var relations: [RestorePlan.Relation] = []
        for (index, column) in table.definition.columns.enumerated() {
            guard case .sequence(let schema, let name, let generation)? = column.defaultValue,
                let stored = find(schema, name), var sequence = stored.sequence,
                sequence.owner != nil
            else { continue }
            sequence.owner = definition.id
            let isRenamed = request.target != .original
            let wanted = isRenamed ? Self.name(of: column.name, in: definition.name) : name
            let free = freeName(wanted, in: definition.schema, dropped: dropped, &taken)
            relations.append(
                RestorePlan.Relation(
                    definition: .sequence(
                        id: makeTableID(), schema: definition.schema, name: free, sequence),
                    replaced: nil, conflict: nil))
            definition = definition.withDefault(
                .sequence(schema: definition.schema, name: free, generation), at: index)
        }
        // However many defaults were set, it is the first version of a new table.
        return (definition.copied(id: definition.id, name: definition.name), relations)
    }

    /// `table_column_seq`, cut so that a number still fits behind it.
    private static func name(of column: String, in table: String) -> String {
        var text = "\(table)_\(column)"
        while text.utf8.count > Limits.nameBytes - 16 { text.removeLast() }
        return text + "_seq"
    }

    private func find(_ schema: String, _ name: String) -> TableDefinition? {
        source.root.tables.map(\.definition).first {
            $0.schema.lowercased() == schema.lowercased()
                && $0.name.lowercased() == name.lowercased()
        }
    }

    /// The wanted name, or the first free one with a number behind it.
    private func freeName(
        _ wanted: String, in schema: String, dropped: Set<UInt64>, _ taken: inout Set<String>
    ) -> String {
        var name = wanted
        var number = 0
        while true {
            let own = live.table(schema: schema, name: name)
            let isFree = own.map { dropped.contains($0.definition.id) } ?? true
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
            bytesDropped: bytesDropped)
    }
}
