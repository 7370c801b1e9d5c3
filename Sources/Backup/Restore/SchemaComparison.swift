import Catalog
import Storage
import Values

/// Whether the rows of one table may become rows of another, and how their columns correspond.
struct SchemaComparison {
    /// The table in the backup.
    let theirs: TableDefinition
    /// The table the rows go to.
    let ours: TableDefinition

    /// What differs first, in words; nil when the rows fit. The order of columns is no difference.
    var firstDifference: String? {
        for column in theirs.columns {
            guard let index = ours.columnIndex(named: column.name) else {
                return "column \"\(column.name)\" is missing"
            }
            let own = ours.columns[index]
            let isNarrower = own.modifier.map { !$0.takesAll(of: column.modifier) } ?? false
            if own.type != column.type || isNarrower {
                return "column \"\(column.name)\" is \(own.typeName) and in the backup "
                    + column.typeName
            }
            if column.isNullable, !own.isNullable {
                return "column \"\(column.name)\" takes no NULL and in the backup it does"
            }
        }
        if let extra = ours.columns.first(where: { theirs.columnIndex(named: $0.name) == nil }) {
            return "column \"\(extra.name)\" is not in the backup"
        }
        let timestamps = (timestamp(ours), timestamp(theirs))
        if timestamps.0?.lowercased() != timestamps.1?.lowercased() {
            return "designated timestamp is \(words(timestamps.0)) and in the backup "
                + words(timestamps.1)
        }
        if ours.partitionUnit != theirs.partitionUnit {
            return "partitions are by \(ours.partitionUnit.name) and in the backup by "
                + theirs.partitionUnit.name
        }
        if keys(ours) != keys(theirs) {
            return "deduplication keys are \(words(keys(ours))) and in the backup "
                + words(keys(theirs))
        }
        return firstUncheckedConstraint
    }

    /// What the rows in the backup were never held to; nil when they were held to everything.
    private var firstUncheckedConstraint: String? {
        let known = Set(theirs.checks.map(\.text))
        if let check = ours.checks.first(where: { !known.contains($0.text) }) {
            return "check constraint \"\(check.name)\" is not in the backup"
        }
        let unique = theirs.keys.map { names($0.columns, of: theirs) }
        if let key = ours.keys.first(where: { !unique.contains(names($0.columns, of: ours)) }) {
            return "unique constraint \"\(key.name)\" is not in the backup"
        }
        return nil
    }

    private func names(_ ids: [UInt32], of definition: TableDefinition) -> Set<String> {
        Set(
            ids.compactMap { definition.columnIndex(id: $0) }
                .map { definition.columns[$0].name.lowercased() })
    }

    private func keys(_ definition: TableDefinition) -> [String] {
        definition.dedupKeys
            .compactMap { definition.columnIndex(id: $0) }
            .map { definition.columns[$0].name.lowercased() }.sorted()
    }

    private func words(_ columns: [String]) -> String {
        columns.isEmpty ? "none" : columns.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    private func timestamp(_ definition: TableDefinition) -> String? {
        definition.timestampIndex.map { definition.columns[$0].name }
    }

    private func words(_ column: String?) -> String { column.map { "\"\($0)\"" } ?? "none" }

    /// How our columns are found in a segment of theirs.
    ///
    /// - Parameter isSameTable: the ids of both were issued by one table. Otherwise every column is
    ///   named, also where the ids are equal by chance: a column that is added later must not find
    ///   what the segment holds under its id.
    func columnMap(of entry: SegmentEntry, isSameTable: Bool) -> [ColumnLink] {
        var links: [ColumnLink] = []
        for column in ours.columns {
            guard let index = theirs.columnIndex(named: column.name) else { continue }
            let id = theirs.columns[index].id
            let place =
                entry.columnMap.isEmpty ? id : entry.columnMap.first { $0.table == id }?.segment
            if let place { links.append(ColumnLink(table: column.id, segment: place)) }
        }
        let isIdentity = links.allSatisfy { $0.table == $0.segment }
        return isSameTable && isIdentity && entry.columnMap.isEmpty ? [] : links
    }
}
