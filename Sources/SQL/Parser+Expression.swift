import Diagnostics

/// How tightly operators bind, as in PostgreSQL, loosest first.
enum Precedence: Int, Comparable {
    case or = 1
    case and, not, `is`, comparison, membership, otherOperator, sum, product, power, timeZone
    case sign, postfix

    static func < (left: Precedence, right: Precedence) -> Bool { left.rawValue < right.rawValue }

    /// The next tighter level: what the right operand of a left-associative operator must have.
    var tighter: Precedence { Precedence(rawValue: rawValue + 1) ?? .postfix }
}

extension BinaryOperator {
    var precedence: Precedence {
        switch self {
        case .or: .or
        case .and: .and
        case .isDistinctFrom, .isNotDistinctFrom: .is
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: .comparison
        case .matches, .matchesIgnoringCase, .doesNotMatch, .doesNotMatchIgnoringCase,
            .concatenate, .bitAnd, .bitOr, .bitXor, .shiftLeft, .shiftRight:
            .otherOperator
        case .add, .subtract: .sum
        case .multiply, .divide, .remainder: .product
        case .power: .power
        }
    }
}

extension Parser {
    /// Any value.
    mutating func expression() throws(DatabaseError) -> Expression { try expression(.or) }

    /// An expression whose outermost operator binds at least this tightly. Operators of one level
    /// are taken in a loop, so that long chains need no stack.
    mutating func expression(_ minimum: Precedence) throws(DatabaseError) -> Expression {
        var left = try prefixed(minimum)
        var lastComparison = false
        while let precedence = try infixPrecedence(), precedence >= minimum {
            // Comparisons do not chain: `a < b < c` is an error, not a comparison with a Boolean.
            if precedence == .comparison, lastComparison { throw unexpected() }
            lastComparison = precedence == .comparison
            switch precedence {
            case .or: left = try chain(left, .or, .or)
            case .and: left = try chain(left, .and, .and)
            case .is: left = try truthTest(left)
            case .membership: left = try membership(left)
            case .timeZone: left = try timeZone(left)
            case .comparison, .otherOperator, .sum, .product, .power:
                left = try binary(left, precedence)
            case .not, .sign, .postfix: return left
            }
        }
        return left
    }

    /// The level of the operator the current token begins; nil when it begins none.
    private func infixPrecedence() throws(DatabaseError) -> Precedence? {
        switch token.kind {
        case .symbol(let symbol): return symbol.binaryOperator?.precedence
        case .word(let keyword):
            switch keyword {
            case .or: return .or
            case .and: return .and
            case .is, .isnull, .notnull: return .is
            case .in, .like, .ilike, .between: return .membership
            case .not:
                return try isFollowed(by: .in, .like, .ilike, .between, .similar)
                    ? .membership : nil
            case .at: return try isFollowed(by: .time) ? .timeZone : nil
            case .operator: return try isFollowed(by: .openParenthesis) ? .otherOperator : nil
            case .similar: throw .notSupported("SIMILAR TO", at: token.position)
            default: return nil
            }
        case .quotedName, .string, .integer, .decimal, .parameter, .end: return nil
        }
    }

    /// Builds a node, unless the tree would become too deep to walk.
    func make(_ kind: Expression.Kind, at position: Int) throws(DatabaseError) -> Expression {
        let expression = Expression(kind, position: position)
        guard expression.depth <= Limits.expressionDepth else {
            throw .expressionTooDeep(at: position)
        }
        return expression
    }

    // MARK: - Prefix

    private mutating func prefixed(
        _ minimum: Precedence
    ) throws(DatabaseError) -> Expression {
        let position = token.position
        let sign: (UnaryOperator, Precedence)
        switch token.kind {
        case .word(.not):
            if minimum > .not { throw unexpected() }
            sign = (.not, .not)
        case .symbol(.minus): sign = (.minus, .sign)
        case .symbol(.plus): sign = (.plus, .sign)
        case .symbol(.tilde): sign = (.bitNot, .sum)
        case .word, .symbol, .quotedName, .string, .integer, .decimal, .parameter, .end:
            return try postfixed()
        }
        let operand = try nested { parser throws(DatabaseError) in
            try parser.advance()
            return try parser.expression(sign.1)
        }
        return try make(.unary(sign.0, operand), at: position)
    }

