import Catalog
package import Diagnostics
package import SQL
import Values

extension Binder {
    /// Binds an UPDATE: every value gets its column's type.
    ///
    /// - Throws: 42P01, 42703 for a column that is not there, 42601 for one that is set twice, 0A000
    ///   for an upsert key, and what binding expressions throws.
    package mutating func bindUpdate(_ update: Update) throws(DatabaseError) -> BoundModification {
        let table = try beginModification(of: update.table, alias: update.alias)
        clauseWithoutAggregates = "UPDATE"
        var assignments: [BoundModification.Assignment] = []
        for assignment in update.assignments {
            let name = assignment.column
            guard let index = table.columnIndex(named: name.text) else {
                throw .undefinedColumn(name.text, of: table.name, at: name.position)
            }
            if assignments.contains(where: { $0.column == index }) {
                throw .assignedTwice(name.text, at: name.position)
            }
            if table.dedupKeys.contains(table.columns[index].id) {
                throw .notSupported("UPDATE of an upsert key", at: name.position)
            }
            assignments.append(
                BoundModification.Assignment(
                    column: index,
                    value: try bindAssigned(assignment.value, table.columns[index], name)))
        }
        return BoundModification(
            table: table, change: .update(assignments), filter: try bindFilter(update.filter))
    }

    /// Binds a DELETE.
    ///
    /// - Throws: 42P01 and what binding expressions throws.
    package mutating func bindDelete(_ delete: Delete) throws(DatabaseError) -> BoundModification {
        let table = try beginModification(of: delete.table, alias: delete.alias)
        return BoundModification(
            table: table, change: .delete, filter: try bindFilter(delete.filter))
    }

    /// Binds an UPDATE or DELETE.
    ///
    /// - Requires: `statement` is one of the two.
    package mutating func bindModification(_ statement: Statement) throws(DatabaseError)
        -> BoundModification
    {
        switch statement {
        case .update(let update): return try bindUpdate(update)
        case .delete(let delete): return try bindDelete(delete)
        default: preconditionFailure("only UPDATE and DELETE modify rows")
        }
    }

    /// Finds the table and puts its columns in scope.
    mutating func beginModification(of name: TableName, alias: Name?)
        throws(DatabaseError) -> TableDefinition
    {
        guard let table = relations.table(schema: name.schema?.folded, name: name.name.folded)
        else { throw relations.missing(name) }
        scope = Scope()
        scope.columns = table.columns.enumerated().map { index, column in
            Scope.Column(
                table: alias?.folded ?? name.name.folded,
                schema: alias == nil ? table.schema : nil,
                plan: PlanColumn(
                    name: column.name, type: column.type, modifier: column.modifier,
                    tableID: table.id, columnNumber: index + 1))
        }
        return table
    }

    /// Binds what a column is set to; nil is DEFAULT.
    private mutating func bindAssigned(
        _ expression: Expression?, _ column: Catalog.ColumnDefinition, _ name: Name
    ) throws(DatabaseError) -> BoundExpression {
        guard let expression else {
            return try defaultValue(of: column)
                ?? BoundExpression(.constant(.null), column.type, position: name.position)
        }
        if case .sequence(_, _, .always)? = column.defaultValue {
            throw .onlyDefault(column.name, at: name.position)
        }
        let bound = try bind(expression, expecting: isUntyped(expression) ? column.type : nil)
        return try assign(bound, to: column)
    }

    private mutating func bindFilter(_ filter: Expression?) throws(DatabaseError)
        -> BoundExpression?
    {
        guard let filter else { return nil }
        clauseWithoutAggregates = "WHERE"
        defer { clauseWithoutAggregates = nil }
        return try bindCondition(filter, "WHERE")
    }
}
