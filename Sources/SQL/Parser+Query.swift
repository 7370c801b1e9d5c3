import Diagnostics

/// SELECT and what belongs to it.
extension Parser {
    /// Whether the current token can only begin a query.
    var beginsQuery: Bool { self.is(.select) || self.is(.with) || self.is(.values) }

    /// A query, perhaps in parentheses.
    mutating func query() throws(DatabaseError) -> Query {
        let query = try nested { parser throws(DatabaseError) -> Query in
            if try parser.accept(.openParenthesis) {
                let inner = try parser.query()
                try parser.expect(.closeParenthesis)
                return inner
            }
            return try parser.select()
        }
        if self.is(.union) || self.is(.intersect) || self.is(.except) {
            throw .notSupported(tokenText.uppercased(), at: token.position)
        }
        return query
    }

    private mutating func select() throws(DatabaseError) -> Query {
        let position = token.position
        if self.is(.with) || self.is(.values) {
            throw .notSupported("\(tokenText.uppercased()) as a query", at: position)
        }
        try expect(.select)
        let isDistinct = try accept(.distinct)
        if isDistinct, self.is(.on) { throw .notSupported("DISTINCT ON", at: token.position) }
        if !isDistinct { _ = try accept(.all) }
        let items = try list { parser throws(DatabaseError) in try parser.selectItem() }
        let from = try accept(.from) ? try fromClause() : nil
        return try queryTail(items, isDistinct, from, position)
    }

    /// `t …` without SELECT: all columns of the table or table function.
    mutating func implicitSelect() throws(DatabaseError) -> Query {
        let position = token.position
        let from = try fromClause()
        return try queryTail([.star(qualifier: [], position: position)], false, from, position)
    }

    /// Everything after FROM.
    private mutating func queryTail(
        _ items: [SelectItem], _ isDistinct: Bool, _ from: FromItem?, _ position: Int
    ) throws(DatabaseError) -> Query {
        var latestOn = try latestOnClause()
        let filter = try accept(.where) ? try expression() : nil
        if latestOn == nil { latestOn = try latestOnClause() }
        let sampleBy = try sampleByClause()
        var groupBy: [Expression] = []
        if try accept(.group) {
            try expect(.by)
            groupBy = try list { parser throws(DatabaseError) in try parser.expression() }
        }
        let having = try accept(.having) ? try expression() : nil
        if self.is(.window) { throw .notSupported("WINDOW", at: token.position) }
        let orderBy = self.is(.order) ? try orderByClause() : []
        let (limit, offset) = try limitClauses()
        if self.is(.for) { throw .notSupported("FOR UPDATE", at: token.position) }
        let query = Query(
            items: items, isDistinct: isDistinct, from: from, filter: filter, latestOn: latestOn,
            sampleBy: sampleBy, groupBy: groupBy, having: having, orderBy: orderBy, limit: limit,
            offset: offset, position: position)
        guard query.depth <= Limits.expressionDepth else {
            throw .expressionTooDeep(at: position)
        }
        return query
    }

    // MARK: - Select list

    mutating func selectItem() throws(DatabaseError) -> SelectItem {
        let position = token.position
        if try accept(.star) { return .star(qualifier: [], position: position) }
        if let qualifier = try starQualifier() {
            return .star(qualifier: qualifier, position: position)
        }
        let value = try expression()
        if try accept(.as) { return .expression(value, alias: try aliasName()) }
        switch token.kind {
        case .quotedName: return .expression(value, alias: try anyName())
        case .word(let keyword) where keyword?.isReserved != true:
            return .expression(value, alias: try anyName())
        default: return .expression(value, alias: nil)
        }
    }

    /// After AS any word will do, and QuestDB takes strings too.
    private mutating func aliasName() throws(DatabaseError) -> Name {
        guard case .string(let text) = token.kind, !text.isEmpty else { return try anyName() }
        let literal = try textLiteral()
        return Name(text, position: literal.position)
    }

    /// `a.b.` before a star; consumes nothing unless the star is there.
    private mutating func starQualifier() throws(DatabaseError) -> [Name]? {
        guard try isFollowed(by: .dot) else { return nil }
        var ahead = self
        var names: [Name] = []
        while names.count < 2 {
            switch ahead.token.kind {
            case .word, .quotedName: names.append(try ahead.anyName())
            default: return nil
            }
            guard try ahead.accept(.dot) else { return nil }
            if try ahead.accept(.star) {
                self = ahead
                return names
            }
        }
        return nil
    }

