import Catalog
import Diagnostics
import Execution
import Planner
import SQL
import Storage
import Values

/// Statements that change tables: each makes private changes, and commits them unless a
/// transaction gathers them.
extension Session {
    /// Adds changes to the running transaction, or commits them.
    func apply(
        _ result: CommandResult, completion: @escaping Completion,
        _ change: (inout PrivateChanges) -> Void
    ) {
        switch transaction {
        case .implicit(var changes):
            transaction = .none
            change(&changes)
            transaction = .implicit(changes)
        case .block(var changes, let startedAt):
            transaction = .none
            change(&changes)
            transaction = .block(changes, startedAt: startedAt)
        case .none, .failed:
            var changes = PrivateChanges()
            change(&changes)
            commit(changes) { committed in
                completion(committed.map { .command(result) })
            }
            return
        }
        completion(.success(.command(result)))
    }

    func insert(
        _ insert: Insert, _ prepared: PreparedStatement, _ values: [Value],
        completion: @escaping Completion
    ) throws(DatabaseError) {
        let view = view()
        var binder = Binder(relations: view, parameterTypes: prepared.parameterTypes)
        let bound = try binder.bindInsert(insert)
        try check(values, binder)
        let batch = try InsertBatch.make(
            bound, context(view, values))
        let result = CommandResult("INSERT 0 \(batch.rowCount)", rowCount: batch.rowCount)
        apply(result, completion: completion) { $0.append(batch, to: bound.table) }
    }

    func createTable(_ create: CreateTable, completion: @escaping Completion)
        throws(DatabaseError)
    {
        let name = create.table.name
        if let schema = create.table.schema, schema.folded != "public" {
            throw .unknownSchema(schema.text, at: schema.position)
        }
        let view = view()
        if view.table(schema: create.table.schema?.folded, name: name.folded) != nil {
            guard create.ifNotExists else { throw .tableExists(name.text, at: name.position) }
            notice(.notice, .duplicateTable, "relation \"\(name.text)\" already exists, skipping")
            completion(.success(.command(CommandResult("CREATE TABLE"))))
            return
        }
        // Checked before an id is taken: ids are for ever.
        _ = try Binder.definition(create, id: 0)
        let definition = try Binder.definition(create, id: engine.storage.reserveTableID())
        apply(CommandResult("CREATE TABLE"), completion: completion) { $0.create(definition) }
    }

    func dropTable(_ drop: DropTable, completion: @escaping Completion) throws(DatabaseError) {
        let found = try find(drop.tables, ifExists: drop.ifExists)
        apply(CommandResult("DROP TABLE"), completion: completion) { changes in
            for definition in found { changes.drop(definition) }
        }
    }

    func truncateTable(_ truncate: Truncate, completion: @escaping Completion)
        throws(DatabaseError)
    {
        let found = try find(truncate.tables, ifExists: truncate.ifExists)
        apply(CommandResult("TRUNCATE TABLE"), completion: completion) { changes in
            for definition in found { changes.truncate(definition) }
        }
    }

    private func find(_ names: [TableName], ifExists: Bool) throws(DatabaseError)
        -> [TableDefinition]
    {
        let view = view()
        var found: [TableDefinition] = []
        for name in names {
            if let table = view.table(schema: name.schema?.folded, name: name.name.folded) {
                if !found.contains(where: { $0.id == table.id }) { found.append(table) }
            } else if ifExists {
                notice(
                    .notice, .undefinedTable, "table \"\(name.name.text)\" does not exist, skipping"
                )
            } else {
                throw .noTable(name.name.text, at: name.position)
            }
        }
        return found
    }
}
