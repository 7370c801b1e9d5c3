import Backup
import Catalog
import Diagnostics
import Execution
import Planner
import Platform
import SQL
import Storage
import Values

/// RESTORE and EXPLAIN of BACKUP and RESTORE: the tables that are replaced are locked meanwhile.
extension Session {
    func restore(_ statement: RestoreStatement, completion: @escaping Completion)
        throws(DatabaseError)
    {
        let service = try engine.backupService()
        let request = try request(statement)
        try requireNothingWritten("RESTORE")
        let replaced = existingTables(request)
        let position = statement.source.position
        try locking(replaced, completion: completion) { [self] in
            restore(request, service, replaced: replaced) { result in
                completion(result.mapError { $0.placed(at: position) })
            }
        }
    }

    /// The tables that are there and that a RESTORE may replace or add to.
    private func existingTables(_ request: RestoreRequest) -> [UInt64] {
        let snapshot = engine.storage.snapshot()
        let names: [RestoreRequest.Table]
        switch (request.scope, request.target) {
        case (_, .newTable): return []
        case (_, .existingTable(let table)): names = [table]
        case (.tables(let tables), .original): names = tables
        case (.database, .original): return snapshot.tables.map(\.definition.id)
        }
        return names.compactMap {
            snapshot.table(schema: $0.schema ?? "public", name: $0.name)?.definition.id
        }
    }

    /// Runs with the tables' locks held, on a thread of its own.
    private func restore(
        _ request: RestoreRequest, _ service: BackupService, replaced: [UInt64],
        completion: @escaping Completion
    ) {
        let storage = engine.storage
        let locks = engine.locks
        let sequences = engine.sequences
        let sink = NoticeProgress("restore from", notices)
        let flag = cancellation
        onThread("restore", completion: completion) { () throws(DatabaseError) in
            let summary = try service.restore(
                request, into: storage, progress: sink, isCancelled: { flag.isCancelled })
            locks.noteRewrite(of: replaced, at: storage.lastLSN)
            for sequence in summary.advancedSequences { sequences.forget(sequence) }
            sink.notice(summary.sentence)
            completion(.success(.command(CommandResult("RESTORE", restore: summary))))
        }
    }

    private func request(_ statement: RestoreStatement) throws(DatabaseError) -> RestoreRequest {
        if let filter = statement.filter {
            throw .notSupported("RESTORE with WHERE", at: filter.position)
        }
        if let time = statement.asOf { throw .notSupported("RESTORE AS OF", at: time.position) }
        let scope: RestoreRequest.Scope =
            switch statement.scope {
            case .database: .database
            case .tables(let names): .tables(names.map { table($0) })
            }
        var request = RestoreRequest(scope: scope, source: statement.source.text)
        request.requestedBy = user
        switch statement.partitions {
        case nil: break
        case .list(let names)?: request.partitions = .list(names.map(\.text))
        case .like(let pattern)?: request.partitions = .like(pattern.text)
        }
        switch statement.target {
        case .original: break
        case .newTable(let name): request.target = .newTable(table(name))
        case .existingTable(let name): request.target = .existingTable(table(name))
        }
        switch statement.mode {
        case .refuse: request.mode = .refuse
        case .replace: request.mode = .replace
        case .differing: request.mode = .differing
        }
        for option in statement.options { try apply(option, to: &request) }
        return request
    }

    private func table(_ name: TableName) -> RestoreRequest.Table {
        RestoreRequest.Table(
            schema: name.schema?.text, name: name.name.text, position: name.name.position)
    }

    private func apply(_ option: Option, to request: inout RestoreRequest) throws(DatabaseError) {
        switch (option.name.folded, option.value) {
        case ("link", .boolean(let flag)): request.isLinked = flag
        case ("link", .none): request.isLinked = true
        case ("verify", .boolean(let flag)): request.isVerified = flag
        case ("verify", .none): request.isVerified = true
        case ("link", _), ("verify", _):
            throw .badOption(option)
        default:
            throw .unknownOption(
                option.name.text, known: "link and verify", at: option.name.position)
        }
    }

    // MARK: - EXPLAIN

    /// The columns of EXPLAIN BACKUP and EXPLAIN RESTORE.
    static let planColumns = [
        PlanColumn(name: "object", type: .varchar), PlanColumn(name: "action", type: .varchar),
        PlanColumn(name: "files", type: .long), PlanColumn(name: "rows", type: .long),
        PlanColumn(name: "bytes_to_copy", type: .long),
        PlanColumn(name: "bytes_to_link", type: .long),
        PlanColumn(name: "bytes_to_replace", type: .long),
        PlanColumn(name: "rows_lost", type: .long),
        PlanColumn(name: "conflict", type: .varchar),
    ]

    /// Whether EXPLAIN shows the plan of a backup or of a restore.
    static func explainsKeeping(_ explain: Explain) -> Bool {
        switch explain.statement {
        case .backup, .restore: true
        default: false
        }
    }

    /// EXPLAIN BACKUP and EXPLAIN RESTORE: the plan, made as the statement makes it.
    ///
    /// - Requires: `explainsKeeping`.
    func explainKeeping(_ explain: Explain, completion: @escaping Completion)
        throws(DatabaseError)
    {
        let service = try engine.backupService()
        let flag = cancellation
        let place: @Sendable (DatabaseError) -> DatabaseError
        let makeSteps: @Sendable () throws(DatabaseError) -> [PlanStep]
        switch explain.statement {
        case .restore(let statement):
            let request = try request(statement)
            let storage = engine.storage
            place = { $0.placed(at: statement.source.position) }
            makeSteps = { () throws(DatabaseError) in
                try service.explainRestore(
                    request, into: storage, isCancelled: { flag.isCancelled })
            }
        case .backup(let statement):
            let request = try request(statement)
            let filter = try rowFilter(statement)
            place = { $0.placed(in: statement) }
            makeSteps = { () throws(DatabaseError) in
                try service.explainBackup(
                    request, filter: filter, isCancelled: { flag.isCancelled })
            }
        default: throw .notSupported("EXPLAIN of this statement", at: explain.position)
        }
        engine.platform.workers.start("explain") { [self] in
            do throws(DatabaseError) {
                let relation = FixedRelation(
                    name: "explain", columns: Self.planColumns,
                    rows: try makeSteps().map(Self.planRow))
                let rows = ResultRows(try rows(of: relation))
                completion(.success(.rows(rows, .plain("EXPLAIN"))))
            } catch {
                completion(.failure(place(flag.explained(error))))
            }
        }
    }

    private static func planRow(_ step: PlanStep) -> [Value] {
        func number(_ value: Int?) -> Value { value.map { .integer(Int64($0)) } ?? .null }
        return [
            .string(step.object), .string(step.action.rawValue), number(step.files),
            number(step.rows), number(step.bytesToCopy), number(step.bytesToLink),
            number(step.bytesToReplace), number(step.rowsLost),
            step.conflict.map { .string($0) } ?? .null,
        ]
    }
}

extension DatabaseError {
    /// Points to the name of the backup when the backup is what is wrong.
    fileprivate func placed(at position: Int) -> DatabaseError {
        switch state {
        case .missingFile, .corrupted, .invalidName, .insufficientPrivilege: at(position)
        default: self
        }
    }
}
