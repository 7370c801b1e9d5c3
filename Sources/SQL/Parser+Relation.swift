import Diagnostics

/// Schemas, sequences and indexes.
extension Parser {
    /// What CREATE makes besides tables; nil when it is none of these.
    mutating func createDefinition() throws(DatabaseError) -> DefinitionStatement? {
        let position = token.position
        if try acceptWord("schema") {
            let ifNotExists = try ifNotExists()
            let name = try name()
            if try accept(.authorization) { _ = try anyName() }
            return .createSchema(name, ifNotExists: ifNotExists)
        }
        if try acceptWord("sequence") {
            let ifNotExists = try ifNotExists()
            let name = try tableName()
            return .createSequence(
                CreateSequence(
                    name: name, ifNotExists: ifNotExists, options: try sequenceOptions()))
        }
        if try accept(.unique) {
            try expect(.index)
            return .createIndex(try createIndex(isUnique: true, position))
        }
        if try accept(.index) { return .createIndex(try createIndex(isUnique: false, position)) }
        return nil
    }

    /// What DROP takes away besides tables; nil when it is none of these.
    mutating func dropDefinition() throws(DatabaseError) -> DefinitionStatement? {
        if try acceptWord("schema") {
            let ifExists = try ifExists()
            let names = try list { parser throws(DatabaseError) in try parser.name() }
            return .dropSchemas(names, ifExists: ifExists, cascade: try dropBehaviour())
        }
        if try acceptWord("sequence") {
            let ifExists = try ifExists()
            let names = try list { parser throws(DatabaseError) in try parser.tableName() }
            _ = try dropBehaviour()
            return .dropSequences(names, ifExists: ifExists)
        }
        if try accept(.index) {
            _ = try acceptWord("concurrently")
            let ifExists = try ifExists()
            let names = try list { parser throws(DatabaseError) in try parser.tableName() }
            _ = try dropBehaviour()
            return .dropIndexes(names, ifExists: ifExists)
        }
        return nil
    }

    /// What ALTER changes besides tables; nil when it is none of these.
    mutating func alterDefinition() throws(DatabaseError) -> DefinitionStatement? {
        guard try acceptWord("sequence") else { return nil }
        let ifExists = try ifExists()
        let name = try tableName()
        if try accept(.rename) {
            try expect(.to)
            return .alterSequence(
                AlterSequence(
                    name: name, ifExists: ifExists, action: .rename(to: try self.name())))
        }
        let options = try sequenceOptions()
        if options == SequenceOptions() { throw unexpected() }
        return .alterSequence(
            AlterSequence(name: name, ifExists: ifExists, action: .options(options)))
    }

    /// In any order, up to what belongs to none of them.
    mutating func sequenceOptions() throws(DatabaseError) -> SequenceOptions {
        var options = SequenceOptions()
        options.position = token.position
        while try sequenceOption(&options) {}
        return options
    }

    private mutating func sequenceOption(_ options: inout SequenceOptions) throws(DatabaseError)
        -> Bool
    {
        if try accept(.as) {
            options.type = try typeName()
        } else if try acceptWord("increment") {
            _ = try accept(.by)
            options.increment = try signedInteger()
        } else if try acceptWord("minvalue") {
            options.minimum = .value(try signedInteger())
        } else if try acceptWord("maxvalue") {
            options.maximum = .value(try signedInteger())
        } else if try accept(.start) {
            _ = try accept(.with)
            options.start = try signedInteger()
        } else if try acceptWord("restart") {
            let hasNumber = try accept(.with) || token.kind == .integer || self.is(.minus)
            options.restart = hasNumber ? .with(try signedInteger()) : .atStart
        } else if try accept(.cache) {
            // How many numbers are taken at once is settled by the server.
            _ = try integer()
        } else if try acceptWord("cycle") {
            options.isCycling = true
        } else if try accept(.no) {
            if try acceptWord("minvalue") {
                options.minimum = SequenceOptions.Bound.none
            } else if try acceptWord("maxvalue") {
                options.maximum = SequenceOptions.Bound.none
            } else {
                try expectWord("cycle")
                options.isCycling = false
            }
        } else if isWord("owned") {
            let position = token.position
            try advance()
            try expect(.by)
            // OWNED BY NONE is what every sequence by itself is.
            if try !accept(.noneWord) { throw .notSupported("OWNED BY", at: position) }
        } else {
            return false
        }
        return true
    }

    private mutating func signedInteger() throws(DatabaseError) -> Int64 {
        let position = token.position
        let isNegative = try accept(.minus)
        if !isNegative { _ = try accept(.plus) }
        guard token.kind == .integer else { throw unexpected() }
        let text = (isNegative ? "-" : "") + numberText
        guard let value = Int64(text) else {
            throw .numberOutOfRange(String(text.prefix(64)), at: position)
        }
        try advance()
        return value
    }

    /// An index needs no more of the grammar than it takes to find its end: Basalt has no use for
    /// it. A unique one is a constraint, and is read with care.
    private mutating func createIndex(isUnique: Bool, _ position: Int) throws(DatabaseError)
        -> CreateIndex
    {
        _ = try acceptWord("concurrently")
        let ifNotExists = try ifNotExists()
        let name = self.is(.on) ? nil : try self.name()
        try expect(.on)
        _ = try accept(.only)
        let table = try tableName()
        if try accept(.using) { _ = try self.name() }
        try expect(.openParenthesis)
        var columns: [Name] = []
        repeat {
            let start = token.position
            let item = try expression()
            if case .column(let reference) = item.kind, reference.qualifier.isEmpty {
                columns.append(reference.name)
            } else if isUnique {
                throw .notSupported("a unique index over an expression", at: start)
            }
            while case .word = token.kind { try advance() }
        } while try accept(.comma)
        try expect(.closeParenthesis)
        if isUnique, self.is(.where) {
            throw .notSupported("a unique index over some rows", at: token.position)
        }
        while token.kind != .end, !self.is(.semicolon) { try advance() }
        return CreateIndex(
            name: name, table: table, ifNotExists: ifNotExists, isUnique: isUnique,
            columns: columns, position: position)
    }
}
