import Catalog
package import Diagnostics
package import SQL
import Values

extension Binder {
    /// Binds a SELECT into a plan.
    package mutating func bindQuery(_ query: Query) throws(DatabaseError) -> BoundQuery {
        let outer = (scope, grouping, clauseWithoutAggregates)
        defer { (scope, grouping, clauseWithoutAggregates) = outer }
        scope = Scope()
        grouping = nil
        if query.latestOn != nil { throw .notSupported("LATEST ON", at: query.position) }
        if let sample = query.sampleBy { throw .notSupported("SAMPLE BY", at: sample.position) }
        var plan = Plan.oneRow
        if let from = query.from { plan = try bindFrom(from, used: UsedNames(query)) }
        if let filter = query.filter {
            clauseWithoutAggregates = "WHERE"
            plan = Self.filtered(plan, try bindCondition(filter, "WHERE"))
            clauseWithoutAggregates = nil
        }
        let items = try expandStars(query.items)
        if try beginGrouping(query, items) == nil, query.having != nil {
            grouping = Grouping(isImplicit: false)
        }
        var outputs: [BoundExpression] = []
        for item in items { outputs.append(try bindItem(item)) }
        let having = try query.having.map { condition throws(DatabaseError) in
            try bindCondition(condition, "HAVING")
        }
        let order = try bindOrder(query, items, &outputs)
        if let grouping {
            plan = .aggregate(plan, keys: grouping.keys, grouping.aggregates)
            outputs = outputs.map { grouping.place($0) }
            if let having { plan = .filter(plan, grouping.place(having)) }
        }
        let columns = zip(items, outputs).map { item, output in column(item, output) }
        plan = .project(plan, outputs)
        plan = try finish(plan, query, columns.count, outputs, order)
        return BoundQuery(plan: plan, columns: columns)
    }

    /// DISTINCT, ORDER BY and LIMIT, and away with columns that were only sorted by.
    private mutating func finish(
        _ projected: Plan, _ query: Query, _ visible: Int, _ outputs: [BoundExpression],
        _ order: [SortKey]
    ) throws(DatabaseError) -> Plan {
        var plan = projected
        if query.isDistinct {
            guard outputs.count == visible else {
                throw .unselectedOrder(at: query.orderBy.first?.expression.position)
            }
            plan = .distinct(plan)
        }
        grouping = nil
        scope = Scope()
        let limit = try bindLimit(query)
        if !order.isEmpty { plan = plan.ordered(by: order, first: limit) }
        if outputs.count > visible {
            plan = .project(
                plan,
                outputs.prefix(visible).enumerated().map { index, output in
                    BoundExpression(.column(index), output.type, position: output.position)
                })
        }
        if let limit { plan = .limit(plan, limit) }
        return plan
    }

    static func filtered(_ plan: Plan, _ condition: BoundExpression) -> Plan {
        if case .scan(let table, let columns, nil) = plan {
            return .scan(table, columns: columns, filter: condition)
        }
        return .filter(plan, condition)
    }

    // MARK: - Select list

    /// One column of the result, before it is bound.
    struct Item {
        let expression: Expression?
        let alias: String?
        /// The scope's column that a star stands for.
        let column: Int?
        let position: Int
    }

    func expandStars(_ items: [SelectItem]) throws(DatabaseError) -> [Item] {
        var result: [Item] = []
        for item in items {
            guard result.count < Limits.resultColumns else {
                throw .tooManyResultColumns(at: item.position)
            }
            switch item {
            case .expression(let expression, let alias):
                result.append(
                    Item(
                        expression: expression, alias: alias?.text, column: nil,
                        position: item.position))
            case .star(let qualifier, let position):
                let table = qualifier.last?.folded
                let found =
                    table.map { table in
                        scope.columns.indices.filter { scope.columns[$0].table == table }
                    } ?? scope.starOrder
                if found.isEmpty, let last = qualifier.last {
                    throw .missingFromEntry(last.text, at: last.position)
                }
                if scope.columns.isEmpty {
                    throw .starWithoutTables(at: position)
                }
                result += found.map {
                    Item(expression: nil, alias: nil, column: $0, position: position)
                }
            }
        }
        guard result.count <= Limits.resultColumns else {
            throw .tooManyResultColumns(at: items.last?.position ?? 0)
        }
        return result
    }

    mutating func bindItem(_ item: Item) throws(DatabaseError) -> BoundExpression {
        if let expression = item.expression { return try bind(expression) }
        let index = item.column ?? 0
        let column = scope.columns[index]
        return try bind(
            Expression(
                .column(
                    ColumnReference(
                        qualifier: [Name(column.table)], name: Name(column.plan.name))),
                position: item.position))
    }

    func column(_ item: Item, _ output: BoundExpression) -> PlanColumn {
        let name = item.alias ?? item.expression.map(Self.name) ?? ""
        var source = item.column
        if case .column(let reference)? = item.expression?.kind {
            // The name was resolved once already, so it resolves again.
            source = try? scope.resolve(reference)
        }
        guard let source else {
            return PlanColumn(
                name: name, type: output.type,
                modifier: item.expression.flatMap { Self.modifier(of: $0, output.type) })
        }
        let from = scope.columns[source].plan
        return PlanColumn(
            name: item.alias ?? from.name, type: output.type, modifier: from.modifier,
            tableID: from.tableID, columnNumber: from.columnNumber)
    }

    /// The modifier of a cast, which its values keep to even where it is folded into a constant.
    private static func modifier(of expression: Expression, _ type: ValueType) -> TypeModifier? {
        guard case .cast(_, let name) = expression.kind else { return nil }
        // Bound before: what is wrong with it has been said.
        let modifier = try? modifier(of: name)
        return modifier.flatMap { $0.suits(type) ? $0 : nil }
    }

