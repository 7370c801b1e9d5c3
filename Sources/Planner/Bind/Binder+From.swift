import Catalog
import Diagnostics
import SQL
import Values

/// The column names that a query mentions anywhere: a scan reads no others.
struct UsedNames {
    private(set) var names: Set<String> = []
    private(set) var isEverything = false

    init(_ query: Query) {
        for item in query.items {
            switch item {
            case .star: isEverything = true
            case .expression(let expression, _): add(expression)
            }
        }
        if let filter = query.filter { add(filter) }
        if let having = query.having { add(having) }
        for key in query.groupBy { add(key) }
        for item in query.orderBy { add(item.expression) }
        if let from = query.from { add(from) }
    }

    private mutating func add(_ expression: Expression) {
        if case .column(let reference) = expression.kind { names.insert(reference.name.folded) }
        for child in expression.kind.children { add(child) }
    }

    private mutating func add(_ item: FromItem) {
        guard case .join(let join) = item else { return }
        add(join.left)
        add(join.right)
        switch join.condition {
        case .always: break
        case .on(let condition): add(condition)
        case .using(let list): for name in list { names.insert(name.folded) }
        }
    }

    func contains(_ name: String) -> Bool { isEverything || names.contains(name.lowercased()) }
}

extension Binder {
    /// Binds what stands behind FROM and adds its columns to the scope.
    mutating func bindFrom(_ item: FromItem, used: UsedNames) throws(DatabaseError) -> Plan {
        switch item {
        case .table(let name, let alias): return try bindTable(name, alias, used)
        case .function(let call, let alias): return try bindTableFunction(call, alias)
        case .subquery(let query, let alias):
            let bound = try bindQuery(query)
            add(bound.columns, table: alias?.folded ?? "", schema: nil)
            return bound.plan
        case .join(let join): return try bindJoin(join, used: used)
        }
    }

    private mutating func bindTable(_ name: TableName, _ alias: Name?, _ used: UsedNames)
        throws(DatabaseError) -> Plan
    {
        let label = alias?.folded ?? name.name.folded
        let schema = alias == nil ? name.schema?.folded : nil
        if let table = relations.table(schema: name.schema?.folded, name: name.name.folded) {
            let columns = table.columns.indices.filter { used.contains(table.columns[$0].name) }
            add(
                columns.map {
                    PlanColumn(
                        name: table.columns[$0].name, type: table.columns[$0].type,
                        modifier: table.columns[$0].modifier, tableID: table.id,
                        columnNumber: $0 + 1)
                }, table: label, schema: schema ?? table.schema)
            return .scan(table, columns: columns, filter: nil)
        }
        if let relation = relations.systemRelation(
            schema: name.schema?.folded, name: name.name.folded, isFunction: false)
        {
            add(relation.columns, table: label, schema: name.schema?.folded)
            return .system(relation, arguments: [])
        }
        throw relations.missing(name)
    }

    private mutating func bindTableFunction(_ call: FunctionCall, _ alias: Name?)
        throws(DatabaseError) -> Plan
    {
        guard
            let relation = relations.systemRelation(
                schema: call.schema?.folded, name: call.name.folded, isFunction: true)
        else { throw .undefinedFunction(call.name.text, [], at: call.name.position) }
        clauseWithoutAggregates = "functions in FROM"
        defer { clauseWithoutAggregates = nil }
        var arguments: [BoundExpression] = []
        for argument in call.list { arguments.append(try bind(argument)) }
        add(relation.columns, table: alias?.folded ?? call.name.folded, schema: nil)
        return .system(relation, arguments: arguments)
    }

    private mutating func add(_ columns: [PlanColumn], table: String, schema: String?) {
        scope.columns += columns.map { Scope.Column(table: table, schema: schema, plan: $0) }
    }