    /// A primary with any casts and subscripts after it.
    private mutating func postfixed() throws(DatabaseError) -> Expression {
        var operand = try nested { parser throws(DatabaseError) in try parser.primary() }
        while true {
            let position = token.position
            if try accept(.doubleColon) {
                operand = try make(.cast(operand, try typeName()), at: operand.position)
            } else if try accept(.openBracket) {
                let index = try nested { parser throws(DatabaseError) in try parser.expression() }
                try expect(.closeBracket)
                operand = try make(.element(of: operand, index: index), at: position)
            } else if try accept(.collate) {
                try skipCollation()
            } else {
                return operand
            }
        }
    }

    /// The collations that order as Basalt does: by code point.
    private mutating func skipCollation() throws(DatabaseError) {
        let position = token.position
        var name = try anyName()
        if try accept(.dot) { name = try anyName() }
        guard ["default", "c", "posix", "ucs_basic"].contains(name.folded) else {
            throw .notSupported("collation \"\(name.text)\"", at: position)
        }
    }

    // MARK: - Infix

    /// `a AND b AND c …` as a balanced tree: its depth is the logarithm of its length.
    private mutating func chain(
        _ first: Expression, _ connective: BinaryOperator, _ keyword: Keyword
    ) throws(DatabaseError) -> Expression {
        var operands = Parser.operands(of: first, connective)
        var positions: [Int] = []
        while self.is(keyword) {
            positions.append(token.position)
            try advance()
            let next = try expression(connective.precedence.tighter)
            operands += Parser.operands(of: next, connective)
        }
        let position = positions.first ?? first.position
        return try balanced(operands[...], connective, position)
    }

    private func balanced(
        _ operands: ArraySlice<Expression>, _ connective: BinaryOperator, _ position: Int
    ) throws(DatabaseError) -> Expression {
        if operands.count == 1, let only = operands.first { return only }
        let middle = operands.startIndex + operands.count / 2
        return try make(
            .binary(
                connective, try balanced(operands[..<middle], connective, position),
                try balanced(operands[middle...], connective, position)),
            at: position)
    }

    /// The operands of a chain of one connective, in order; the expression itself if it is none.
    static func operands(of expression: Expression, _ connective: BinaryOperator) -> [Expression] {
        guard case .binary(connective, let left, let right) = expression.kind else {
            return [expression]
        }
        return operands(of: left, connective) + operands(of: right, connective)
    }

    private mutating func binary(
        _ left: Expression, _ precedence: Precedence
    ) throws(DatabaseError) -> Expression {
        let position = token.position
        let binaryOperator = try binaryOperator()
        if precedence == .comparison, let quantifier = try quantifier() {
            try expect(.openParenthesis)
            let right = try nested { parser throws(DatabaseError) in
                try parser.queryOrExpression()
            }
            try expect(.closeParenthesis)
            let quantified = Quantified(
                left: left, comparison: binaryOperator, quantifier: quantifier, right: right)
            return try make(.quantified(quantified), at: position)
        }
        let right = try expression(precedence.tighter)
        return try make(.binary(binaryOperator, left, right), at: position)
    }

    /// A symbol, or `OPERATOR(pg_catalog.=)` as psql writes it.
    private mutating func binaryOperator() throws(DatabaseError) -> BinaryOperator {
        let isQualified = try accept(.operator)
        if isQualified {
            try expect(.openParenthesis)
            if !isSymbol {
                _ = try name()
                try expect(.dot)
            }
        }
        guard case .symbol(let symbol) = token.kind, let found = symbol.binaryOperator else {
            throw unexpected()
        }
        try advance()
        if isQualified { try expect(.closeParenthesis) }
        return found
    }

