import Diagnostics

/// Which statement it is, and those about rows.
extension Parser {
    mutating func statement() throws(DatabaseError) -> Statement {
        try nested { parser throws(DatabaseError) in try parser.anyStatement() }
    }

    private mutating func anyStatement() throws(DatabaseError) -> Statement {
        switch keyword {
        case .select, .with, .values: return .select(try query())
        case .insert: return try insert()
        case .update: return try update()
        case .delete: return try delete()
        case .copy: return try copy()
        case .create: return try create()
        case .drop: return try drop()
        case .truncate: return try truncate()
        case .alter: return try alter()
        case .rename: return try renameTable()
        case .begin, .start, .commit, .end, .rollback, .abort, .savepoint, .release:
            return try transactionStatement()
        case .set, .reset, .show, .prepare, .execute, .deallocate, .discard, .explain:
            return try sessionStatement()
        case .backup, .snapshot, .checkpoint, .restore, .verify, .cancel, .prune:
            return try backupStatement()
        case .declare, .fetch, .close, .listen, .unlisten, .vacuum, .grant, .revoke, .analyze:
            throw .notSupported(tokenText.uppercased(), at: token.position)
        default:
            if self.is(.openParenthesis) { return .select(try query()) }
            guard try beginsImplicitSelect() else { throw unexpected() }
            return .select(try implicitSelect())
        }
    }

    /// Whether a name here stands for `SELECT * FROM name`: only when what follows fits a query,
    /// so that a misspelt `selct 1` is an error at its first word.
    private func beginsImplicitSelect() throws(DatabaseError) -> Bool {
        switch token.kind {
        case .quotedName: break
        case .word(let keyword): if keyword?.isReserved == true { return false }
        case .string, .integer, .decimal, .parameter, .symbol, .end: return false
        }
        let next = try peek()
        switch next.kind {
        case .end, .symbol(.semicolon), .symbol(.dot), .symbol(.openParenthesis),
            .symbol(.closeParenthesis):
            return true
        case .word(let keyword):
            switch keyword {
            case .where, .latest, .sample, .group, .order, .limit, .join, .inner, .left, .right,
                .full, .cross, .asof, .lt, .splice:
                return true
            default: return false
            }
        case .quotedName, .string, .integer, .decimal, .parameter, .symbol: return false
        }
    }

    // MARK: - Rows

    private mutating func insert() throws(DatabaseError) -> Statement {
        try expect(.insert)
        if self.is(.batch) || self.is(.atomic) {
            if try accept(.batch) { _ = try integer() } else { try advance() }
        }
        try expect(.into)
        let table = try tableName()
        var columns: [Name] = []
        if self.is(.openParenthesis), try !isFollowed(by: .select, .with) {
            columns = try parenthesizedList { parser throws(DatabaseError) in
                try parser.columnName()
            }
        }
        var overridesSystem = false
        if try acceptWord("overriding") {
            overridesSystem = try acceptWord("system")
            if !overridesSystem { throw .notSupported("OVERRIDING USER VALUE", at: token.position) }
            try expectWord("value")
        }
        let source = try insertSource()
        if self.is(.on) { throw .notSupported("ON CONFLICT", at: token.position) }
        return .insert(
            Insert(
                table: table, columns: columns, source: source,
                overridesSystem: overridesSystem, returning: try returning()))
    }

    private mutating func returning() throws(DatabaseError) -> [SelectItem] {
        guard try accept(.returning) else { return [] }
        return try list { parser throws(DatabaseError) in try parser.selectItem() }
    }

    private mutating func insertSource() throws(DatabaseError) -> Insert.Source {
        if try accept(.default, .values) { return .defaultValues }
        guard try accept(.values) else {
            guard self.is(.select) || self.is(.with) || self.is(.openParenthesis) else {
                throw unexpected()
            }
            return .query(try query())
        }
        let rows = try list { parser throws(DatabaseError) in
            try parser.parenthesizedList { row throws(DatabaseError) in
                try row.valueOrDefault()
            }
        }
        return .rows(rows)
    }

    /// nil for DEFAULT.
    private mutating func valueOrDefault() throws(DatabaseError) -> Expression? {
        try accept(.default) ? nil : try expression()
    }

    /// A column to be named in a list: QuestDB takes strings too.
    mutating func columnName() throws(DatabaseError) -> Name {
        guard case .string(let text) = token.kind, !text.isEmpty else { return try name() }
        let literal = try textLiteral()
        return Name(text, position: literal.position)
    }

    private mutating func update() throws(DatabaseError) -> Statement {
        try expect(.update)
        _ = try accept(.only)
        let table = try tableName()
        let alias = try sourceAlias()
        try expect(.set)
        let assignments = try list { parser throws(DatabaseError) -> Assignment in
            let column = try parser.columnName()
            try parser.expect(.equal)
            return Assignment(column: column, value: try parser.valueOrDefault())
        }
        if self.is(.from) { throw .notSupported("UPDATE FROM", at: token.position) }
        let filter = try accept(.where) ? try expression() : nil
        return .update(
            Update(
                table: table, alias: alias, assignments: assignments, filter: filter,
                returning: try returning()))
    }