    // MARK: - FROM

    mutating func fromClause() throws(DatabaseError) -> FromItem {
        var left = try joined()
        while self.is(.comma) {
            let position = token.position
            try advance()
            let join = Join(
                kind: .cross, left: left, right: try joined(), condition: .always,
                position: position)
            left = try checked(join)
        }
        return left
    }

    private func checked(_ join: Join) throws(DatabaseError) -> FromItem {
        guard join.depth <= Limits.expressionDepth else {
            throw .expressionTooDeep(at: join.position)
        }
        return .join(join)
    }

    /// One source with the joins that follow it.
    private mutating func joined() throws(DatabaseError) -> FromItem {
        var left = try source()
        while let kind = try joinKind() {
            let position = token.position
            try expect(.join)
            let right = try source()
            let condition = try joinCondition(kind)
            left = try checked(
                Join(
                    kind: kind, left: left, right: right, condition: condition,
                    position: position))
        }
        return left
    }

    /// The words before JOIN; nil when no join begins here.
    private mutating func joinKind() throws(DatabaseError) -> Join.Kind? {
        let kind: Join.Kind
        switch keyword {
        case .join: return .inner
        case .inner: kind = .inner
        case .cross: kind = .cross
        case .left: kind = .left
        case .right: kind = .right
        case .full: kind = .full
        case .asof: kind = .asOf
        case .lt: kind = .before
        case .splice: kind = .splice
        case .natural: throw .notSupported("NATURAL JOIN", at: token.position)
        default: return nil
        }
        // FULL after a source is also an option of BACKUP, and ASOF or LT may be names.
        guard try isFollowed(by: .join, .outer) else { return nil }
        try advance()
        if kind == .left || kind == .right || kind == .full { _ = try accept(.outer) }
        return kind
    }

    private mutating func joinCondition(
        _ kind: Join.Kind
    ) throws(DatabaseError) -> Join.Condition {
        if kind == .cross { return .always }
        if try accept(.on) {
            // QuestDB: ON (sym) names the column both sides share.
            return .on(try expression())
        }
        if try accept(.using) {
            return .using(
                try parenthesizedList { parser throws(DatabaseError) in try parser.name() })
        }
        switch kind {
        case .asOf, .before, .splice: return .always
        case .inner, .left, .right, .full, .cross: throw unexpected()
        }
    }

    private mutating func source() throws(DatabaseError) -> FromItem {
        if self.is(.lateral) { throw .notSupported("LATERAL", at: token.position) }
        if self.is(.openParenthesis) {
            return try nested { parser throws(DatabaseError) in
                try parser.parenthesizedSource()
            }
        }
        _ = try accept(.only)
        let table = try tableName()
        if try accept(.openParenthesis) {
            let call = try functionCall(schema: table.schema, name: table.name)
            return .function(call, alias: try sourceAlias())
        }
        return .table(table, alias: try sourceAlias())
    }

    private mutating func parenthesizedSource() throws(DatabaseError) -> FromItem {
        let isQuery = try isFollowed(by: .select, .with, .values)
        try expect(.openParenthesis)
        if isQuery {
            let inner = try query()
            try expect(.closeParenthesis)
            return .subquery(inner, alias: try sourceAlias())
        }
        let inner = try fromClause()
        try expect(.closeParenthesis)
        guard case .subquery(let query, nil) = inner else { return inner }
        return .subquery(query, alias: try sourceAlias())
    }

    /// `[AS] alias`, but not a word that goes on with the statement.
    mutating func sourceAlias() throws(DatabaseError) -> Name? {
        if try accept(.as) {
            let alias = try aliasName()
            if self.is(.openParenthesis) {
                throw .notSupported("a list of column aliases", at: token.position)
            }
            return alias
        }
        switch token.kind {
        case .quotedName: return try anyName()
        case .word(let keyword):
            guard let keyword else { return try anyName() }
            if keyword.isReserved { return nil }
            if try continuesStatement(keyword) { return nil }
            return try anyName()
        default: return nil
        }
    }

    /// Whether a word after a source begins the next clause rather than naming the source.
    private func continuesStatement(_ keyword: Keyword) throws(DatabaseError) -> Bool {
        switch keyword {
        case .set: true
        case .sample: try isFollowed(by: .by)
        case .latest: try isFollowed(by: .on, .by)
        case .asof, .lt, .splice: try isFollowed(by: .join)
        case .timestamp: try isFollowed(by: .openParenthesis)
        case .partition: try isFollowed(by: .by)
        default: false
        }
    }

