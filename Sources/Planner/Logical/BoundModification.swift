package import Catalog

/// An UPDATE or DELETE ready to run.
///
/// Its expressions are over all columns of the table, in the order of the definition.
package struct BoundModification: Sendable {
    /// A column by its index in the definition and what it becomes; of the column's type.
    package struct Assignment: Sendable {
        package let column: Int
        package let value: BoundExpression
    }

    package enum Change: Sendable {
        case update([Assignment])
        case delete
    }

    package let table: TableDefinition
    package let change: Change
    /// Which rows are meant; nil for all.
    package let filter: BoundExpression?

    package init(table: TableDefinition, change: Change, filter: BoundExpression?) {
        self.table = table
        self.change = change
        self.filter = filter
    }
}

extension BoundExpression {
    /// The columns it reads, ascending and each once.
    package var columnIndexes: [Int] {
        var found: Set<Int> = []
        gatherColumns(into: &found)
        return found.sorted()
    }

    private func gatherColumns(into found: inout Set<Int>) {
        if case .column(let index) = kind { found.insert(index) }
        for child in children { child.gatherColumns(into: &found) }
    }
}