    private mutating func bindJoin(_ join: Join, used: UsedNames) throws(DatabaseError) -> Plan {
        let kind: BoundJoin.Kind
        switch join.kind {
        case .inner: kind = .inner
        case .left: kind = .left
        case .cross: kind = .cross
        case .right, .full, .asOf, .before, .splice:
            throw .notSupported("\(join.kind.rawValue) JOIN", at: join.position)
        }
        try refuseTwins(join)
        let before = scope.columns.count
        let left = try bindFrom(join.left, used: used)
        let middle = scope.columns.count
        let right = try bindFrom(join.right, used: used)
        var conditions: [BoundExpression] = []
        switch join.condition {
        case .always: break
        case .on(let expression):
            clauseWithoutAggregates = "JOIN conditions"
            Self.split(try bindCondition(expression, "JOIN/ON"), into: &conditions)
            clauseWithoutAggregates = nil
        case .using(let names):
            for name in names {
                conditions.append(
                    try usingCondition(name, left: before..<middle, at: join.position))
            }
        }
        return assemble(kind, left, right, conditions, before, middle)
    }

    /// Refuses one name for two tables, so that `name.column` means one column.
    private func refuseTwins(_ join: Join) throws(DatabaseError) {
        let known = Set(Self.labels(join.left).map(\.label))
        for (label, name) in Self.labels(join.right) where known.contains(label) {
            throw .duplicateAlias(name.text, at: name.position)
        }
    }

    /// The names by which columns of an item can be called, and where they stand. An alias has no
    /// schema: it hides the table's.
    private static func labels(_ item: FromItem) -> [(label: String, name: Name)] {
        switch item {
        case .table(_, let alias?), .function(_, let alias?), .subquery(_, let alias?):
            [("." + alias.folded, alias)]
        case .table(let table, nil):
            [("\(table.schema?.folded ?? "public").\(table.name.folded)", table.name)]
        case .function(let call, nil): [("." + call.name.folded, call.name)]
        case .subquery(_, nil): []
        case .join(let join): labels(join.left) + labels(join.right)
        }
    }

    private mutating func usingCondition(_ name: Name, left: Range<Int>, at position: Int)
        throws(DatabaseError) -> BoundExpression
    {
        let folded = FoldedName(name.text)
        let first = scope.columns.indices.first {
            left.contains($0) && scope.columns[$0].sharing != .hidden
                && scope.columns[$0].foldedName == folded
        }
        let second = scope.columns.indices.first {
            $0 >= left.upperBound && scope.columns[$0].foldedName == folded
        }
        guard let first, let second else {
            throw .undefinedColumn(name.text, at: name.position)
        }
        scope.columns[first].sharing = .stands
        scope.columns[second].sharing = .hidden
        let sides = [first, second].map {
            BoundExpression(.column($0), scope.columns[$0].plan.type, position: name.position)
        }
        return try compare(.equal, "=", sides[0], sides[1], at: name.position)
    }

    /// Sorts the conditions into keys of a hash join and the rest.
    private func assemble(
        _ kind: BoundJoin.Kind, _ left: Plan, _ right: Plan, _ conditions: [BoundExpression],
        _ before: Int, _ middle: Int
    ) -> Plan {
        var leftKeys: [BoundExpression] = []
        var rightKeys: [BoundExpression] = []
        var rest: BoundExpression?
        for condition in conditions {
            let local = condition.mappingColumns { $0 - before }
            if case .operation(.equal, let sides) = local.kind {
                let boundary = middle - before
                let isLeft = sides.map { Self.columns(of: $0).allSatisfy { $0 < boundary } }
                let isRight = sides.map { Self.columns(of: $0).allSatisfy { $0 >= boundary } }
                let order =
                    isLeft[0] && isRight[1] ? (0, 1) : isLeft[1] && isRight[0] ? (1, 0) : nil
                if let order {
                    leftKeys.append(sides[order.0])
                    rightKeys.append(sides[order.1].mappingColumns { $0 - boundary })
                    continue
                }
            }
            rest = rest.map { operation(.and, [$0, local], .boolean, local.position) } ?? local
        }
        return .join(
            BoundJoin(
                kind: kind, left: left, right: right,
                rightTypes: scope.columns[middle...].map(\.plan.type), leftKeys: leftKeys,
                rightKeys: rightKeys, condition: rest))
    }

    static func split(_ condition: BoundExpression, into list: inout [BoundExpression]) {
        if case .operation(.and, let sides) = condition.kind {
            for side in sides { split(side, into: &list) }
        } else {
            list.append(condition)
        }
    }

    static func columns(of expression: BoundExpression) -> [Int] {
        if case .column(let index) = expression.kind { return [index] }
        return expression.children.flatMap { columns(of: $0) }
    }
}
