import Catalog
package import Diagnostics
package import SQL
import Values

/// What RETURNING gives of each row that was written, changed or removed: expressions over the
/// table's columns in the order of the definition.
package struct BoundReturning: Sendable {
    package let outputs: [BoundExpression]
    package let columns: [PlanColumn]
}

extension Binder {
    /// Binds the RETURNING of a statement; nil when it has none.
    ///
    /// - Throws: 42P01, 42703, 42803 for an aggregate, and what binding expressions throws.
    package mutating func bindReturning(of statement: Statement) throws(DatabaseError)
        -> BoundReturning?
    {
        switch statement {
        case .insert(let insert):
            return try bindReturning(insert.returning, of: insert.table, alias: nil)
        case .update(let update):
            return try bindReturning(update.returning, of: update.table, alias: update.alias)
        case .delete(let delete):
            return try bindReturning(delete.returning, of: delete.table, alias: delete.alias)
        default: return nil
        }
    }

    private mutating func bindReturning(
        _ items: [SelectItem], of name: TableName, alias: Name?
    ) throws(DatabaseError) -> BoundReturning? {
        if items.isEmpty { return nil }
        let outer = scope
        defer {
            scope = outer
            clauseWithoutAggregates = nil
        }
        _ = try beginModification(of: name, alias: alias)
        clauseWithoutAggregates = "RETURNING"
        let expanded = try expandStars(items)
        var outputs: [BoundExpression] = []
        for item in expanded { outputs.append(try bindItem(item)) }
        let columns = zip(expanded, outputs).map { item, output in column(item, output) }
        return BoundReturning(outputs: outputs, columns: columns)
    }
}
