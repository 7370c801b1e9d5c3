package import Catalog
package import Diagnostics
package import SQL
import Values

extension Binder {
    /// Makes the definition of a table that takes the columns of a query.
    ///
    /// - Throws: 0A000 for a type no column may have, 42701 for a name that comes twice, 42703 and 42P16 for a TIMESTAMP that is no
    ///   column of that type.
    package static func definition(
        _ create: CreateTable, takingColumnsOf query: BoundQuery, id: UInt64
    ) throws(DatabaseError) -> TableDefinition {
        if !create.dedupKeys.isEmpty { throw .unsupported("DEDUP", at: create.position) }
        var columns: [Catalog.ColumnDefinition] = []
        for column in query.columns {
            if columns.contains(where: { $0.name.lowercased() == column.name.lowercased() }) {
                throw .duplicateColumn(column.name, at: create.query?.position ?? create.position)
            }
            guard column.type.isStorable else {
                throw .unsupported(
                    "a column of type \(column.type.postgresName)",
                    at: create.query?.position ?? create.position)
            }
            columns.append(
                Catalog.ColumnDefinition(
                    id: UInt32(columns.count + 1), name: column.name, type: column.type))
        }
        var timestamp: Int?
        if let name = create.designatedTimestamp {
            timestamp = columns.firstIndex { $0.name.lowercased() == name.folded }
            guard let timestamp else { throw .undefinedColumn(name.text, at: name.position) }
            guard columns[timestamp].type == .timestamp else {
                throw .invalidDefinition(
                    "designated timestamp must be of type TIMESTAMP \"\(name.text)\"",
                    at: name.position)
            }
        }
        let unit = create.partitionBy.flatMap { Catalog.PartitionUnit.named($0.rawValue) }
        if timestamp == nil, let unit, unit != .none {
            throw .invalidDefinition(
                "partitioning is possible only on tables with designated timestamps",
                at: create.position)
        }
        return TableDefinition(
            id: id, schema: create.table.schema?.folded ?? "public", name: create.table.name.text,
            columns: columns, timestampIndex: timestamp,
            partitionUnit: unit ?? (timestamp == nil ? .none : .day))
    }
}
