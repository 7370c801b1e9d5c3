import Catalog
import Diagnostics
import Execution
import Planner
import SQL
import Storage
import Values

/// Which statement does what. Every statement ends in exactly one call of its completion, or throws
/// before it has done anything.
extension Session {
    func dispatch(
        _ prepared: PreparedStatement, _ values: [Value], completion: @escaping Completion
    ) throws(DatabaseError) {
        let statement = prepared.parsed.statement
        let prepared = prepared.fitted(to: values)
        if engine.settings.isReadOnly || isTransactionReadOnly { try refuseWrite(statement) }
        if let readOnly, let act = Self.privilegedAct(statement) {
            throw .onlyReads(user, act, because: readOnly)
        }
        noteRun(of: statement)
        switch statement {
        case .select(let query):
            completion(.success(try select(query, prepared, values)))
        case .insert(let insert):
            try self.insert(insert, prepared, values, completion: completion)
        case .createTable(let create): try createTable(create, completion: completion)
        case .dropTable(let drop): try dropTable(drop, completion: completion)
        case .truncate(let truncate): try truncateTable(truncate, completion: completion)
        case .begin, .commit, .rollback, .savepoint, .releaseSavepoint, .rollbackToSavepoint,
            .setTransaction:
            try transactionStatement(statement, completion: completion)
        case .set(let set): completion(.success(try self.set(set)))
        case .reset(let name): completion(.success(try reset(name?.text)))
        case .show(let show): completion(.success(try self.show(show)))
        case .prepare(let prepare):
            guard named[prepare.name.folded] == nil else {
                throw .duplicatePrepared(prepare.name.text)
            }
            named[prepare.name.folded] = prepare
            completion(.success(.command(CommandResult("PREPARE"))))
        case .execute(let name, let arguments):
            try executeNamed(name, arguments, completion: completion)
        case .deallocate(let name):
            if let name {
                guard named.removeValue(forKey: name.folded) != nil else {
                    throw .undefinedPrepared(name.text)
                }
            } else {
                named.removeAll()
            }
            completion(.success(.command(CommandResult("DEALLOCATE"))))
        case .discard(let what): completion(.success(try discard(what)))
        case .explain(let explain):
            if Self.explainsKeeping(explain) {
                try explainKeeping(explain, completion: completion)
            } else {
                completion(.success(try self.explain(explain, prepared)))
            }
        case .backup(let backup): try self.backup(backup, completion: completion)
        case .verifyBackup(let verify): try verifyBackup(verify, completion: completion)
        case .dropBackup(let name): try dropBackup(name, completion: completion)
        case .cancelBackup(let id):
            completion(.success(.command(try cancelBackup(id.text))))
        case .update: try modify(prepared, values, "UPDATE", completion: completion)
        case .delete: try modify(prepared, values, "DELETE", completion: completion)
        case .copy(let copy): try self.copy(copy, values, completion: completion)
        case .alterTable(let alter):
            try alterTable(alter, CommandResult("ALTER TABLE"), completion: completion)
        case .definition(let definition): try define(definition, completion: completion)
        case .restore(let restore): try self.restore(restore, completion: completion)
        case .snapshot(let command, _): try snapshot(command, completion: completion)
        case .checkpoint(let command, _): try checkpoint(command, completion: completion)
        case .pruneBackups(let prune): throw .notSupported("PRUNE BACKUPS", at: prune.position)
        }
    }

    /// What a user who may only read is refused, by name; nil for what everybody may do.
    private static func privilegedAct(_ statement: Statement) -> String? {
        switch statement {
        case .insert: "INSERT"
        case .update: "UPDATE"
        case .delete: "DELETE"
        case .createTable: "CREATE TABLE"
        case .dropTable: "DROP TABLE"
        case .truncate: "TRUNCATE TABLE"
        case .alterTable: "ALTER TABLE"
        case .definition(let definition): definition.tag
        case .backup, .dropBackup, .cancelBackup, .pruneBackups, .verifyBackup: "BACKUP"
        case .restore: "RESTORE"
        case .snapshot, .checkpoint: "SNAPSHOT"
        case .copy(let copy): copy.direction == .toClient ? nil : "COPY"
        case .select, .begin, .commit, .rollback, .savepoint, .releaseSavepoint,
            .rollbackToSavepoint, .setTransaction, .set, .reset, .show, .prepare, .execute,
            .deallocate, .discard:
            nil
        case .explain(let explain):
            explainsKeeping(explain) ? privilegedAct(explain.statement) : nil
        }
    }

    private func refuseWrite(_ statement: Statement) throws(DatabaseError) {
        switch statement {
        case .insert: throw .readOnlyServer("INSERT")
        case .update: throw .readOnlyServer("UPDATE")
        case .delete: throw .readOnlyServer("DELETE")
        case .createTable: throw .readOnlyServer("CREATE TABLE")
        case .dropTable: throw .readOnlyServer("DROP TABLE")
        case .truncate: throw .readOnlyServer("TRUNCATE TABLE")
        case .alterTable: throw .readOnlyServer("ALTER TABLE")
        case .restore: throw .readOnlyServer("RESTORE")
        case .copy(let copy):
            if copy.direction != .toClient { throw .readOnlyServer("COPY") }
        case .definition(let definition): throw .readOnlyServer(definition.tag)
        default: break
        }
    }

