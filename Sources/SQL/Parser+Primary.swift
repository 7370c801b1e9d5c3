import Diagnostics

/// Values that stand by themselves: constants, names, calls, whatever is in parentheses.
extension Parser {
    mutating func primary() throws(DatabaseError) -> Expression {
        let position = token.position
        switch token.kind {
        case .integer, .decimal: return try number()
        case .string(let text):
            try advance()
            return try make(.literal(.string(text)), at: position)
        case .parameter: return try parameter()
        case .symbol(.openParenthesis): return try parenthesized()
        case .symbol(.hash):
            let text = try geohash()
            return try make(.literal(.geohash(text)), at: position)
        case .quotedName: return try nameOrCall()
        case .word(let keyword):
            if let keyword, let special = try specialForm(keyword) { return special }
            return try nameOrCall()
        case .symbol, .end: throw unexpected()
        }
    }

    private mutating func number() throws(DatabaseError) -> Expression {
        let start = token
        let digits = numberText
        var literal: Literal = token.kind == .integer ? .integer(digits) : .decimal(digits)
        try advance()
        if case .word = token.kind, isAdjacent {
            let isExact = tokenText.lowercased() == "m"
            try advance()
            if isExact {
                literal = .exact(digits)
                return try make(.literal(literal), at: start.position)
            }
            throw .malformed(
                "trailing junk after numeric literal", String(text(from: start).prefix(64)),
                at: start.position)
        }
        return try make(.literal(literal), at: start.position)
    }

    private mutating func parameter() throws(DatabaseError) -> Expression {
        let position = token.position
        guard let number = Int(tokenText.dropFirst()), (1...Limits.parameters).contains(number)
        else { throw .noSuchParameter(String(tokenText.prefix(64)), at: position) }
        try advance()
        return try make(.parameter(number), at: position)
    }

    private mutating func parenthesized() throws(DatabaseError) -> Expression {
        let position = token.position
        try expect(.openParenthesis)
        let inner: Expression
        if beginsQuery {
            inner = try make(.subquery(try query()), at: position)
        } else {
            inner = try expression()
            if self.is(.comma) { throw .notSupported("a row of values", at: position) }
        }
        try expect(.closeParenthesis)
        return inner
    }

    /// What a keyword begins in the place of a value; nil when the word is a name here.
    private mutating func specialForm(
        _ keyword: Keyword
    ) throws(DatabaseError) -> Expression? {
        let position = token.position
        switch keyword {
        case .null: return try constant(.null)
        case .true: return try constant(.boolean(true))
        case .false: return try constant(.boolean(false))
        case .case: return try conditional()
        case .cast: return try castForm()
        case .exists:
            guard try isFollowed(by: .openParenthesis) else { return nil }
            try advance()
            try expect(.openParenthesis)
            let query = try query()
            try expect(.closeParenthesis)
            return try make(.exists(query), at: position)
        case .array: return try arrayForm()
        case .extract:
            guard try isFollowed(by: .openParenthesis) else { return nil }
            return try extractForm()
        case .current_date, .current_time, .current_timestamp, .current_user, .localtime,
            .localtimestamp, .session_user, .user:
            guard try !isFollowed(by: .openParenthesis) else { return nil }
            let name = Name(tokenText.lowercased(), position: position)
            try advance()
            return try make(.call(FunctionCall(name: name, arguments: .all([]))), at: position)
        case .timestamp, .time, .interval:
            return try typedLiteral()
        default: return nil
        }
    }

    private mutating func constant(_ literal: Literal) throws(DatabaseError) -> Expression {
        let position = token.position
        try advance()
        return try make(.literal(literal), at: position)
    }

    private mutating func castForm() throws(DatabaseError) -> Expression {
        let position = token.position
        try advance()
        try expect(.openParenthesis)
        let operand = try expression()
        try expect(.as)
        let type = try typeName()
        try expect(.closeParenthesis)
        return try make(.cast(operand, type), at: position)
    }

    private mutating func conditional() throws(DatabaseError) -> Expression {
        let position = token.position
        try advance()
        let operand = self.is(.when) ? nil : try expression()
        var branches: [Conditional.Branch] = []
        while try accept(.when) {
            let condition = try expression()
            try expect(.then)
            branches.append(
                Conditional.Branch(condition: condition, result: try expression()))
        }
        guard !branches.isEmpty else { throw unexpected() }
        let otherwise = try accept(.else) ? try expression() : nil
        try expect(.end)
        return try make(
            .conditional(
                Conditional(operand: operand, branches: branches, otherwise: otherwise)),
            at: position)
    }

