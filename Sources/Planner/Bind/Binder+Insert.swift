import Catalog
package import Diagnostics
package import SQL
import Values

extension Binder {
    /// Binds an INSERT: every value gets its column's type.
    package mutating func bindInsert(_ insert: Insert) throws(DatabaseError) -> BoundInsert {
        let name = insert.table
        guard let table = relations.table(schema: name.schema?.folded, name: name.name.folded)
        else { throw relations.missing(name) }
        let targets = try targetColumns(insert, table)
        var mapping = [Int?](repeating: nil, count: table.columns.count)
        for (index, target) in targets.enumerated() { mapping[target] = index }
        switch insert.source {
        case .defaultValues:
            mapping = table.columns.map { _ in nil }
            let defaults = try defaults(of: table, &mapping, width: 0)
            return BoundInsert(table: table, mapping: mapping, source: .rows([defaults]))
        case .rows(let rows):
            let given = rows.first?.count ?? 0
            // Without a list the first columns are meant when there are fewer values.
            if insert.columns.isEmpty, given < targets.count {
                for index in given..<targets.count { mapping[targets[index]] = nil }
            }
            let defaults = try defaults(of: table, &mapping, width: given)
            var bound: [[BoundExpression]] = []
            bound.reserveCapacity(rows.count)
            for row in rows {
                bound.append(try bindRow(row, insert, table, targets, first: given) + defaults)
            }
            return BoundInsert(table: table, mapping: mapping, source: .rows(bound))
        case .query(let query):
            var source = try bindSource(query, insert, table, targets)
            for index in source.columns.count..<max(targets.count, source.columns.count) {
                mapping[targets[index]] = nil
            }
            let defaults = try defaults(of: table, &mapping, width: source.columns.count)
            if !defaults.isEmpty, case .project(let plan, let outputs) = source.plan {
                source = BoundQuery(
                    plan: .project(plan, outputs + defaults), columns: source.columns)
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
            throw .unevenRows(at: position)
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
                values.append(
                    try defaultValue(of: column)
                        ?? BoundExpression(.constant(.null), column.type, position: position))
                continue
            }
            try refuseGenerated(column, insert, at: expression.position)
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
        return try Coercion.fit(
            Coercion.convert(bound, to: column.type), column.modifier, isCast: false)
    }

    private mutating func bindSource(
        _ query: Query, _ insert: Insert, _ table: TableDefinition, _ targets: [Int]
    ) throws(DatabaseError) -> BoundQuery {
        let bound = try bindQuery(query)
        for target in targets.prefix(bound.columns.count) {
            try refuseGenerated(table.columns[target], insert, at: query.position)
        }
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

    /// The defaults of the columns that get no value; they stand behind a row's own values.
    private mutating func defaults(
        of table: TableDefinition, _ mapping: inout [Int?], width: Int
    ) throws(DatabaseError) -> [BoundExpression] {
        var defaults: [BoundExpression] = []
        for (index, column) in table.columns.enumerated() where mapping[index] == nil {
            guard let value = try defaultValue(of: column) else { continue }
            mapping[index] = width + defaults.count
            defaults.append(value)
        }
        return defaults
    }

    private func refuseGenerated(
        _ column: Catalog.ColumnDefinition, _ insert: Insert, at position: Int
    ) throws(DatabaseError) {
        guard case .sequence(_, _, .always)? = column.defaultValue, !insert.overridesSystem else {
            return
        }
        throw .generatedAlways(column.name, at: position)
    }
}
