/// A value to be computed: what it is, and where it stands.
///
/// Equality looks at the meaning alone, never at positions: `GROUP BY a + 1` finds `a + 1` in the
/// select list.
package struct Expression: Sendable, Equatable {
    package let kind: Kind
    /// Where an error about this node points: the operator of a binary one, else its first token.
    package let position: Int
    /// Levels of the tree below and including this node.
    let depth: Int

    package init(_ kind: Kind, position: Int = 0) {
        self.kind = kind
        self.position = position
        depth = 1 + kind.children.reduce(kind.query?.depth ?? 0) { max($0, $1.depth) }
    }

    package static func == (left: Expression, right: Expression) -> Bool {
        left.kind == right.kind
    }

    package indirect enum Kind: Sendable, Equatable {
        case literal(Literal)
        case column(ColumnReference)
        /// `$1` is 1.
        case parameter(Int)
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        case isNull(Expression, negated: Bool)
        /// `IS [NOT] TRUE | FALSE | UNKNOWN`; unknown is nil.
        case isTruth(Expression, Bool?, negated: Bool)
        case inList(Expression, [Expression], negated: Bool)
        case inQuery(Expression, Query, negated: Bool)
        /// `ts IN '2024-01;1d'` without parentheses: an interval of time.
        case inInterval(Expression, Expression, negated: Bool)
        case between(Expression, lower: Expression, upper: Expression, negated: Bool)
        case like(Like)
        /// `CAST(a AS t)`, `a::t` and `t 'text'`.
        case cast(Expression, TypeName)
        case call(FunctionCall)
        case conditional(Conditional)
        /// A query in parentheses that gives one value.
        case subquery(Query)
        case exists(Query)
        /// `a = ANY (array)`, `a < ALL (array)`; a query stands as `.subquery`.
        case quantified(Quantified)
        case array([Expression])
        case element(of: Expression, index: Expression)
    }
}

/// A constant as it was written: the lexer does not decide its type.
package enum Literal: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// Digits only; the sign is a unary operator.
    case integer(String)
    /// Digits with a point, an exponent or both.
    case decimal(String)
    /// A number written with an `m` behind it: its digits are meant exactly.
    case exact(String)
    case string(String)
    /// `#u33d`, `#u33d/18` or `##0110`, as written.
    case geohash(String)
}

/// `[[schema.]table.]name`; a qualifier holds at most two names, schema first.
package struct ColumnReference: Sendable, Hashable {
    package let qualifier: [Name]
    package let name: Name

    package init(qualifier: [Name] = [], name: Name) {
        self.qualifier = qualifier
        self.name = name
    }
}

package enum UnaryOperator: String, Sendable, Hashable, CaseIterable {
    case not = "NOT"
    case minus = "-"
    case plus = "+"
    case bitNot = "~"
}

package enum BinaryOperator: String, Sendable, Hashable, CaseIterable {
    case or = "OR"
    case and = "AND"
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isDistinctFrom = "IS DISTINCT FROM"
    case isNotDistinctFrom = "IS NOT DISTINCT FROM"
    case matches = "~"
    case matchesIgnoringCase = "~*"
    case doesNotMatch = "!~"
    case doesNotMatchIgnoringCase = "!~*"
    case concatenate = "||"
    case bitAnd = "&"
    case bitOr = "|"
    case bitXor = "#"
    case shiftLeft = "<<"
    case shiftRight = ">>"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case power = "^"
}

/// `operand [NOT] LIKE pattern [ESCAPE escape]`, also ILIKE.
package struct Like: Sendable, Equatable {
    package enum Case: Sendable { case sensitive, ignored }

    package let operand: Expression
    package let pattern: Expression
    package let escape: Expression?
    package let letterCase: Case
    package let negated: Bool

    package init(
        operand: Expression, pattern: Expression, escape: Expression? = nil,
        letterCase: Case = .sensitive, negated: Bool = false
    ) {
        self.operand = operand
        self.pattern = pattern
        self.escape = escape
        self.letterCase = letterCase
        self.negated = negated
    }
}

