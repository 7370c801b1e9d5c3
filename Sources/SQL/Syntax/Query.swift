/// One SELECT with everything that may follow it.
package struct Query: Sendable, Equatable {
    package let items: [SelectItem]
    package let isDistinct: Bool
    /// nil for `SELECT 1`.
    package let from: FromItem?
    package let filter: Expression?
    package let latestOn: LatestOn?
    package let sampleBy: SampleBy?
    /// An integer literal means the item of the select list with that number, from 1.
    package let groupBy: [Expression]
    package let having: Expression?
    /// An integer literal means the item of the select list with that number, from 1.
    package let orderBy: [OrderItem]
    package let limit: Limit?
    package let offset: Expression?
    package let position: Int
    /// Levels of the deepest expression or source inside, subqueries included.
    let depth: Int

    package init(
        items: [SelectItem], isDistinct: Bool = false, from: FromItem? = nil,
        filter: Expression? = nil, latestOn: LatestOn? = nil, sampleBy: SampleBy? = nil,
        groupBy: [Expression] = [], having: Expression? = nil, orderBy: [OrderItem] = [],
        limit: Limit? = nil, offset: Expression? = nil, position: Int = 0
    ) {
        self.items = items
        self.isDistinct = isDistinct
        self.from = from
        self.filter = filter
        self.latestOn = latestOn
        self.sampleBy = sampleBy
        self.groupBy = groupBy
        self.having = having
        self.orderBy = orderBy
        self.limit = limit
        self.offset = offset
        self.position = position
        var expressions = items.compactMap(\.expression) + groupBy + orderBy.map(\.expression)
        expressions += [filter, having, offset].compactMap { $0 }
        expressions += (latestOn?.partitionBy ?? []) + (limit?.expressions ?? [])
        depth = expressions.reduce(from?.depth ?? 0) { max($0, $1.depth) }
    }

    /// Compares the meaning; positions do not count.
    package static func == (left: Query, right: Query) -> Bool {
        left.items == right.items && left.isDistinct == right.isDistinct
            && left.from == right.from && left.filter == right.filter
            && left.latestOn == right.latestOn && left.sampleBy == right.sampleBy
            && left.groupBy == right.groupBy && left.having == right.having
            && left.orderBy == right.orderBy && left.limit == right.limit
            && left.offset == right.offset
    }
}

/// One entry of a select list.
package enum SelectItem: Sendable, Equatable {
    /// `*`, or `t.*` with a qualifier of one or two names, schema first.
    case star(qualifier: [Name], position: Int)
    case expression(Expression, alias: Name?)

    package var position: Int {
        switch self {
        case .star(_, let position): position
        case .expression(let expression, _): expression.position
        }
    }

    /// What is computed; nil for a star.
    package var expression: Expression? {
        switch self {
        case .star: nil
        case .expression(let expression, _): expression
        }
    }

    package static func == (left: SelectItem, right: SelectItem) -> Bool {
        switch (left, right) {
        case (.star(let left, _), .star(let right, _)): left == right
        case (.expression(let left, let leftAlias), .expression(let right, let rightAlias)):
            left == right && leftAlias == rightAlias
        case (.star, .expression), (.expression, .star): false
        }
    }
}

/// Where rows come from.
package indirect enum FromItem: Sendable, Equatable {
    case table(TableName, alias: Name?)
    /// A function that gives rows: `backups()`, `long_sequence(10)`.
    case function(FunctionCall, alias: Name?)
    case subquery(Query, alias: Name?)
    case join(Join)

    package var position: Int {
        switch self {
        case .table(let name, _): name.position
        case .function(let call, _): call.schema?.position ?? call.name.position
        case .subquery(let query, _): query.position
        case .join(let join): join.position
        }
    }

    /// Levels of this source and of what it holds.
    var depth: Int {
        switch self {
        case .table: 1
        case .function(let call, _): 1 + call.list.reduce(0) { max($0, $1.depth) }
        case .subquery(let query, _): 1 + query.depth
        case .join(let join): join.depth
        }
    }
}

/// Two sources put together. A comma is a cross join.
package struct Join: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case inner = "INNER"
        case left = "LEFT"
        case right = "RIGHT"
        case full = "FULL"
        case cross = "CROSS"
        case asOf = "ASOF"
        case before = "LT"
        case splice = "SPLICE"
    }

    package enum Condition: Sendable, Equatable {
        case always
        case on(Expression)
        case using([Name])
    }

    package let kind: Kind
    package let left: FromItem
    package let right: FromItem
    package let condition: Condition
    /// Where the word JOIN, or the comma, stands.
    package let position: Int
    let depth: Int

    package init(
        kind: Kind, left: FromItem, right: FromItem, condition: Condition, position: Int = 0
    ) {
        self.kind = kind
        self.left = left
        self.right = right
        self.condition = condition
        self.position = position
        var deepest = max(left.depth, right.depth)
        if case .on(let predicate) = condition { deepest = max(deepest, predicate.depth) }
        depth = 1 + deepest
    }

    package static func == (left: Join, right: Join) -> Bool {
        left.kind == right.kind && left.left == right.left && left.right == right.right
            && left.condition == right.condition
    }
}

/// One key of an ORDER BY.
package struct OrderItem: Sendable, Equatable {
    package enum Direction: String, Sendable {
        case ascending = "ASC"
        case descending = "DESC"
    }
    package enum Nulls: String, Sendable {
        case first = "FIRST"
        case last = "LAST"
    }

    package let expression: Expression
    package let direction: Direction
    /// nil when not written: last for ascending, first for descending.
    package let nulls: Nulls?

    package init(_ expression: Expression, _ direction: Direction = .ascending, nulls: Nulls? = nil)
    {
        self.expression = expression
        self.direction = direction
        self.nulls = nulls
    }
}

/// How many rows.
package enum Limit: Sendable, Equatable {
    /// `LIMIT n`; a negative number means the last rows.
    case count(Expression)
    /// `LIMIT lower, upper`: rows from lower (not included) to upper, counted from 1.
    case range(lower: Expression, upper: Expression)

    var expressions: [Expression] {
        switch self {
        case .count(let count): [count]
        case .range(let lower, let upper): [lower, upper]
        }
    }
}

/// `LATEST ON ts PARTITION BY a, b`
package struct LatestOn: Sendable, Equatable {
    package let timestamp: Name
    package let partitionBy: [Expression]

    package init(timestamp: Name, partitionBy: [Expression]) {
        self.timestamp = timestamp
        self.partitionBy = partitionBy
    }
}

/// `SAMPLE BY 1h [FILL(…)] [ALIGN TO …]`
package struct SampleBy: Sendable, Equatable {
    package enum Fill: Sendable, Equatable {
        case none, null, previous, linear
        case value(Expression)
    }

    package enum Alignment: Sendable, Equatable {
        case firstObservation
        case calendar(timeZone: TextLiteral?, offset: TextLiteral?)
    }

    package let count: Int
    /// One of n U T s m h d w M y.
    package let unit: String
    package let fills: [Fill]
    /// nil when not written: the calendar, UTC.
    package let alignment: Alignment?
    package let position: Int

    package init(
        count: Int, unit: String, fills: [Fill] = [], alignment: Alignment? = nil,
        position: Int = 0
    ) {
        self.count = count
        self.unit = unit
        self.fills = fills
        self.alignment = alignment
        self.position = position
    }

    package static func == (left: SampleBy, right: SampleBy) -> Bool {
        left.count == right.count && left.unit == right.unit && left.fills == right.fills
            && left.alignment == right.alignment
    }
}