    private var isSymbol: Bool {
        if case .symbol = token.kind { return true }
        return false
    }

    private mutating func quantifier() throws(DatabaseError) -> Quantified.Quantifier? {
        if self.is(.any) || self.is(.some) {
            try advance()
            return .any
        }
        return try accept(.all) ? .all : nil
    }

    /// A query's text where a value may stand as well, without the parentheses.
    mutating func queryOrExpression() throws(DatabaseError) -> Expression {
        let position = token.position
        guard beginsQuery else { return try expression() }
        return try make(.subquery(try query()), at: position)
    }

    /// `IS …`
    private mutating func truthTest(_ operand: Expression) throws(DatabaseError) -> Expression {
        let position = token.position
        if try accept(.isnull) { return try make(.isNull(operand, negated: false), at: position) }
        if try accept(.notnull) { return try make(.isNull(operand, negated: true), at: position) }
        try expect(.is)
        let negated = try accept(.not)
        if try accept(.null) { return try make(.isNull(operand, negated: negated), at: position) }
        if try accept(.distinct) {
            try expect(.from)
            let right = try expression(.comparison)
            let comparison: BinaryOperator = negated ? .isNotDistinctFrom : .isDistinctFrom
            return try make(.binary(comparison, operand, right), at: position)
        }
        let truth: Bool?
        switch keyword {
        case .true: truth = true
        case .false: truth = false
        case .unknown: truth = nil
        default: throw unexpected()
        }
        try advance()
        return try make(.isTruth(operand, truth, negated: negated), at: position)
    }

    /// `[NOT] IN | BETWEEN | LIKE | ILIKE …`
    private mutating func membership(_ operand: Expression) throws(DatabaseError) -> Expression {
        let position = token.position
        let negated = try accept(.not)
        if try accept(.in) { return try membershipIn(operand, negated: negated, at: position) }
        if try accept(.between) {
            if try accept(.symmetric) { throw .notSupported("BETWEEN SYMMETRIC", at: position) }
            let lower = try expression(.otherOperator)
            try expect(.and)
            let upper = try expression(.otherOperator)
            return try make(
                .between(operand, lower: lower, upper: upper, negated: negated), at: position)
        }
        let letterCase: Like.Case = try accept(.ilike) ? .ignored : .sensitive
        if letterCase == .sensitive { try expect(.like) }
        let pattern = try expression(.otherOperator)
        let escape = try accept(.escape) ? try expression(.otherOperator) : nil
        let like = Like(
            operand: operand, pattern: pattern, escape: escape, letterCase: letterCase,
            negated: negated)
        return try make(.like(like), at: position)
    }

    private mutating func membershipIn(
        _ operand: Expression, negated: Bool, at position: Int
    ) throws(DatabaseError) -> Expression {
        guard try accept(.openParenthesis) else {
            let interval = try expression(.otherOperator)
            return try make(.inInterval(operand, interval, negated: negated), at: position)
        }
        let kind = try nested { parser throws(DatabaseError) -> Expression.Kind in
            if parser.beginsQuery {
                return .inQuery(operand, try parser.query(), negated: negated)
            }
            let list = try parser.list { element throws(DatabaseError) in
                try element.expression()
            }
            return .inList(operand, list, negated: negated)
        }
        try expect(.closeParenthesis)
        return try make(kind, at: position)
    }

    /// `operand AT TIME ZONE zone` is `timezone(zone, operand)`.
    private mutating func timeZone(_ operand: Expression) throws(DatabaseError) -> Expression {
        let position = token.position
        try expect(.at, .time, .zone)
        let zone = try expression(.sign)
        let call = FunctionCall(
            name: Name("timezone", position: position), arguments: .all([zone, operand]))
        return try make(.call(call), at: position)
    }
}