/// A call of a function, an aggregate or a window function.
package struct FunctionCall: Sendable, Equatable {
    /// What stands between the parentheses.
    package enum Arguments: Sendable, Equatable {
        /// `count(*)`
        case star
        case all([Expression])
        /// `count(DISTINCT a)`
        case distinct([Expression])
    }

    package let schema: Name?
    package let name: Name
    package let arguments: Arguments
    package let window: Window?

    package init(
        schema: Name? = nil, name: Name, arguments: Arguments, window: Window? = nil
    ) {
        self.schema = schema
        self.name = name
        self.arguments = arguments
        self.window = window
    }

    /// The arguments as a list; empty for `*`.
    package var list: [Expression] {
        switch arguments {
        case .star: []
        case .all(let list), .distinct(let list): list
        }
    }
}

/// `OVER (PARTITION BY … ORDER BY …)`
package struct Window: Sendable, Equatable {
    package let partitionBy: [Expression]
    package let orderBy: [OrderItem]

    package init(partitionBy: [Expression], orderBy: [OrderItem]) {
        self.partitionBy = partitionBy
        self.orderBy = orderBy
    }
}

/// `CASE [operand] WHEN … THEN … [ELSE …] END`
package struct Conditional: Sendable, Equatable {
    package struct Branch: Sendable, Equatable {
        package let condition: Expression
        package let result: Expression

        package init(condition: Expression, result: Expression) {
            self.condition = condition
            self.result = result
        }
    }

    package let operand: Expression?
    package let branches: [Branch]
    package let otherwise: Expression?

    package init(operand: Expression?, branches: [Branch], otherwise: Expression?) {
        self.operand = operand
        self.branches = branches
        self.otherwise = otherwise
    }
}

/// `left operator ANY|ALL (right)`; SOME is ANY.
package struct Quantified: Sendable, Equatable {
    package enum Quantifier: String, Sendable {
        case any = "ANY"
        case all = "ALL"
    }

    package let left: Expression
    package let comparison: BinaryOperator
    package let quantifier: Quantifier
    package let right: Expression

    package init(
        left: Expression, comparison: BinaryOperator, quantifier: Quantifier, right: Expression
    ) {
        self.left = left
        self.comparison = comparison
        self.quantifier = quantifier
        self.right = right
    }
}

extension Expression.Kind {
    /// The expressions directly below this node, in the order they were written. What stands
    /// inside a subquery is not among them.
    package var children: [Expression] {
        switch self {
        case .literal, .column, .parameter, .subquery, .exists: []
        case .unary(_, let operand): [operand]
        case .binary(_, let left, let right): [left, right]
        case .isNull(let operand, _), .isTruth(let operand, _, _): [operand]
        case .inList(let operand, let list, _): [operand] + list
        case .inQuery(let operand, _, _): [operand]
        case .inInterval(let operand, let interval, _): [operand, interval]
        case .between(let operand, let lower, let upper, _): [operand, lower, upper]
        case .like(let like): [like.operand, like.pattern] + (like.escape.map { [$0] } ?? [])
        case .cast(let operand, _): [operand]
        case .call(let call):
            call.list + (call.window?.partitionBy ?? [])
                + (call.window?.orderBy.map(\.expression) ?? [])
        case .conditional(let conditional):
            (conditional.operand.map { [$0] } ?? [])
                + conditional.branches.flatMap { [$0.condition, $0.result] }
                + (conditional.otherwise.map { [$0] } ?? [])
        case .quantified(let quantified): [quantified.left, quantified.right]
        case .array(let elements): elements
        case .element(let array, let index): [array, index]
        }
    }

    /// The query this node holds itself, if it is one that does.
    package var query: Query? {
        switch self {
        case .subquery(let query), .exists(let query), .inQuery(_, let query, _): query
        case .literal, .column, .parameter, .unary, .binary, .isNull, .isTruth, .inList,
            .inInterval, .between, .like, .cast, .call, .conditional, .quantified, .array,
            .element:
            nil
        }
    }
}