    /// `ARRAY[…]`
    private mutating func arrayForm() throws(DatabaseError) -> Expression {
        let position = token.position
        try advance()
        if self.is(.openParenthesis) { throw .notSupported("ARRAY(query)", at: position) }
        guard self.is(.openBracket) else { throw unexpected() }
        return try arrayElements(at: position)
    }

    /// `[…]` with elements or further such lists inside.
    private mutating func arrayElements(at position: Int) throws(DatabaseError) -> Expression {
        try expect(.openBracket)
        var elements: [Expression] = []
        if !self.is(.closeBracket) {
            elements = try list { parser throws(DatabaseError) in
                guard parser.is(.openBracket) else { return try parser.expression() }
                return try parser.nested { inner throws(DatabaseError) in
                    try inner.arrayElements(at: inner.token.position)
                }
            }
        }
        try expect(.closeBracket)
        return try make(.array(elements), at: position)
    }

    /// `extract(field FROM value)` is `extract('field', value)`.
    private mutating func extractForm() throws(DatabaseError) -> Expression {
        let position = token.position
        let name = try anyName()
        try expect(.openParenthesis)
        if try isFollowed(by: .from) {
            let fieldPosition = token.position
            let field: String
            if case .string(let text) = token.kind { field = text } else { field = tokenText }
            try advance()
            try expect(.from)
            let operand = try expression()
            try expect(.closeParenthesis)
            let text = try make(.literal(.string(field.lowercased())), at: fieldPosition)
            let call = FunctionCall(name: name, arguments: .all([text, operand]))
            return try make(.call(call), at: position)
        }
        return try callEnd(schema: nil, name: name)
    }

    /// `timestamp '…'`, `time with time zone '…'`: nil when the word is a plain name here.
    private mutating func typedLiteral() throws(DatabaseError) -> Expression? {
        let position = token.position
        let ahead = try peek()
        switch ahead.kind {
        case .string: break
        case .word(.with), .word(.without):
            if try !isTimeZoneAhead() { return nil }
        case .word, .quotedName, .integer, .decimal, .parameter, .symbol, .end: return nil
        }
        let type = try typeName()
        let literal = try textLiteral()
        let operand = try make(.literal(.string(literal.text)), at: literal.position)
        return try make(.cast(operand, type), at: position)
    }

    /// Whether WITH or WITHOUT after the current token goes on with TIME ZONE.
    private func isTimeZoneAhead() throws(DatabaseError) -> Bool {
        var ahead = self
        try ahead.advance()
        try ahead.advance()
        return ahead.is(.time)
    }

    // MARK: - Names and calls

    private mutating func nameOrCall() throws(DatabaseError) -> Expression {
        let position = token.position
        if let keyword, keyword.isReserved {
            guard keyword.isFunctionName, try isFollowed(by: .openParenthesis) else {
                throw unexpected()
            }
        }
        var names = [try anyName()]
        while try accept(.dot) {
            guard names.count < 3 else { throw unexpected() }
            names.append(try anyName())
        }
        let name = names.removeLast()
        if try accept(.openParenthesis) {
            guard names.count <= 1 else { throw .unexpected("(", at: previousEnd - 1) }
            return try callEnd(schema: names.first, name: name)
        }
        if case .string(let text) = token.kind, names.count <= 1 {
            let operand = try make(.literal(.string(text)), at: token.position)
            try advance()
            let type = TypeName(schema: names.first, name: name.folded, position: position)
            return try make(.cast(operand, type), at: position)
        }
        return try make(.column(ColumnReference(qualifier: names, name: name)), at: position)
    }

    /// The rest of a call after its opening parenthesis.
    private mutating func callEnd(schema: Name?, name: Name) throws(DatabaseError) -> Expression {
        let call = try functionCall(schema: schema, name: name)
        let position = schema?.position ?? name.position
        if self.is(.filter) { throw .notSupported("FILTER", at: token.position) }
        guard try accept(.over) else { return try make(.call(call), at: position) }
        let windowed = FunctionCall(
            schema: schema, name: name, arguments: call.arguments, window: try window())
        return try make(.call(windowed), at: position)
    }