    /// The columns a statement gives, nil when it gives none; parameters are typed on the way.
    func columns(of statement: Statement, _ binder: inout Binder) throws(DatabaseError)
        -> [PlanColumn]?
    {
        switch statement {
        case .select(let query): return try binder.bindQuery(query).columns
        case .insert(let insert):
            _ = try binder.bindInsert(insert)
            return try binder.bindReturning(of: statement)?.columns
        case .update, .delete:
            _ = try binder.bindModification(statement)
            return try binder.bindReturning(of: statement)?.columns
        case .show(let show): return try showRelation(show).columns
        case .explain(let explain):
            if Self.explainsKeeping(explain) { return Self.planColumns }
            _ = try columns(of: explain.statement, &binder)
            return [PlanColumn(name: "QUERY PLAN", type: .varchar)]
        case .execute(let name, _):
            guard let prepare = named[name.folded] else { throw .undefinedPrepared(name.text) }
            var inner = Binder(relations: view(), parameterTypes: try types(of: prepare))
            return try columns(of: prepare.statement, &inner)
        default: return nil
        }
    }

    func types(of prepare: Prepare) throws(DatabaseError) -> [ValueType?] {
        var types: [ValueType?] = []
        for name in prepare.types { types.append(try Binder.type(named: name)) }
        return types
    }

    // MARK: - Queries

    private func select(_ query: Query, _ prepared: PreparedStatement, _ values: [Value])
        throws(DatabaseError) -> Outcome
    {
        let view = view()
        var binder = Binder(relations: view, parameterTypes: prepared.parameterTypes)
        let bound = try binder.bindQuery(query)
        try check(values, binder)
        if let promised = prepared.columns, !Self.isSame(promised, bound.columns) {
            throw .changedResult()
        }
        return .rows(ResultRows(try cursor(bound, view, values)), .counted("SELECT"))
    }

    /// Whether rows are of the types a client was told; decimals are, whatever their digits.
    private static func isSame(_ promised: [PlanColumn], _ found: [PlanColumn]) -> Bool {
        promised.count == found.count
            && zip(promised, found).allSatisfy { told, now in
                told.type == now.type || told.type.isDecimal && now.type.isDecimal
            }
    }

    func check(_ values: [Value], _ binder: Binder) throws(DatabaseError) {
        let wanted = binder.settledParameterTypes.count
        if values.count != wanted { throw .parameterCount(given: values.count, wanted: wanted) }
    }

    func cursor(_ query: BoundQuery, _ view: StatementView, _ values: [Value] = [])
        throws(DatabaseError) -> Cursor
    {
        try Cursor(query, context(view, values), onFailure: { [weak self] in self?.fail() })
    }

    func context(_ view: StatementView, _ values: [Value]) -> ExecutionContext {
        ExecutionContext(
            tables: view, parameters: values, cancellation: cancellation,
            memoryBytes: engine.settings.queryMemoryBytes)
    }

    /// What expressions may cost that no query computes: checks, arguments, new columns.
    var computingLimits: ComputingLimits {
        ComputingLimits(
            memoryBytes: engine.settings.queryMemoryBytes, cancellation: cancellation)
    }

    private func explain(_ explain: Explain, _ prepared: PreparedStatement)
        throws(DatabaseError) -> Outcome
    {
        var binder = Binder(relations: view(), parameterTypes: prepared.parameterTypes)
        let lines: [String]
        switch explain.statement {
        case .select(let query): lines = try binder.bindQuery(query).plan.lines
        case .insert(let insert):
            let bound = try binder.bindInsert(insert)
            switch bound.source {
            case .rows(let rows): lines = ["Insert \(bound.table.name)", "  \(rows.count) rows"]
            case .query(let query):
                lines = ["Insert \(bound.table.name)"] + query.plan.lines.map { "  " + $0 }
            }
        case .update, .delete: lines = try binder.bindModification(explain.statement).lines
        default: throw .notSupported("EXPLAIN of this statement", at: explain.position)
        }
        let relation = FixedRelation(
            name: "explain", columns: [PlanColumn(name: "QUERY PLAN", type: .varchar)],
            rows: lines.map { [.string($0)] })
        return .rows(ResultRows(try rows(of: relation)), .plain("EXPLAIN"))
    }

    func rows(of relation: some SystemRelation) throws(DatabaseError) -> Cursor {
        try cursor(
            BoundQuery(plan: .system(relation, arguments: []), columns: relation.columns), view())
    }

    private func executeNamed(
        _ name: Name, _ arguments: [Expression], completion: @escaping Completion
    ) throws(DatabaseError) {
        guard let prepare = named[name.folded] else { throw .undefinedPrepared(name.text) }
        let parsed = ParsedStatement(
            statement: prepare.statement, range: 0..<0, text: prepare.text)
        let declared = PreparedStatement(
            parsed: parsed, parameterTypes: try types(of: prepare), columns: nil)
        let (settled, description) = try describe(declared)
        guard arguments.count == description.parameterTypes.count else {
            throw .parameterCount(
                given: arguments.count, wanted: description.parameterTypes.count)
        }
        var binder = Binder(relations: view())
        var values: [Value] = []
        for (argument, type) in zip(arguments, description.parameterTypes) {
            let bound = try binder.bindArgument(argument, as: type)
            values.append(try RowEvaluator(parameters: [], computingLimits).value(bound))
        }
        try dispatch(settled, values, completion: completion)
    }
}