    private mutating func delete() throws(DatabaseError) -> Statement {
        try expect(.delete, .from)
        _ = try accept(.only)
        let table = try tableName()
        let alias = try sourceAlias()
        if self.is(.using) { throw .notSupported("DELETE USING", at: token.position) }
        let filter = try accept(.where) ? try expression() : nil
        return .delete(
            Delete(table: table, alias: alias, filter: filter, returning: try returning()))
    }

    private mutating func copy() throws(DatabaseError) -> Statement {
        let position = token.position
        try expect(.copy)
        var subject: Copy.Subject
        if try accept(.openParenthesis) {
            subject = .query(try query())
            try expect(.closeParenthesis)
        } else {
            let table = try tableName()
            var columns: [Name] = []
            if self.is(.openParenthesis) {
                columns = try parenthesizedList { parser throws(DatabaseError) in
                    try parser.columnName()
                }
            }
            subject = .table(table, columns: columns)
        }
        let direction: Copy.Direction
        if case .table(let table, let columns) = subject {
            if try accept(.from) {
                direction = try accept(.stdin) ? .fromClient : .fromFile(try textLiteral())
            } else {
                direction = try copyTarget()
                subject = .query(Self.query(of: columns, in: table))
            }
        } else {
            direction = try copyTarget()
        }
        let options = try copyOptions()
        return .copy(
            Copy(subject: subject, direction: direction, options: options, position: position))
    }

    private mutating func copyTarget() throws(DatabaseError) -> Copy.Direction {
        try expect(.to)
        guard try accept(.stdout) else {
            throw .notSupported("COPY to a file", at: token.position)
        }
        return .toClient
    }

    private static func query(of columns: [Name], in table: TableName) -> Query {
        let items = columns.map { name in
            SelectItem.expression(
                Expression(.column(ColumnReference(name: name)), position: name.position),
                alias: nil)
        }
        let position = table.name.position
        return Query(
            items: items.isEmpty ? [.star(qualifier: [], position: position)] : items,
            from: .table(table, alias: nil), position: position)
    }

    /// `[WITH] (FORMAT csv, …)`, or the words of old: `[WITH] CSV HEADER`, `BINARY`.
    private mutating func copyOptions() throws(DatabaseError) -> [Option] {
        _ = try accept(.with)
        if self.is(.openParenthesis) {
            return try parenthesizedList { parser throws(DatabaseError) in
                try parser.refuseForce()
                return try parser.option()
            }
        }
        var options: [Option] = []
        while case .word = token.kind {
            let word = try anyName()
            switch word.folded {
            case "csv", "binary", "text":
                let format = Name("format", position: word.position)
                options.append(
                    Option(
                        name: format, value: .word(word.folded), valuePosition: word.position))
            case "header":
                options.append(Option(name: word, value: .none, valuePosition: word.position))
            case "force":
                let next = try anyName()
                throw .notSupported(
                    "COPY option FORCE \(next.text.uppercased())", at: word.position)
            case "freeze":
                options.append(Option(name: word, value: .none, valuePosition: word.position))
            case "where": throw .notSupported("COPY with WHERE", at: word.position)
            case "delimiter", "null", "quote", "escape", "encoding":
                _ = try accept(.as)
                let text = try textLiteral()
                options.append(
                    Option(name: word, value: .text(text.text), valuePosition: text.position))
            default: throw .unexpected(word.text, at: word.position)
            }
        }
        return options
    }

    /// Columns or a star stand behind FORCE_QUOTE, FORCE_NULL and FORCE_NOT_NULL: no value of an
    /// option that is here.
    private func refuseForce() throws(DatabaseError) {
        let word = tokenText.uppercased()
        guard word.hasPrefix("FORCE_") else { return }
        throw .notSupported("COPY option \(word)", at: token.position)
    }

    /// `(name [=] value, …)`
    mutating func optionList() throws(DatabaseError) -> [Option] {
        try parenthesizedList { parser throws(DatabaseError) in try parser.option() }
    }

    private mutating func option() throws(DatabaseError) -> Option {
        let name = try anyName()
        _ = try accept(.equal)
        let position = token.position
        let value = try optionValue()
        return Option(name: name, value: value, valuePosition: position)
    }

    private mutating func optionValue() throws(DatabaseError) -> Option.Value {
        switch token.kind {
        case .string(let text):
            try advance()
            return .text(text)
        case .integer, .decimal:
            let text = numberText
            try advance()
            return .number(text)
        case .symbol(.minus):
            try advance()
            guard token.kind == .integer || token.kind == .decimal else { throw unexpected() }
            let text = "-" + numberText
            try advance()
            return .number(text)
        case .word(let keyword):
            let word = tokenText
            try advance()
            if keyword == .true { return .boolean(true) }
            return keyword == .false ? .boolean(false) : .word(word)
        case .quotedName(let text):
            try advance()
            return .word(text)
        case .parameter, .symbol, .end: return .none
        }
    }
}
