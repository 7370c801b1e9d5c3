import Diagnostics

/// Transactions and what concerns one session alone.
extension Parser {
    mutating func transactionStatement() throws(DatabaseError) -> Statement {
        let word = keyword
        try advance()
        switch word {
        case .begin:
            try skipTransactionWord()
            return .begin(try transactionModes(.transaction))
        case .start:
            try expect(.transaction)
            return .begin(try transactionModes(.transaction))
        case .commit, .end:
            try transactionEnd()
            return .commit
        case .rollback, .abort:
            try skipTransactionWord()
            if word == .rollback, try accept(.to) {
                _ = try accept(.savepoint)
                return .rollbackToSavepoint(try name())
            }
            try transactionEnd()
            return .rollback
        case .savepoint: return .savepoint(try name())
        default:
            if self.is(.savepoint), try peek().kind != .end, try !isFollowed(by: .semicolon) {
                try advance()
            }
            return .releaseSavepoint(try name())
        }
    }

    private mutating func skipTransactionWord() throws(DatabaseError) {
        if try !accept(.work) { _ = try accept(.transaction) }
    }

    /// `[WORK] [AND [NO] CHAIN]`
    private mutating func transactionEnd() throws(DatabaseError) {
        try skipTransactionWord()
        let position = token.position
        guard try accept(.and) else { return }
        let isChained = try !accept(.no)
        try expect(.chain)
        if isChained { throw .notSupported("AND CHAIN", at: position) }
    }

    private mutating func transactionModes(
        _ scope: TransactionModes.Scope
    ) throws(DatabaseError) -> TransactionModes {
        var isolation: TransactionModes.Isolation?
        var access: TransactionModes.Access?
        while true {
            let position = token.position
            if try accept(.isolation) {
                try expect(.level)
                guard isolation == nil else {
                    throw .conflictingClauses("ISOLATION LEVEL", at: position)
                }
                isolation = try isolationLevel()
            } else if try accept(.read) {
                guard access == nil else { throw .conflictingClauses("READ", at: position) }
                access = try accept(.only) ? .readOnly : .readWrite
                if access == .readWrite { try expect(.write) }
            } else if try accept(.not) {
                try expect(.deferrable)
            } else if try !accept(.deferrable) {
                return TransactionModes(scope: scope, isolation: isolation, access: access)
            }
            _ = try accept(.comma)
        }
    }

    private mutating func isolationLevel() throws(DatabaseError) -> TransactionModes.Isolation {
        if try accept(.serializable) { return .serializable }
        if try accept(.repeatable) {
            try expect(.read)
            return .repeatableRead
        }
        try expect(.read)
        if try accept(.committed) { return .readCommitted }
        try expect(.uncommitted)
        return .readUncommitted
    }

    // MARK: - Session

    mutating func sessionStatement() throws(DatabaseError) -> Statement {
        let position = token.position
        let word = keyword
        try advance()
        switch word {
        case .set: return try set()
        case .reset: return .reset(try accept(.all) ? nil : try parameterName())
        case .show: return .show(try show())
        case .prepare: return try prepare()
        case .execute:
            let name = try name()
            var arguments: [Expression] = []
            if self.is(.openParenthesis) {
                arguments = try parenthesizedList { parser throws(DatabaseError) in
                    try parser.expression()
                }
            }
            return .execute(name: name, arguments: arguments)
        case .deallocate:
            _ = try accept(.prepare)
            return .deallocate(try accept(.all) ? nil : try name())
        case .discard: return .discard(try discard())
        default: return try explain(position)
        }
    }

    /// A dotted name, or `TIME ZONE` and `TRANSACTION ISOLATION LEVEL` under one word.
    private mutating func parameterName() throws(DatabaseError) -> Name {
        let position = token.position
        if try accept(.time, .zone) { return Name("timezone", position: position) }
        if try accept(.transaction, .isolation) {
            try expect(.level)
            return Name("transaction_isolation", position: position)
        }
        var name = try name()
        while try accept(.dot) {
            name = Name(name.text + "." + (try anyName()).text, position: position)
        }
        return name
    }

