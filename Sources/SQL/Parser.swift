package import Diagnostics

/// Turns text into statements by recursive descent, one token ahead.
///
/// Each rule of the grammar is a method named after what it returns; rules by topic stand in
/// `Parser+….swift`. A rule either consumes what it describes or throws.
package struct Parser {
    private var lexer: Lexer
    /// The token that is looked at and not yet consumed.
    private(set) var token: Token
    /// Where the last consumed token ended.
    private(set) var previousEnd = 0
    private var previousEndByte = 0
    private var nesting = 0
    /// What the author of the statement under way should know.
    var warnings: [String] = []

    /// Parses every statement of a text before any of them is run.
    ///
    /// Empty statements are dropped; a text of nothing but blanks gives an empty list.
    ///
    /// - Throws: 42601 where the grammar breaks, 54000 above the limits, 0A000 for SQL that
    ///   Basalt does not have; with a position into the text.
    package static func parse(_ text: String) throws(DatabaseError) -> [ParsedStatement] {
        var parser = try Parser(text)
        return try parser.statements()
    }

    /// Parses a text that is one expression, such as a stored default.
    ///
    /// - Throws: as `parse`.
    package static func parseExpression(_ text: String) throws(DatabaseError) -> Expression {
        var parser = try Parser(text)
        let expression = try parser.expression()
        guard parser.token.kind == .end else { throw parser.unexpected() }
        return expression
    }

    init(_ text: String) throws(DatabaseError) {
        let length = text.utf8.count
        guard length <= Limits.statementBytes else { throw .statementTooLong(bytes: length) }
        lexer = try Lexer(text)
        token = try lexer.next()
    }

    private mutating func statements() throws(DatabaseError) -> [ParsedStatement] {
        var list: [ParsedStatement] = []
        while true {
            while try accept(.semicolon) {}
            if token.kind == .end { return list }
            let start = token
            warnings = []
            let statement = try statement()
            list.append(
                ParsedStatement(
                    statement: statement, range: start.position..<previousEnd,
                    text: lexer.text(start.bytes.lowerBound..<previousEndByte),
                    warnings: warnings))
            guard self.is(.semicolon) || token.kind == .end else { throw unexpected() }
        }
    }

    // MARK: - Tokens

    mutating func advance() throws(DatabaseError) {
        previousEnd = token.endPosition
        previousEndByte = token.bytes.upperBound
        token = try lexer.next()
    }

    /// The token after the current one.
    func peek() throws(DatabaseError) -> Token {
        var ahead = lexer
        return try ahead.next()
    }

    /// Whether the current token is followed by this symbol.
    func isFollowed(by symbol: Symbol) throws(DatabaseError) -> Bool {
        try peek().kind == .symbol(symbol)
    }

    /// Whether the current token is followed by one of these words.
    func isFollowed(by keywords: Keyword...) throws(DatabaseError) -> Bool {
        guard case .word(let keyword?) = try peek().kind else { return false }
        return keywords.contains(keyword)
    }

    var keyword: Keyword? {
        guard case .word(let keyword) = token.kind else { return nil }
        return keyword
    }

    func `is`(_ keyword: Keyword) -> Bool { token.kind == .word(keyword) }
    func `is`(_ symbol: Symbol) -> Bool { token.kind == .symbol(symbol) }

    mutating func accept(_ keyword: Keyword) throws(DatabaseError) -> Bool {
        guard `is`(keyword) else { return false }
        try advance()
        return true
    }

    /// Consumes all these words, or none.
    mutating func accept(_ first: Keyword, _ second: Keyword) throws(DatabaseError) -> Bool {
        guard `is`(first), try isFollowed(by: second) else { return false }
        try advance()
        try advance()
        return true
    }

    mutating func accept(_ symbol: Symbol) throws(DatabaseError) -> Bool {
        guard `is`(symbol) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ keywords: Keyword...) throws(DatabaseError) {
        for keyword in keywords {
            guard try accept(keyword) else { throw unexpected() }
        }
    }

    mutating func expect(_ symbol: Symbol) throws(DatabaseError) {
        guard try accept(symbol) else { throw unexpected() }
    }

    /// The current token as it was written.
    var tokenText: String { lexer.text(token.bytes) }

    /// The error that the current token does not belong here.
    func unexpected() -> DatabaseError {
        guard token.kind != .end else { return .unexpected(nil, at: token.position) }
        return .unexpected(String(tokenText.prefix(64)), at: token.position)
    }

    /// The text of the tokens from a byte to the last consumed one.
    func text(from start: Token) -> String {
        lexer.text(start.bytes.lowerBound..<max(previousEndByte, start.bytes.lowerBound))
    }

    /// Whether the current token stands directly after the last consumed one.
    var isAdjacent: Bool { token.bytes.lowerBound == previousEndByte }

    // MARK: - What many rules share

    /// Runs a rule that may contain itself.
    mutating func nested<Result>(
        _ rule: (inout Parser) throws(DatabaseError) -> Result
    ) throws(DatabaseError) -> Result {
        guard nesting < Limits.nesting else { throw .nestedTooDeeply(at: token.position) }
        nesting += 1
        defer { nesting -= 1 }
        return try rule(&self)
    }

    /// One or more of something, with commas between.
    mutating func list<Element>(
        _ element: (inout Parser) throws(DatabaseError) -> Element
    ) throws(DatabaseError) -> [Element] {
        var elements = [try element(&self)]
        while try accept(.comma) { elements.append(try element(&self)) }
        return elements
    }

    /// The same between parentheses.
    mutating func parenthesizedList<Element>(
        _ element: (inout Parser) throws(DatabaseError) -> Element
    ) throws(DatabaseError) -> [Element] {
        try expect(.openParenthesis)
        let elements = try list(element)
        try expect(.closeParenthesis)
        return elements
    }

    /// An identifier: any word that is not reserved, or a quoted name.
    mutating func name() throws(DatabaseError) -> Name {
        switch token.kind {
        case .word(let keyword):
            if keyword?.isReserved == true { throw unexpected() }
            return try anyName()
        case .quotedName: return try anyName()
        case .string, .integer, .decimal, .parameter, .symbol, .end: throw unexpected()
        }
    }

    /// An identifier where reserved words do no harm: after AS, after a dot.
    mutating func anyName() throws(DatabaseError) -> Name {
        let text: String
        switch token.kind {
        case .word: text = tokenText
        case .quotedName(let decoded):
            guard !decoded.isEmpty else { throw .emptyName(at: token.position) }
            text = decoded
        case .string, .integer, .decimal, .parameter, .symbol, .end: throw unexpected()
        }
        guard text.utf8.count <= Limits.nameBytes else {
            throw .nameTooLong(text, at: token.position)
        }
        let name = Name(text, position: token.position)
        try advance()
        return name
    }

    /// `[schema.]name`; either part may also be a string, as QuestDB has it.
    mutating func tableName() throws(DatabaseError) -> TableName {
        let first = try tableNamePart()
        guard try accept(.dot) else { return TableName(name: first) }
        return TableName(schema: first, name: try tableNamePart())
    }

    private mutating func tableNamePart() throws(DatabaseError) -> Name {
        guard case .string(let text) = token.kind else { return try name() }
        guard !text.isEmpty else { throw .emptyName(at: token.position) }
        guard text.utf8.count <= Limits.nameBytes else {
            throw .nameTooLong(text, at: token.position)
        }
        let name = Name(text, position: token.position)
        try advance()
        return name
    }

    /// A geohash: the current `#`, which only the grammar can tell from the operator, and what
    /// stands right behind it.
    mutating func geohash() throws(DatabaseError) -> String {
        let start = token
        lexer.skipGeohash()
        let range = start.bytes.lowerBound..<lexer.index
        token = Token(
            kind: .symbol(.hash), position: start.position, endPosition: lexer.position,
            bytes: range)
        let text = lexer.text(range)
        guard text.utf8.count <= Limits.geohashBytes else { throw unexpected() }
        try advance()
        return text
    }

    mutating func textLiteral() throws(DatabaseError) -> TextLiteral {
        guard case .string(let text) = token.kind else { throw unexpected() }
        let literal = TextLiteral(text, position: token.position)
        try advance()
        return literal
    }

    /// Digits that must fit an Int.
    mutating func integer() throws(DatabaseError) -> Int {
        guard token.kind == .integer else { throw unexpected() }
        let text = numberText
        guard let value = Int(text) else {
            throw .numberOutOfRange(String(text.prefix(64)), at: token.position)
        }
        try advance()
        return value
    }

    /// The current number without underscores.
    var numberText: String { tokenText.filter { $0 != "_" } }
}