    // MARK: - Clauses

    mutating func orderByClause() throws(DatabaseError) -> [OrderItem] {
        try expect(.order, .by)
        return try list { parser throws(DatabaseError) in try parser.orderItem() }
    }

    private mutating func orderItem() throws(DatabaseError) -> OrderItem {
        let value = try expression()
        var direction = OrderItem.Direction.ascending
        if try accept(.desc) {
            direction = .descending
        } else {
            _ = try accept(.asc)
        }
        guard try accept(.nulls) else { return OrderItem(value, direction) }
        if try accept(.first) { return OrderItem(value, direction, nulls: .first) }
        try expect(.last)
        return OrderItem(value, direction, nulls: .last)
    }

    /// LIMIT, OFFSET and FETCH in any order, each at most once.
    private mutating func limitClauses() throws(DatabaseError) -> (Limit?, Expression?) {
        var limit: Limit?
        var offset: Expression?
        while true {
            let position = token.position
            if try accept(.limit) {
                guard limit == nil else { throw .conflictingClauses("LIMIT", at: position) }
                if try accept(.all) { continue }
                if try accept(.null) { continue }
                let first = try expression()
                limit =
                    try accept(.comma)
                    ? .range(lower: first, upper: try expression()) : .count(first)
            } else if try accept(.offset) {
                guard offset == nil else { throw .conflictingClauses("OFFSET", at: position) }
                offset = try expression(.sum)
                if try !accept(.row) { _ = try accept(.rows) }
            } else if try accept(.fetch) {
                guard limit == nil else { throw .conflictingClauses("LIMIT", at: position) }
                limit = .count(try fetchCount())
            } else {
                return (limit, offset)
            }
        }
    }

    /// `FETCH FIRST n ROWS ONLY`; without a number, one row.
    private mutating func fetchCount() throws(DatabaseError) -> Expression {
        if try !accept(.first) { try expect(.next) }
        let position = token.position
        let count =
            self.is(.row) || self.is(.rows)
            ? try make(.literal(.integer("1")), at: position) : try expression(.sum)
        if try !accept(.row) { try expect(.rows) }
        try expect(.only)
        return count
    }

    /// `LATEST ON ts PARTITION BY a, b`
    private mutating func latestOnClause() throws(DatabaseError) -> LatestOn? {
        if self.is(.latest), try isFollowed(by: .by) {
            throw .notSupported("LATEST BY", at: token.position)
        }
        guard try accept(.latest, .on) else { return nil }
        var timestamp = try name()
        while try accept(.dot) { timestamp = try anyName() }
        try expect(.partition, .by)
        let keys = try list { parser throws(DatabaseError) in try parser.expression() }
        return LatestOn(timestamp: timestamp, partitionBy: keys)
    }

    // MARK: - SAMPLE BY

    private mutating func sampleByClause() throws(DatabaseError) -> SampleBy? {
        guard try accept(.sample, .by) else { return nil }
        let position = token.position
        let count = token.kind == .integer ? try integer() : 1
        let unit = tokenText
        guard keyword == nil, ["n", "U", "T", "s", "m", "h", "d", "w", "M", "y"].contains(unit)
        else { throw unexpected() }
        guard count > 0 else { throw .numberOutOfRange("\(count)\(unit)", at: position) }
        try advance()
        if self.is(.from) || self.is(.to) {
            throw .notSupported("SAMPLE BY FROM TO", at: token.position)
        }
        var fills: [SampleBy.Fill] = []
        if try accept(.fill) {
            fills = try parenthesizedList { parser throws(DatabaseError) in try parser.fill() }
        }
        let alignment = try alignment()
        return SampleBy(
            count: count, unit: unit, fills: fills, alignment: alignment, position: position)
    }

    private mutating func fill() throws(DatabaseError) -> SampleBy.Fill {
        if try accept(.noneWord) { return .none }
        if try accept(.null) { return .null }
        if try accept(.prev) { return .previous }
        if try accept(.linear) { return .linear }
        return .value(try expression())
    }

    private mutating func alignment() throws(DatabaseError) -> SampleBy.Alignment? {
        guard try accept(.align) else { return nil }
        try expect(.to)
        if try accept(.first, .observation) { return .firstObservation }
        try expect(.calendar)
        let timeZone = try accept(.time, .zone) ? try textLiteral() : nil
        let hasOffset = try accept(.with, .offset)
        return .calendar(timeZone: timeZone, offset: hasOffset ? try textLiteral() : nil)
    }
}
