package import Catalog
package import Diagnostics
package import SQL
import Values

extension Binder {
    /// Binds an INSERT: every value gets its column's type.
    package mutating func bindInsert(_ insert: Insert) throws(DatabaseError) -> BoundInsert {
        let name = insert.table
        guard let table = relations.table(schema: name.schema?.folded, name: name.name.folded)
        else { throw relations.missing(name) }
        if !insert.returning.isEmpty { throw .unsupported("RETURNING", at: name.position) }
        let targets = try targetColumns(insert, table)
        var mapping = [Int?](repeating: nil, count: table.columns.count)
        for (index, target) in targets.enumerated() { mapping[target] = index }
        switch insert.source {
        case .defaultValues:
            return BoundInsert(
                table: table, mapping: table.columns.map { _ in nil }, source: .rows([[]]))
        case .rows(let rows):
            let given = rows.first?.count ?? 0
            // Without a list the first columns are meant when there are fewer values.
            if insert.columns.isEmpty, given < targets.count {
                for index in given..<targets.count { mapping[targets[index]] = nil }
            }
            var bound: [[BoundExpression]] = []
            bound.reserveCapacity(rows.count)
            for row in rows {
                bound.append(try bindRow(row, insert, table, targets, first: given))
            }
            return BoundInsert(table: table, mapping: mapping, source: .rows(bound))
        case .query(let query):
            let source = try bindSource(query, insert, table, targets)
            for index in source.columns.count..<max(targets.count, source.columns.count) {
                mapping[targets[index]] = nil
            }
            return BoundInsert(table: table, mapping: mapping, source: .query(source))
        }
    }

    private func targetColumns(_ insert: Insert, _ table: TableDefinition)
        throws(DatabaseError) -> [Int]
    {
        if insert.columns.isEmpty { return Array(table.columns.indices) }
        var targets: [Int] = []
        for name in insert.columns {
            guard let index = table.columnIndex(named: name.text) else {
                throw .undefinedColumn(name.text, of: table.name, at: name.position)
            }
            if targets.contains(index) { throw .duplicateColumn(name.text, at: name.position) }
            targets.append(index)
        }
        return targets
    }

    private mutating func bindRow(
        _ row: [Expression?], _ insert: Insert, _ table: TableDefinition, _ targets: [Int],
        first: Int
    ) throws(DatabaseError) -> [BoundExpression] {
        let position = row.compactMap { $0?.position }.last ?? insert.table.position
        if row.count != first {
            throw DatabaseError(
                .syntaxError, "VALUES lists must all be the same length", position: position)
        }
        if row.count > targets.count { throw .insertCount(more: true, at: position) }
        if row.count < targets.count && !insert.columns.isEmpty {
            throw .insertCount(more: false, at: position)
        }
        clauseWithoutAggregates = "VALUES"
        defer { clauseWithoutAggregates = nil }
        var values: [BoundExpression] = []
        values.reserveCapacity(row.count)
        for (index, expression) in row.enumerated() {
            let column = table.columns[targets[index]]
            guard let expression else {
                values.append(BoundExpression(.constant(.null), column.type, position: position))
                continue
            }
            let bound = try bind(
                expression, expecting: isUntyped(expression) ? column.type : nil)
            values.append(try assign(bound, to: column))
        }
        return values
    }

    /// Gives a value the type of the column that takes it.
    func assign(_ bound: BoundExpression, to column: Catalog.ColumnDefinition)
        throws(DatabaseError) -> BoundExpression
    {
        guard Coercion.isAssignable(bound.type, column.type) else {
            throw .columnTypeMismatch(column.name, column.type, bound.type, at: bound.position)
        }
        return try Coercion.convert(bound, to: column.type)
    }

    private mutating func bindSource(
        _ query: Query, _ insert: Insert, _ table: TableDefinition, _ targets: [Int]
    ) throws(DatabaseError) -> BoundQuery {
        let bound = try bindQuery(query)
        if bound.columns.count > targets.count {
            throw .insertCount(more: true, at: query.position)
        }
        if bound.columns.count < targets.count && !insert.columns.isEmpty {
            throw .insertCount(more: false, at: query.position)
        }
        var outputs: [BoundExpression] = []
        for (index, column) in bound.columns.enumerated() {
            let output = BoundExpression(.column(index), column.type, position: query.position)
            outputs.append(try assign(output, to: table.columns[targets[index]]))
        }
        return BoundQuery(plan: .project(bound.plan, outputs), columns: bound.columns)
    }

    /// Makes a table's definition of what CREATE TABLE says.
    package static func definition(_ create: CreateTable, id: UInt64)
        throws(DatabaseError) -> TableDefinition
    {
        if create.query != nil { throw .unsupported("CREATE TABLE AS", at: create.position) }
        if !create.dedupKeys.isEmpty { throw .unsupported("DEDUP", at: create.position) }
        var columns: [Catalog.ColumnDefinition] = []
        for column in create.columns {
            if columns.contains(where: { $0.name.lowercased() == column.name.folded }) {
                throw .duplicateColumn(column.name.text, at: column.name.position)
            }
            if let value = column.defaultValue { throw .unsupported("DEFAULT", at: value.position) }
            columns.append(
                Catalog.ColumnDefinition(
                    id: UInt32(columns.count + 1), name: column.name.text,
                    type: try columnType(named: column.type), isNullable: !column.isNotNull))
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
