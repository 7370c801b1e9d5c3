import Diagnostics

/// CREATE, DROP, TRUNCATE and ALTER.
extension Parser {
    mutating func create() throws(DatabaseError) -> Statement {
        let position = token.position
        try expect(.create)
        guard try accept(.table) else {
            guard case .word = token.kind else { throw unexpected() }
            throw .notSupported("CREATE \(tokenText.uppercased())", at: token.position)
        }
        let ifNotExists = try ifNotExists()
        let table = try tableName()
        var columns: [ColumnDefinition] = []
        var query: Query?
        if try accept(.as) {
            query = try self.query()
        } else {
            columns = try parenthesizedList { parser throws(DatabaseError) in
                try parser.columnDefinition()
            }
            if self.is(.as) {
                throw .notSupported("CREATE TABLE AS with columns", at: token.position)
            }
        }
        let clauses = try tableClauses()
        return .createTable(
            CreateTable(
                table: table, ifNotExists: ifNotExists, columns: columns, query: query,
                designatedTimestamp: clauses.timestamp, partitionBy: clauses.unit,
                dedupKeys: clauses.dedupKeys, position: position))
    }

    private mutating func ifNotExists() throws(DatabaseError) -> Bool {
        guard try acceptIf() else { return false }
        try expect(.not, .exists)
        return true
    }

    private mutating func ifExists() throws(DatabaseError) -> Bool {
        guard try acceptIf() else { return false }
        try expect(.exists)
        return true
    }

    /// IF is a plain word, so that a table may have that name.
    private mutating func acceptIf() throws(DatabaseError) -> Bool {
        guard case .word = token.kind, tokenText.lowercased() == "if",
            try isFollowed(by: .not, .exists)
        else { return false }
        try advance()
        return true
    }

    private mutating func columnDefinition() throws(DatabaseError) -> ColumnDefinition {
        if self.is(.primary) || self.is(.unique) || self.is(.constraint) || self.is(.foreign)
            || self.is(.check)
        {
            throw .notSupported("a table constraint", at: token.position)
        }
        let name = try columnName()
        let type = try typeName()
        try skipSymbolHints()
        var isNotNull = false
        var defaultValue: Expression?
        while true {
            let position = token.position
            if try accept(.not) {
                try expect(.null)
                isNotNull = true
            } else if try accept(.default) {
                guard defaultValue == nil else {
                    throw .conflictingClauses("DEFAULT", at: position)
                }
                defaultValue = try expression(.otherOperator)
            } else if try accept(.null) {
                continue
            } else {
                break
            }
        }
        if !self.is(.comma), !self.is(.closeParenthesis), keyword?.isReserved == true {
            throw .notSupported("\(tokenText.uppercased()) of a column", at: token.position)
        }
        return ColumnDefinition(
            name: name, type: type, isNotNull: isNotNull, defaultValue: defaultValue)
    }

    /// CAPACITY, CACHE and INDEX of a SYMBOL tune structures that Basalt does not have: every
    /// segment has its own sorted dictionary. They change no answer and are taken as read.
    private mutating func skipSymbolHints() throws(DatabaseError) {
        while true {
            if try accept(.capacity) {
                _ = try integer()
            } else if try accept(.index) {
                if try accept(.capacity) { _ = try integer() }
            } else if try accept(.cache) {
                continue
            } else if try !accept(.nocache) {
                return
            }
        }
    }

    private struct TableClauses {
        var timestamp: Name?
        var unit: PartitionUnit?
        var dedupKeys: [Name] = []
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
            } else if try accept(.dedup) {
                clauses.dedupKeys = try upsertKeys()
            } else if try accept(.with) {
                try skipTableParameters()
            } else if self.is(.ttl) || (self.is(.in) && clauses.unit != nil) {
                throw .notSupported(tokenText.uppercased(), at: position)
            } else if self.is(.comma) {
                throw .notSupported("a clause after the columns", at: position)
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
        if self.is(.comma) { throw .notSupported("a composite partition", at: token.position) }
        return unit
    }

    private mutating func upsertKeys() throws(DatabaseError) -> [Name] {
        try expect(.upsert, .keys)
        return try parenthesizedList { parser throws(DatabaseError) in try parser.columnName() }
    }

