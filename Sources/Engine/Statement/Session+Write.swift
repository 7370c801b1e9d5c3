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
    ///
    /// - Parameter written: segments that the changes name; given back when they are not committed.
    func apply(
        _ result: CommandResult, written: WrittenSegments? = nil,
        completion: @escaping Completion, _ body: (inout PrivateChanges) -> Void
    ) {
        let isGathered: Void? = change { open in
            if let written { open.note(written) }
            body(&open.changes)
        }
        if isGathered != nil { return completion(.success(.command(result))) }
        var open = makeTransaction()
        if let written { open.note(written) }
        body(&open.changes)
        commit(open) { committed in completion(committed.map { .command(result) }) }
    }

    func insert(
        _ insert: Insert, _ prepared: PreparedStatement, _ values: [Value],
        completion: @escaping Completion
    ) throws(DatabaseError) {
        let view = view()
        var binder = Binder(relations: view, parameterTypes: prepared.parameterTypes)
        let bound = try binder.bindInsert(insert)
        try check(values, binder)
        if case .query(let query) = bound.source {
            return try self.insert(
                query, into: bound, context(view, values), completion: completion)
        }
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
        if let query = create.query {
            return try createTable(create, as: query, completion: completion)
        }
        // Checked before an id is taken: ids are for ever.
        _ = try Binder.definition(create, id: 0)
        let definition = try Binder.definition(create, id: engine.storage.reserveTableID())
        apply(CommandResult("CREATE TABLE"), completion: completion) { $0.create(definition) }
    }

    func dropTable(_ drop: DropTable, completion: @escaping Completion) throws(DatabaseError) {
        try lockingFound(drop.tables, ifExists: drop.ifExists, completion: completion) {
            [self] found in
            apply(CommandResult("DROP TABLE"), completion: completion) { changes in
                for definition in found { changes.drop(definition) }
            }
        }
    }

    func truncateTable(_ truncate: Truncate, completion: @escaping Completion)
        throws(DatabaseError)
    {
        try lockingFound(truncate.tables, ifExists: truncate.ifExists, completion: completion) {
            [self] found in
            apply(CommandResult("TRUNCATE TABLE"), completion: completion) { changes in
                for definition in found { changes.truncate(definition) }
            }
        }
    }

    /// Finds tables and goes on with them once the session holds their locks.
    private func lockingFound(
        _ names: [TableName], ifExists: Bool, completion: @escaping Completion,
        _ body: @escaping @Sendable ([TableDefinition]) -> Void
    ) throws(DatabaseError) {
        let ids = try find(names, ifExists: ifExists, isSilent: false).map(\.id)
        try locking(ids, completion: completion) { [self] () throws(DatabaseError) in
            // Whoever held a lock may have dropped or replaced the table.
            let found = try find(names, ifExists: ifExists, isSilent: true)
            guard found.allSatisfy({ ids.contains($0.id) }) else {
                throw .concurrentChange(of: names.first?.name.text ?? "")
            }
            body(found)
        }
    }

    private func find(_ names: [TableName], ifExists: Bool, isSilent: Bool)
        throws(DatabaseError) -> [TableDefinition]
    {
        let view = view()
        var found: [TableDefinition] = []
        for name in names {
            if let table = view.table(schema: name.schema?.folded, name: name.name.folded) {
                if !found.contains(where: { $0.id == table.id }) { found.append(table) }
            } else if ifExists {
                if isSilent { continue }
                notice(
                    .notice, .undefinedTable, "table \"\(name.name.text)\" does not exist, skipping"
                )
            } else {
                throw view.damage(schema: name.schema?.folded, name: name.name.folded)
                    ?? .noTable(name.name.text, at: name.position)
            }
        }
        return found
    }
}
