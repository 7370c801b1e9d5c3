import Diagnostics

/// CREATE, DROP and TRUNCATE.
extension Parser {
    mutating func create() throws(DatabaseError) -> Statement {
        let position = token.position
        try expect(.create)
        if self.is(.batch) || self.is(.atomic) {
            if try accept(.batch) { _ = try integer() } else { try advance() }
            if try acceptWord("o3maxlag") { _ = try duration() }
        } else if let definition = try createDefinition() {
            return .definition(definition)
        }
        guard try accept(.table) else {
            guard case .word = token.kind else { throw unexpected() }
            throw .notSupported("CREATE \(tokenText.uppercased())", at: token.position)
        }
        return .createTable(try createTable(position))
    }

    private mutating func createTable(_ position: Int) throws(DatabaseError) -> CreateTable {
        let ifNotExists = try ifNotExists()
        let table = try tableName()
        var elements = TableElements()
        var query: Query?
        var like: TableName?
        if try accept(.as) {
            query = try self.query()
        } else if try isFollowed(by: .like) {
            try expect(.openParenthesis)
            try expect(.like)
            like = try tableName()
            while case .word = token.kind { try advance() }
            try expect(.closeParenthesis)
        } else {
            elements = try tableElements()
            if self.is(.as) {
                throw .notSupported("CREATE TABLE AS with columns", at: token.position)
            }
        }
        return CreateTable(
            table: table, ifNotExists: ifNotExists, columns: elements.columns,
            constraints: elements.constraints, like: like, query: query,
            clauses: try tableClauses(), position: position)
    }

    mutating func ifNotExists() throws(DatabaseError) -> Bool {
        guard try acceptIf() else { return false }
        try expect(.not, .exists)
        return true
    }

    mutating func ifExists() throws(DatabaseError) -> Bool {
        guard try acceptIf() else { return false }
        try expect(.exists)
        return true
    }

    /// IF is a plain word, so that a table may have that name.
    private mutating func acceptIf() throws(DatabaseError) -> Bool {
        guard isWord("if"), try isFollowed(by: .not, .exists) else { return false }
        try advance()
        return true
    }

    /// Whether an unquoted word stands here that the grammar has no keyword for.
    func isWord(_ word: String) -> Bool {
        guard case .word = token.kind else { return false }
        return tokenText.lowercased() == word
    }

    mutating func acceptWord(_ word: String) throws(DatabaseError) -> Bool {
        guard isWord(word) else { return false }
        try advance()
        return true
    }

    mutating func expectWord(_ word: String) throws(DatabaseError) {
        guard try acceptWord(word) else { throw unexpected() }
    }

    /// What follows the columns, in any order.
    private mutating func tableClauses() throws(DatabaseError) -> TableClauses {
        var clauses = TableClauses()
        while true {
            let position = token.position
            if try accept(.timestamp) {
                guard clauses.timestamp == nil else {
                    throw .conflictingClauses("TIMESTAMP", at: position)
                }
                try expect(.openParenthesis)
                clauses.timestamp = try columnName()
                try expect(.closeParenthesis)
            } else if try accept(.partition) {
                try expect(.by)
                guard clauses.unit == nil else {
                    throw .conflictingClauses("PARTITION BY", at: position)
                }
                clauses.unit = try partitionUnit()
            } else if try accept(.ttl) {
                guard clauses.timeToLive == nil else {
                    throw .conflictingClauses("TTL", at: position)
                }
                clauses.timeToLive = try timeToLive()
            } else if try accept(.dedup) {
                clauses.dedupKeys = try upsertKeys()
            } else if try accept(.with) {
                clauses.parameters = try tableParameters()
            } else if try accept(.comma) {
                guard try accept(.index) else { throw unexpected() }
                clauses.indexes.append(try indexClause())
            } else if self.is(.in) || isWord("owned") {
                throw .notSupported(tokenText.uppercased(), at: position)
            } else if try !accept(.bypass, .wal), try !accept(.wal) {
                // Every table has the one log: WAL and BYPASS WAL say nothing here.
                return clauses
            }
        }
    }

    private mutating func partitionUnit() throws(DatabaseError) -> PartitionUnit {
        guard case .word = token.kind else { throw unexpected() }
        let word = tokenText
        guard let unit = PartitionUnit(rawValue: word.uppercased()) else {
            throw .unknownWord(
                "partition unit", word, allowed: PartitionUnit.allCases.map(\.rawValue),
                at: token.position)
        }
        try advance()
        if self.is(.comma), try !isFollowed(by: .index) {
            throw .notSupported("a composite partition", at: token.position)
        }
        return unit
    }

