package import Catalog
package import Values

/// One aggregate to be computed for each group.
package struct BoundAggregate: Sendable, Hashable {
    package enum Function: String, Sendable, Hashable {
        case count, sum, avg, min, max
    }

    package let function: Function
    /// nil for `count(*)`.
    package let argument: BoundExpression?
    package let isDistinct: Bool
    package let type: ValueType
}

/// One key of a sort: a column of the input.
package struct SortKey: Sendable, Hashable {
    package let column: Int
    package let isDescending: Bool
    package let nullsFirst: Bool

    package init(column: Int, isDescending: Bool, nullsFirst: Bool) {
        self.column = column
        self.isDescending = isDescending
        self.nullsFirst = nullsFirst
    }
}

/// What is to be done to get rows, from the leaves up.
package indirect enum Plan: Sendable {
    /// One row without columns: `SELECT 1`.
    case oneRow
    /// Columns of a table by their index, rows for which the filter (over those columns) is true.
    case scan(TableDefinition, columns: [Int], filter: BoundExpression?)
    /// The same in the order of the designated timestamp.
    case timeOrder(TimeOrder)
    case system(any SystemRelation, arguments: [BoundExpression])
    case filter(Plan, BoundExpression)
    case project(Plan, [BoundExpression])
    /// Keys first, then aggregates.
    case aggregate(Plan, keys: [BoundExpression], [BoundAggregate])
    case distinct(Plan)
    /// With `first` set, only that many rows are wanted (limit plus offset).
    case sort(Plan, [SortKey], first: BoundLimit?)
    case limit(Plan, BoundLimit)
    case join(BoundJoin)
}

extension Plan {
    /// The stored tables that are read.
    package var tables: [TableDefinition] {
        switch self {
        case .oneRow, .system: []
        case .scan(let table, _, _): [table]
        case .timeOrder(let scan): [scan.table]
        case .filter(let input, _), .project(let input, _), .aggregate(let input, _, _),
            .distinct(let input), .sort(let input, _, _), .limit(let input, _):
            input.tables
        case .join(let join): join.left.tables + join.right.tables
        }
    }
}

/// A scan whose rows come in the order of the designated timestamp; ties in the table's order.
package struct TimeOrder: Sendable {
    package let table: TableDefinition
    package let columns: [Int]
    package let filter: BoundExpression?
    package let isDescending: Bool
}

/// LIMIT and OFFSET; both LONG, without columns.
package struct BoundLimit: Sendable {
    package let count: BoundExpression?
    package let offset: BoundExpression?
}

/// Two inputs put together: rows are the left columns, then the right ones.
package struct BoundJoin: Sendable {
    package enum Kind: String, Sendable { case inner, left, cross }

    package let kind: Kind
    package let left: Plan
    package let right: Plan
    package let rightTypes: [ValueType]
    /// Pairs of equal keys: left over the left columns, right over the right ones.
    package let leftKeys: [BoundExpression]
    package let rightKeys: [BoundExpression]
    /// What else must hold, over the columns of both.
    package let condition: BoundExpression?
}

/// A query ready to run.
package struct BoundQuery: Sendable {
    package let plan: Plan
    package let columns: [PlanColumn]

    package init(plan: Plan, columns: [PlanColumn]) {
        self.plan = plan
        self.columns = columns
    }
}

/// An INSERT ready to run: every value has its column's type.
package struct BoundInsert: Sendable {
    package enum Source: Sendable {
        case rows([[BoundExpression]])
        case query(BoundQuery)
    }

    package let table: TableDefinition
    /// For each column of the table the index in the source's rows; nil is NULL.
    package let mapping: [Int?]
    package let source: Source
}
