import Diagnostics

/// BACKUP, RESTORE and everything else about keeping data.
extension Parser {
    mutating func backupStatement() throws(DatabaseError) -> Statement {
        let position = token.position
        let word = keyword
        try advance()
        switch word {
        case .backup: return .backup(try backup(position))
        case .restore: return .restore(try restore(position))
        case .snapshot:
            if try accept(.prepare) { return .snapshot(.prepare, position: position) }
            if try accept(.complete) { return .snapshot(.complete, position: position) }
            throw .expected("'prepare' or 'complete'", at: token.position)
        case .checkpoint:
            if try accept(.create) { return .checkpoint(.create, position: position) }
            if try accept(.release) { return .checkpoint(.release, position: position) }
            throw .expected("'create' or 'release'", at: token.position)
        case .verify:
            try expect(.backup)
            let name = try textLiteral()
            if try accept(.quick) { return .verifyBackup(VerifyBackup(name: name, depth: .quick)) }
            let depth: VerifyBackup.Depth = try accept(.deep) ? .deep : .checksums
            return .verifyBackup(VerifyBackup(name: name, depth: depth))
        case .cancel:
            try expect(.backup)
            return .cancelBackup(try textLiteral())
        default: return .pruneBackups(try prune(position))
        }
    }

    private mutating func scope() throws(DatabaseError) -> BackupScope {
        if try accept(.database) { return .database }
        guard try accept(.table) else {
            throw .expected("'table' or 'database'", at: token.position)
        }
        if token.kind == .end || self.is(.semicolon) {
            throw .expected("a table name", at: token.position)
        }
        return .tables(try list { parser throws(DatabaseError) in try parser.tableName() })
    }

    /// `LIST '…', …` or `LIKE '…'` after PARTITION.
    mutating func partitionSelection() throws(DatabaseError) -> PartitionSelection {
        if try accept(.like) { return .like(try textLiteral()) }
        try expect(.list)
        return .list(try list { parser throws(DatabaseError) in try parser.textLiteral() })
    }

    // MARK: - BACKUP

    /// The clauses of BACKUP as they are found, in any order.
    private struct BackupClauses {
        var partitions: PartitionSelection?
        var filter: Expression?
        var kind: BackupStatement.Kind?
        var destination: BackupStatement.Destination?
        var name: TextLiteral?
        var parallelism: BackupStatement.Parallelism?
        var isAsynchronous = false
        var options: [Option]?
    }

    private mutating func backup(_ position: Int) throws(DatabaseError) -> BackupStatement {
        let scope = try scope()
        var clauses = BackupClauses()
        while try backupClause(&clauses) {}
        return BackupStatement(
            scope: scope, partitions: clauses.partitions, filter: clauses.filter,
            kind: clauses.kind ?? .full, destination: clauses.destination, name: clauses.name,
            parallelism: clauses.parallelism ?? .usual, isAsynchronous: clauses.isAsynchronous,
            options: clauses.options ?? [], position: position)
    }

    /// Reads one clause; false when none begins here.
    private mutating func backupClause(
        _ clauses: inout BackupClauses
    ) throws(DatabaseError) -> Bool {
        let position = token.position
        switch keyword {
        case .partition:
            try once(clauses.partitions, "PARTITION")
            clauses.partitions = try partitionSelection()
        case .where:
            try once(clauses.filter, "WHERE")
            clauses.filter = try expression()
        case .full:
            try once(clauses.kind, "FULL or INCREMENTAL")
            clauses.kind = .full
        case .incremental:
            try once(clauses.kind, "FULL or INCREMENTAL")
            clauses.kind = .incremental(from: try accept(.from) ? try textLiteral() : nil)
        case .to:
            try once(clauses.destination, "TO")
            let place = token.position
            clauses.destination =
                try accept(.stdout) ? .client(position: place) : .path(try textLiteral())
        case .as:
            try once(clauses.name, "AS")
            clauses.name = try textLiteral()
        case .parallel:
            try once(clauses.parallelism, "PARALLEL")
            clauses.parallelism = try parallelism()
        case .async:
            try once(clauses.isAsynchronous ? true : nil, "ASYNC")
            clauses.isAsynchronous = true
        case .with:
            try once(clauses.options, "WITH")
            clauses.options = try optionList()
        default:
            guard token.kind != .end, !self.is(.semicolon), !self.is(.closeParenthesis) else {
                return false
            }
            throw .unexpected(String(tokenText.prefix(64)), at: position)
        }
        return true
    }

