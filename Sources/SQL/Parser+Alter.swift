import Diagnostics

/// ALTER.
extension Parser {
    /// `RENAME TABLE a TO b`
    mutating func renameTable() throws(DatabaseError) -> Statement {
        let position = token.position
        try expect(.rename, .table)
        let table = try tableName()
        try expect(.to)
        let action = AlterTable.Action.renameTable(to: try newTableName())
        return .alterTable(
            AlterTable(
                table: table, ifExists: false,
                steps: [AlterTable.Step(action: action, position: position)], position: position))
    }

    /// A renamed table stays in its schema.
    private mutating func newTableName() throws(DatabaseError) -> Name {
        let name = try tableName()
        if let schema = name.schema {
            throw .notSupported("a schema in the new name", at: schema.position)
        }
        return name.name
    }

    mutating func alter() throws(DatabaseError) -> Statement {
        let position = token.position
        try expect(.alter)
        if let definition = try alterDefinition() { return .definition(definition) }
        guard try accept(.table) else {
            guard case .word = token.kind else { throw unexpected() }
            throw .notSupported("ALTER \(tokenText.uppercased())", at: token.position)
        }
        let ifExists = try ifExists()
        _ = try accept(.only)
        let table = try tableName()
        var steps: [AlterTable.Step] = []
        repeat {
            try alterSteps(&steps)
        } while try accept(.comma)
        return .alterTable(
            AlterTable(table: table, ifExists: ifExists, steps: steps, position: position))
    }

    /// One action; ADD and DROP may go on with further names without the word.
    private mutating func alterSteps(_ steps: inout [AlterTable.Step]) throws(DatabaseError) {
        let position = token.position
        if self.is(.add) || self.is(.drop), try !isFollowed(by: .partition) {
            let isAdding = self.is(.add)
            try advance()
            repeat {
                let start = steps.isEmpty ? position : token.position
                let action = isAdding ? try addition() : try removal()
                steps.append(AlterTable.Step(action: action, position: start))
            } while try acceptContinuation()
            return
        }
        steps.append(AlterTable.Step(action: try alterAction(), position: position))
    }

    /// Consumes a comma that is followed by one more name, not by one more action.
    private mutating func acceptContinuation() throws(DatabaseError) -> Bool {
        guard self.is(.comma), try !isFollowed(by: .add, .drop, .alter, .rename, .set) else {
            return false
        }
        return try accept(.comma)
    }

    private mutating func addition() throws(DatabaseError) -> AlterTable.Action {
        if let constraint = try tableConstraint() { return .addConstraint(constraint) }
        _ = try accept(.column)
        let ifNotExists = try ifNotExists()
        return .addColumn(try columnDefinition(), ifNotExists: ifNotExists)
    }

    private mutating func removal() throws(DatabaseError) -> AlterTable.Action {
        if try accept(.constraint) {
            let ifExists = try ifExists()
            let name = try self.name()
            _ = try dropBehaviour()
            return .dropConstraint(name, ifExists: ifExists)
        }
        _ = try accept(.column)
        let ifExists = try ifExists()
        let name = try columnName()
        _ = try dropBehaviour()
        return .dropColumn(name, ifExists: ifExists)
    }

    private mutating func alterAction() throws(DatabaseError) -> AlterTable.Action {
        if try accept(.drop) {
            try expect(.partition)
            return .dropPartitions(try partitionChoice())
        }
        if try accept(.rename) { return try renaming() }
        if try accept(.alter) {
            _ = try accept(.column)
            let column = try columnName()
            return .alterColumn(column, try columnAction())
        }
        if try accept(.set) { return try setting() }
        if try accept(.dedup) {
            if try acceptWord("disable") { return .disableDedup }
            try expect(.enable)
            return .enableDedup(try upsertKeys())
        }
        return try partitionAction()
    }

    private mutating func renaming() throws(DatabaseError) -> AlterTable.Action {
        if try accept(.to) { return .renameTable(to: try newTableName()) }
        if try accept(.constraint) {
            let name = try self.name()
            try expect(.to)
            return .renameConstraint(name, to: try self.name())
        }
        _ = try accept(.column)
        let column = try columnName()
        try expect(.to)
        return .renameColumn(column, to: try columnName())
    }