    /// The name PostgreSQL gives a column without an alias.
    private static func name(of expression: Expression) -> String {
        switch expression.kind {
        case .column(let reference): return reference.name.text
        case .call(let call): return call.name.folded
        case .cast(let operand, let type):
            let inner = name(of: operand)
            return inner == "?column?" ? type.name : inner
        case .conditional: return "case"
        case .exists: return "exists"
        case .array: return "array"
        case .literal(.boolean): return "bool"
        default: return "?column?"
        }
    }

    // MARK: - Grouping

    private mutating func beginGrouping(_ query: Query, _ items: [Item])
        throws(DatabaseError) -> Void?
    {
        let all =
            items.compactMap(\.expression) + (query.having.map { [$0] } ?? [])
            + query.orderBy.map(\.expression)
        guard !query.groupBy.isEmpty || all.contains(where: Self.hasAggregate) else { return nil }
        var grouping = Grouping(isImplicit: query.groupBy.isEmpty)
        clauseWithoutAggregates = "GROUP BY"
        var written: [Expression] = []
        for key in query.groupBy { written.append(try groupKey(key, items)) }
        if grouping.isImplicit {
            written = items.compactMap(\.expression).filter {
                !Self.hasAggregate($0) && Self.hasColumn($0)
            }
        }
        for key in written {
            grouping.keys.append(try bind(key))
            grouping.writtenKeys.append(key)
        }
        clauseWithoutAggregates = nil
        self.grouping = grouping
        return ()
    }

    /// `GROUP BY 1` and `GROUP BY alias` mean an item of the select list.
    private func groupKey(_ key: Expression, _ items: [Item]) throws(DatabaseError) -> Expression {
        if case .literal(.integer(let digits)) = key.kind {
            guard let number = Int(digits), (1...max(items.count, 1)).contains(number),
                number <= items.count
            else { throw .badOrdinal("GROUP BY", digits, at: key.position) }
            if let expression = items[number - 1].expression { return expression }
            let column = scope.columns[items[number - 1].column ?? 0]
            return Expression(.column(ColumnReference(name: Name(column.plan.name))))
        }
        if case .column(let reference) = key.kind, reference.qualifier.isEmpty {
            let name = FoldedName(reference.name.text)
            let isColumn = scope.columns.contains { $0.foldedName == name }
            let item = items.first { $0.alias?.lowercased() == reference.name.folded }
            if !isColumn, let expression = item?.expression { return expression }
        }
        return key
    }

    static func hasAggregate(_ expression: Expression) -> Bool {
        if case .call(let call) = expression.kind, call.window == nil,
            BoundAggregate.Function(rawValue: call.name.folded) != nil
        {
            return true
        }
        return expression.kind.children.contains(where: hasAggregate)
    }

    static func hasColumn(_ expression: Expression) -> Bool {
        if case .column = expression.kind { return true }
        return expression.kind.children.contains(where: hasColumn)
    }

    // MARK: - Order and limit

    /// Finds or adds the columns to sort by.
    private mutating func bindOrder(
        _ query: Query, _ items: [Item], _ outputs: inout [BoundExpression]
    ) throws(DatabaseError) -> [SortKey] {
        var keys: [SortKey] = []
        for item in query.orderBy {
            var column = try outputIndex(item.expression, items)
            if column == nil {
                let bound = try bind(item.expression)
                column = outputs.firstIndex(of: bound)
                if column == nil {
                    outputs.append(bound)
                    column = outputs.count - 1
                }
            }
            let isDescending = item.direction == .descending
            let nullsFirst = item.nulls.map { $0 == .first } ?? isDescending
            keys.append(
                SortKey(column: column ?? 0, isDescending: isDescending, nullsFirst: nullsFirst))
        }
        return keys
    }

    private func outputIndex(_ expression: Expression, _ items: [Item])
        throws(DatabaseError) -> Int?
    {
        if case .literal(.integer(let digits)) = expression.kind {
            guard let number = Int(digits), number >= 1, number <= items.count else {
                throw .badOrdinal("ORDER BY", digits, at: expression.position)
            }
            return number - 1
        }
        if case .column(let reference) = expression.kind, reference.qualifier.isEmpty {
            let name = reference.name.folded
            if let index = items.firstIndex(where: { $0.alias?.lowercased() == name }) {
                return index
            }
        }
        return items.firstIndex { $0.expression == expression }
    }

    private mutating func bindLimit(_ query: Query) throws(DatabaseError) -> BoundLimit? {
        let offset = try query.offset.map { item throws(DatabaseError) in
            try bindCount(item, "OFFSET")
        }
        switch query.limit {
        case nil: return offset.map { BoundLimit(count: nil, offset: $0) }
        case .count(let count)?:
            return BoundLimit(count: try bindCount(count, "LIMIT"), offset: offset)
        case .range(let lower, let upper)?:
            let from = try bindCount(lower, "LIMIT")
            let to = try bindCount(upper, "LIMIT")
            let count = operation(.subtract, [to, from], .long, from.position)
            return BoundLimit(count: count, offset: from)
        }
    }

    private mutating func bindCount(_ expression: Expression, _ clause: String)
        throws(DatabaseError) -> BoundExpression
    {
        clauseWithoutAggregates = clause
        defer { clauseWithoutAggregates = nil }
        let bound = try bind(expression, expecting: .long)
        guard bound.type.isNumeric else {
            throw .typesDoNotMatch(clause, .long, bound.type, at: expression.position)
        }
        return try Coercion.convert(bound, to: .long)
    }
}