    /// Consumes the word that begins a clause, which may stand once.
    private mutating func once<Value>(
        _ found: Value?, _ clause: String
    ) throws(DatabaseError) {
        guard found == nil else { throw .conflictingClauses(clause, at: token.position) }
        try advance()
    }

    private mutating func parallelism() throws(DatabaseError) -> BackupStatement.Parallelism {
        guard token.kind == .integer else { return .automatic }
        let position = token.position
        let workers = try integer()
        guard workers > 0, workers <= Limits.parallelWorkers else {
            throw .parallelismOutOfRange(workers, at: position)
        }
        return .workers(workers)
    }

    // MARK: - RESTORE

    private struct RestoreClauses {
        var partitions: PartitionSelection?
        var target: RestoreStatement.Target?
        var mode: RestoreStatement.Mode?
        var filter: Expression?
        var asOf: TextLiteral?
        var options: [Option]?
    }

    private mutating func restore(_ position: Int) throws(DatabaseError) -> RestoreStatement {
        let scope = try scope()
        try expect(.from)
        if self.is(.stdin) { throw .notSupported("RESTORE FROM STDIN", at: token.position) }
        let source = try textLiteral()
        var clauses = RestoreClauses()
        while try restoreClause(&clauses) {}
        return RestoreStatement(
            scope: scope, source: source, partitions: clauses.partitions,
            target: clauses.target ?? .original, mode: clauses.mode ?? .refuse,
            filter: clauses.filter, asOf: clauses.asOf, options: clauses.options ?? [],
            position: position)
    }

    private mutating func restoreClause(
        _ clauses: inout RestoreClauses
    ) throws(DatabaseError) -> Bool {
        switch keyword {
        case .partition:
            try once(clauses.partitions, "PARTITION")
            clauses.partitions = try partitionSelection()
        case .where:
            try once(clauses.filter, "WHERE")
            clauses.filter = try expression()
        case .full:
            try once(clauses.mode, "FULL or INCREMENTAL")
            clauses.mode = .replace
        case .incremental:
            try once(clauses.mode, "FULL or INCREMENTAL")
            clauses.mode = .differing
        case .as:
            if try accept(.as, .of) {
                guard clauses.asOf == nil else {
                    throw .conflictingClauses("AS OF", at: previousEnd)
                }
                clauses.asOf = try textLiteral()
            } else {
                try once(clauses.target, "AS or INTO")
                clauses.target = .newTable(try tableName())
            }
        case .into:
            try once(clauses.target, "AS or INTO")
            clauses.target = .existingTable(try tableName())
        case .with:
            try once(clauses.options, "WITH")
            clauses.options = try optionList()
        default:
            guard token.kind != .end, !self.is(.semicolon), !self.is(.closeParenthesis) else {
                return false
            }
            throw unexpected()
        }
        return true
    }

    // MARK: - PRUNE

    private mutating func prune(_ position: Int) throws(DatabaseError) -> PruneBackups {
        try expect(.backups, .keep)
        let keep: PruneBackups.Keep =
            try accept(.last) ? .last(try integer()) : .age(try textLiteral())
        let isDryRun = try accept(.dry)
        if isDryRun { try expect(.run) }
        return PruneBackups(keep: keep, isDryRun: isDryRun, position: position)
    }
}