    mutating func upsertKeys() throws(DatabaseError) -> [Name] {
        try expect(.upsert, .keys)
        return try parenthesizedList { parser throws(DatabaseError) in try parser.columnName() }
    }

    private mutating func indexClause() throws(DatabaseError) -> IndexClause {
        try expect(.openParenthesis)
        let column = try columnName()
        let capacity = try accept(.capacity) ? try integer() : nil
        try expect(.closeParenthesis)
        return IndexClause(column: column, capacity: capacity)
    }

    /// `3 DAYS`, `12h`, `'12h'`; `M` is a month.
    mutating func timeToLive() throws(DatabaseError) -> TimeToLiveClause {
        let position = token.position
        if case .string(let text) = token.kind {
            var inner = try Parser(text)
            let clause = try inner.timeToLive()
            guard inner.token.kind == .end else { throw unexpected() }
            try advance()
            return TimeToLiveClause(value: clause.value, unit: clause.unit, position: position)
        }
        let number = try integer()
        guard let value = UInt32(exactly: number) else {
            throw .numberOutOfRange("\(number)", at: position)
        }
        guard case .word = token.kind else {
            if value == 0 { return TimeToLiveClause(value: 0, unit: .hour, position: position) }
            throw unexpected()
        }
        let word = tokenText.uppercased()
        let unit = TimeToLiveClause.Unit.allCases.first {
            $0.rawValue == word || $0.rawValue + "S" == word
                || String($0.rawValue.prefix(1)) == word
        }
        guard let unit else {
            throw .unknownWord(
                "unit of TTL", tokenText,
                allowed: TimeToLiveClause.Unit.allCases.map(\.rawValue), at: token.position)
        }
        try advance()
        return TimeToLiveClause(value: value, unit: unit, position: position)
    }

    private mutating func tableParameters() throws(DatabaseError) -> [TableParameter] {
        try list { parser throws(DatabaseError) in try parser.tableParameter() }
    }

    /// `maxUncommittedRows = n` or `o3MaxLag = 10s`.
    mutating func tableParameter() throws(DatabaseError) -> TableParameter {
        let name = try name()
        try expect(.equal)
        switch name.folded {
        case "maxuncommittedrows": return .maxUncommittedRows(UInt64(try integer()))
        case "o3maxlag": return .o3MaxLag(microseconds: try duration())
        default:
            throw .unknownWord(
                "table parameter", name.text, allowed: ["maxUncommittedRows", "o3MaxLag"],
                at: name.position)
        }
    }

    /// A number and a unit without a blank, in microseconds; without a unit it is seconds.
    private mutating func duration() throws(DatabaseError) -> UInt64 {
        let position = token.position
        let number = UInt64(try integer())
        var unit = "s"
        if case .word = token.kind, isAdjacent {
            unit = tokenText.lowercased()
            try advance()
        }
        let lengths: [String: UInt64] = [
            "us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000,
            "d": 86_400_000_000,
        ]
        guard let length = lengths[unit] else {
            throw .unknownWord(
                "unit of time", unit, allowed: lengths.keys.sorted(), at: position)
        }
        let product = number.multipliedReportingOverflow(by: length)
        if product.overflow { throw .numberOutOfRange("\(number)\(unit)", at: position) }
        return product.partialValue
    }

    // MARK: - DROP, TRUNCATE

    mutating func drop() throws(DatabaseError) -> Statement {
        try expect(.drop)
        if try accept(.backup) { return .dropBackup(try textLiteral()) }
        if let definition = try dropDefinition() { return .definition(definition) }
        guard try accept(.table) else {
            guard case .word = token.kind else { throw unexpected() }
            throw .notSupported("DROP \(tokenText.uppercased())", at: token.position)
        }
        let ifExists = try ifExists()
        let tables = try list { parser throws(DatabaseError) in try parser.tableName() }
        _ = try dropBehaviour()
        return .dropTable(DropTable(tables: tables, ifExists: ifExists))
    }

    /// RESTRICT or CASCADE; true for the latter.
    mutating func dropBehaviour() throws(DatabaseError) -> Bool {
        if try accept(.restrict) { return false }
        return try acceptWord("cascade")
    }

    mutating func truncate() throws(DatabaseError) -> Statement {
        try expect(.truncate)
        _ = try accept(.table)
        let ifExists = try ifExists()
        _ = try accept(.only)
        let tables = try list { parser throws(DatabaseError) in try parser.tableName() }
        _ = try dropBehaviour()
        return .truncate(Truncate(tables: tables, ifExists: ifExists))
    }
}