    /// `WITH maxUncommittedRows = n, o3MaxLag = 10s`: hints to an ingestion that Basalt does not
    /// have, as above. Any other name is an error.
    private mutating func skipTableParameters() throws(DatabaseError) {
        _ = try list { parser throws(DatabaseError) -> Int in
            let name = try parser.name()
            guard ["maxuncommittedrows", "o3maxlag"].contains(name.folded) else {
                throw .unknownWord(
                    "table parameter", name.text, allowed: ["maxUncommittedRows", "o3MaxLag"],
                    at: name.position)
            }
            try parser.expect(.equal)
            let value = try parser.integer()
            if case .word = parser.token.kind, parser.isAdjacent { try parser.advance() }
            return value
        }
    }

    // MARK: - DROP, TRUNCATE

    mutating func drop() throws(DatabaseError) -> Statement {
        try expect(.drop)
        if try accept(.backup) { return .dropBackup(try textLiteral()) }
        guard try accept(.table) else {
            guard case .word = token.kind else { throw unexpected() }
            throw .notSupported("DROP \(tokenText.uppercased())", at: token.position)
        }
        let ifExists = try ifExists()
        let tables = try list { parser throws(DatabaseError) in try parser.tableName() }
        try skipDropBehaviour()
        return .dropTable(DropTable(tables: tables, ifExists: ifExists))
    }

    /// RESTRICT and CASCADE: nothing depends on a table here, so both mean the same.
    private mutating func skipDropBehaviour() throws(DatabaseError) {
        if try accept(.restrict) { return }
        if case .word = token.kind, tokenText.lowercased() == "cascade" { try advance() }
    }

    mutating func truncate() throws(DatabaseError) -> Statement {
        try expect(.truncate)
        _ = try accept(.table)
        let ifExists = try ifExists()
        _ = try accept(.only)
        let tables = try list { parser throws(DatabaseError) in try parser.tableName() }
        try skipDropBehaviour()
        return .truncate(Truncate(tables: tables, ifExists: ifExists))
    }

    // MARK: - ALTER

    /// `RENAME TABLE a TO b`
    mutating func renameTable() throws(DatabaseError) -> Statement {
        let position = token.position
        try expect(.rename, .table)
        let table = try tableName()
        try expect(.to)
        return .alterTable(
            AlterTable(
                table: table, action: .renameTable(to: try tableName().name), position: position)
        )
    }

    mutating func alter() throws(DatabaseError) -> Statement {
        let position = token.position
        try expect(.alter)
        guard try accept(.table) else {
            guard case .word = token.kind else { throw unexpected() }
            throw .notSupported("ALTER \(tokenText.uppercased())", at: token.position)
        }
        let table = try tableName()
        let action = try alterAction()
        return .alterTable(AlterTable(table: table, action: action, position: position))
    }

    private mutating func alterAction() throws(DatabaseError) -> AlterTable.Action {
        if try accept(.add) {
            _ = try accept(.column)
            let ifNotExists = try ifNotExists()
            let columns = try list { parser throws(DatabaseError) -> ColumnDefinition in
                _ = try parser.accept(.add)
                _ = try parser.accept(.column)
                return try parser.columnDefinition()
            }
            return .addColumns(columns, ifNotExists: ifNotExists)
        }
        if try accept(.rename) {
            if try accept(.to) { return .renameTable(to: try tableName().name) }
            _ = try accept(.column)
            let column = try columnName()
            try expect(.to)
            return .renameColumn(column, to: try columnName())
        }
        guard try accept(.drop) else {
            guard case .word = token.kind else { throw unexpected() }
            throw .notSupported("ALTER TABLE \(tokenText.uppercased())", at: token.position)
        }
        if try accept(.partition) {
            if try accept(.where) { return .dropPartitionsWhere(try expression()) }
            return .dropPartitions(try partitionSelection())
        }
        _ = try accept(.column)
        let ifExists = try ifExists()
        let columns = try list { parser throws(DatabaseError) in try parser.columnName() }
        return .dropColumns(columns, ifExists: ifExists)
    }
}