    private mutating func set() throws(DatabaseError) -> Statement {
        var scope = SetParameter.Scope.session
        if try accept(.local) {
            scope = .local
        } else if self.is(.session), try !isFollowed(by: .equal), try !isFollowed(by: .to) {
            try advance()
            if try accept(.characteristics) {
                try expect(.as, .transaction)
                return .setTransaction(try transactionModes(.session))
            }
        }
        let position = token.position
        if self.is(.authorization) {
            throw .notSupported("SET SESSION AUTHORIZATION", at: position)
        }
        if self.is(.transaction), try !isFollowed(by: .equal), try !isFollowed(by: .to) {
            try advance()
            return .setTransaction(try transactionModes(.transaction))
        }
        if try accept(.names) {
            let name = Name("client_encoding", position: position)
            return .set(SetParameter(scope: scope, name: name, value: try settingValues()))
        }
        let word = keyword
        let isTimeZone = try word == .time ? isFollowed(by: .zone) : false
        let name = try parameterName()
        if !isTimeZone, try !accept(.to) { try expect(.equal) }
        return .set(SetParameter(scope: scope, name: name, value: try settingValues()))
    }

    /// Values joined by a comma and a blank; nil for DEFAULT.
    private mutating func settingValues() throws(DatabaseError) -> String? {
        if try accept(.default) { return nil }
        return try list { parser throws(DatabaseError) in try parser.settingValue() }
            .joined(separator: ", ")
    }

    private mutating func settingValue() throws(DatabaseError) -> String {
        switch token.kind {
        case .word:
            let word = tokenText
            try advance()
            // SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE
            guard word.lowercased() == "interval", case .string(let text) = token.kind else {
                return word
            }
            try advance()
            return text
        case .quotedName(let text), .string(let text):
            try advance()
            return text
        case .integer, .decimal:
            let text = numberText
            try advance()
            return text
        case .symbol(.minus), .symbol(.plus):
            let sign = tokenText
            try advance()
            guard token.kind == .integer || token.kind == .decimal else { throw unexpected() }
            let text = sign + numberText
            try advance()
            return text
        case .parameter, .symbol, .end: throw unexpected()
        }
    }

    private mutating func show() throws(DatabaseError) -> Show {
        switch keyword {
        case .all:
            try advance()
            return .all
        case .tables:
            try advance()
            return .tables
        case .parameters:
            try advance()
            return .parameters
        case .columns:
            try advance()
            try expect(.from)
            return .columns(try tableName())
        case .partitions:
            try advance()
            try expect(.from)
            return .partitions(try tableName())
        case .create:
            try advance()
            try expect(.table)
            return .createTable(try tableName())
        case .backups:
            try advance()
            return .backups(try accept(.from) ? try textLiteral() : nil)
        default: return .parameter(try parameterName())
        }
    }

    private mutating func prepare() throws(DatabaseError) -> Statement {
        let name = try name()
        var types: [TypeName] = []
        if self.is(.openParenthesis) {
            types = try parenthesizedList { parser throws(DatabaseError) in
                try parser.typeName()
            }
        }
        try expect(.as)
        let start = token
        let inner = try statement()
        switch inner {
        case .select, .insert, .update, .delete: break
        default: throw .unexpected(String(text(from: start).prefix(64)), at: start.position)
        }
        return .prepare(
            Prepare(name: name, types: types, statement: inner, text: text(from: start)))
    }

    private mutating func discard() throws(DatabaseError) -> Discard {
        if try accept(.all) { return .all }
        if try accept(.plans) { return .plans }
        if try accept(.sequences) { return .sequences }
        if try accept(.temp) { return .temporary }
        try expect(.temporary)
        return .temporary
    }

    private mutating func explain(_ position: Int) throws(DatabaseError) -> Statement {
        var isAnalyzed = try accept(.analyze)
        if self.is(.openParenthesis), try !isFollowed(by: .select, .with, .values) {
            for option in try optionList() where option.name.folded == "analyze" {
                isAnalyzed = option.value != .boolean(false)
            }
        }
        return .explain(
            Explain(statement: try statement(), isAnalyzed: isAnalyzed, position: position))
    }
}