    private mutating func partitionAction() throws(DatabaseError) -> AlterTable.Action {
        let word = isWord("force") ? "force" : tokenText.lowercased()
        let position = token.position
        guard case .word = token.kind else { throw unexpected() }
        switch word {
        case "force":
            try advance()
            try expect(.drop, .partition)
            return .dropPartitions(try partitionChoice())
        case "detach":
            try advance()
            try expect(.partition)
            return .detachPartitions(try partitionChoice())
        case "attach":
            try advance()
            try expect(.partition)
            try expect(.list)
            return .attachPartitions(
                try list { parser throws(DatabaseError) in try parser.textLiteral() })
        case "squash":
            try advance()
            try expect(.partitions)
            return .accepted("partitions are not split, there is nothing to squash")
        case "resume", "suspend":
            try advance()
            try expect(.wal)
            guard word == "resume" else { throw .notSupported("SUSPEND WAL", at: position) }
            if try accept(.from) {
                try advance()
                _ = try integer()
            }
            return .accepted("tables are never suspended, there is nothing to resume")
        case "owner":
            try advance()
            try expect(.to)
            _ = try anyName()
            return .accepted("tables have no owner, the statement changes nothing")
        default: throw .notSupported("ALTER TABLE \(tokenText.uppercased())", at: position)
        }
    }

    private mutating func partitionChoice() throws(DatabaseError) -> PartitionChoice {
        if try accept(.where) { return .where(try expression()) }
        return .named(try partitionSelection())
    }

    private mutating func setting() throws(DatabaseError) -> AlterTable.Action {
        if try accept(.ttl) {
            let clause = try timeToLive()
            return .setTimeToLive(clause.value == 0 ? nil : clause)
        }
        if try acceptWord("param") { return .setParameter(try tableParameter()) }
        if try acceptWord("schema") { return .setSchema(try name()) }
        if try acceptWord("type") {
            if try !accept(.bypass, .wal) { try expect(.wal) }
            return .accepted("every table has the one log, the statement changes nothing")
        }
        guard case .word = token.kind else { throw unexpected() }
        throw .notSupported("ALTER TABLE SET \(tokenText.uppercased())", at: token.position)
    }

    private mutating func columnAction() throws(DatabaseError) -> AlterTable.ColumnAction {
        if try accept(.set) {
            if try accept(.default) { return .setDefault(try expression()) }
            if try accept(.not) {
                try expect(.null)
                return .setNotNull
            }
            if try acceptWord("data") {
                try expectWord("type")
                return try newType()
            }
            guard case .word = token.kind else { throw unexpected() }
            throw .notSupported("SET \(tokenText.uppercased()) of a column", at: token.position)
        }
        if try accept(.drop) {
            if try accept(.default) { return .dropDefault }
            if try accept(.index) { return .dropIndex }
            if self.is(.not) {
                try expect(.not, .null)
                return .dropNotNull
            }
            guard case .word = token.kind else { throw unexpected() }
            throw .notSupported("DROP \(tokenText.uppercased()) of a column", at: token.position)
        }
        if try acceptWord("type") { return try newType() }
        if try acceptWord("symbol") {
            try expect(.capacity)
            return .symbolCapacity(try integer())
        }
        if try accept(.cache) { return .cache(true) }
        if try accept(.nocache) { return .cache(false) }
        let position = token.position
        guard try accept(.add) else { throw unexpected() }
        guard try accept(.index) else {
            throw .notSupported("ADD \(tokenText.uppercased()) of a column", at: position)
        }
        return .addIndex(capacity: try accept(.capacity) ? try integer() : nil)
    }

    private mutating func newType() throws(DatabaseError) -> AlterTable.ColumnAction {
        let type = try typeName()
        // QuestDB lets the hints of a SYMBOL follow; they say nothing here.
        if try !accept(.cache) { _ = try accept(.nocache) }
        if try accept(.capacity) { _ = try integer() }
        return .type(type, using: try accept(.using) ? try expression() : nil)
    }
}