    /// The arguments of a call after its opening parenthesis, and the closing one.
    mutating func functionCall(schema: Name?, name: Name) throws(DatabaseError) -> FunctionCall {
        let arguments = try arguments()
        try expect(.closeParenthesis)
        return FunctionCall(schema: schema, name: name, arguments: arguments)
    }

    private mutating func arguments() throws(DatabaseError) -> FunctionCall.Arguments {
        if self.is(.closeParenthesis) { return .all([]) }
        if try accept(.star) { return .star }
        let isDistinct = try accept(.distinct)
        if !isDistinct { _ = try accept(.all) }
        let list = try list { parser throws(DatabaseError) in try parser.queryOrExpression() }
        if self.is(.order) { throw .notSupported("ORDER BY in an aggregate", at: token.position) }
        return isDistinct ? .distinct(list) : .all(list)
    }

    private mutating func window() throws(DatabaseError) -> Window {
        let position = token.position
        guard try accept(.openParenthesis) else { throw .notSupported("WINDOW", at: position) }
        var partitionBy: [Expression] = []
        var orderBy: [OrderItem] = []
        if try accept(.partition) {
            try expect(.by)
            partitionBy = try list { parser throws(DatabaseError) in try parser.expression() }
        }
        if self.is(.order) { orderBy = try orderByClause() }
        if self.is(.rows) || tokenText.lowercased() == "range" {
            throw .notSupported("a window frame", at: token.position)
        }
        try expect(.closeParenthesis)
        return Window(partitionBy: partitionBy, orderBy: orderBy)
    }

    // MARK: - Types

    /// A type's name with its arguments and array brackets.
    mutating func typeName() throws(DatabaseError) -> TypeName {
        let position = token.position
        var schema: Name?
        var isQuoted = if case .quotedName = token.kind { true } else { false }
        var first = try name()
        if try accept(.dot) {
            schema = first
            isQuoted = if case .quotedName = token.kind { true } else { false }
            first = try anyName()
        }
        var words = first.folded
        if isQuoted, words == "char" { words = TypeName.quotedChar }
        if words == "double", try accept(.precision) { words += " precision" }
        if words == "character" || words == "bit", try accept(.varying) { words += " varying" }
        let arguments = try words == "geohash" ? geohashBits() : typeArguments()
        if words == "timestamp" || words == "time" {
            if try accept(.with, .time) {
                try expect(.zone)
                words += " with time zone"
            } else if try accept(.without, .time) {
                try expect(.zone)
                words += " without time zone"
            }
        }
        warn(ofPrecision: arguments, words)
        var dimensions = 0
        while self.is(.openBracket) {
            try advance()
            if token.kind == .integer { try advance() }
            try expect(.closeBracket)
            dimensions += 1
        }
        return TypeName(
            schema: schema, name: words, arguments: arguments, arrayDimensions: dimensions,
            position: position)
    }

    /// As PostgreSQL does, where digits are asked for that nothing has.
    private mutating func warn(ofPrecision arguments: [Int], _ words: String) {
        let isZoned = words == "timestamptz" || words == "timestamp with time zone"
        guard isZoned || words == "timestamp" || words == "timestamp without time zone",
            let digits = arguments.first, arguments.count == 1, digits > Limits.secondDigits
        else { return }
        warnings.append(
            "TIMESTAMP(\(digits))\(isZoned ? " WITH TIME ZONE" : "") precision reduced to maximum "
                + "allowed, \(Limits.secondDigits)")
    }

    /// `(5c)` or `(25b)`, in bits.
    private mutating func geohashBits() throws(DatabaseError) -> [Int] {
        guard try accept(.openParenthesis) else { return [] }
        let number = try integer()
        guard isAdjacent, number <= 60 else { throw unexpected() }
        let unit = tokenText.lowercased()
        guard unit == "c" || unit == "b" else { throw unexpected() }
        try advance()
        try expect(.closeParenthesis)
        return [unit == "c" ? number * 5 : number]
    }

    private mutating func typeArguments() throws(DatabaseError) -> [Int] {
        guard self.is(.openParenthesis), try peek().kind == .integer else { return [] }
        return try parenthesizedList { parser throws(DatabaseError) in try parser.integer() }
    }
}
