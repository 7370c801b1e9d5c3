package import Diagnostics

extension Parser {
    /// Gives a column another name in the text of a stored expression.
    ///
    /// Works on the tokens of what `Printer` wrote: a name before a parenthesis is a function, and
    /// one after `::` a type.
    package static func renameColumn(in text: String, from old: Name, to new: Name)
        throws(DatabaseError) -> String
    {
        var lexer = try Lexer(text)
        var result = ""
        var copied = 0
        var previous: Token.Kind = .end
        var token = try lexer.next()
        while token.kind != .end {
            let next = try lexer.next()
            if let name = name(of: token, lexer), Name(name) == old,
                next.kind != .symbol(.openParenthesis), previous != .symbol(.doubleColon)
            {
                result += lexer.text(copied..<token.bytes.lowerBound) + Printer.text(new)
                copied = token.bytes.upperBound
            }
            previous = token.kind
            token = next
        }
        return result + lexer.text(copied..<text.utf8.count)
    }

    private static func name(of token: Token, _ lexer: Lexer) -> String? {
        switch token.kind {
        case .word: lexer.text(token.bytes)
        case .quotedName(let text): text
        case .string, .integer, .decimal, .parameter, .symbol, .end: nil
        }
    }
}

extension Expression {
    /// The names of all columns that the expression mentions, in lower case.
    package var columnNames: Set<String> {
        var names: Set<String> = []
        if case .column(let reference) = kind { names.insert(reference.name.folded) }
        for child in kind.children { names.formUnion(child.columnNames) }
        return names
    }
}
