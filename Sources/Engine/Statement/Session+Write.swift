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
    /// - Parameters:
    ///   - written: segments that the changes name; given back when they are not committed.
    ///   - kept: partitions that were kept beside their table; forgotten when they do not leave it.
    func apply(
        _ result: CommandResult, written: WrittenSegments? = nil, kept: [KeptPartition] = [],
        completion: @escaping Completion, _ body: (inout PrivateChanges) -> Void
    ) {
        let isGathered: Void? = change { open in
            if let written { open.note(written) }
            open.note(kept)
            body(&open.changes)
        }
        if isGathered != nil { return completion(.success(.command(result))) }
        var open = makeTransaction()
        if let written { open.note(written) }
        open.note(kept)
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
        let returning = try binder.bindReturning(of: .insert(insert))
        try check(values, binder)
        let table = bound.table
        // What a query gives is compared with the keys that are there when it has given all.
        let isLater = if case .query = bound.source { true } else { false }
        let isLocked = !table.keys.isEmpty && !isLater
        guard isLocked || engine.locks.isClosedToRows(table.id) else {
            return try self.insert(
                bound, returning, view, values, completion: completion)
        }
        // Nobody else may add a key between looking for it and committing.
        try locking([table.id], completion: completion) { [self] () throws(DatabaseError) in
            let view = self.view()
            var binder = Binder(relations: view, parameterTypes: prepared.parameterTypes)
            let bound = try binder.bindInsert(insert)
            let returning = try binder.bindReturning(of: .insert(insert))
            guard bound.table.id == table.id else { throw .concurrentChange(of: table.name) }
            try self.insert(
                bound, returning, view, values, completion: completion)
        }
    }

    private func insert(
        _ bound: BoundInsert, _ returning: BoundReturning?, _ view: StatementView,
        _ values: [Value], completion: @escaping Completion
    ) throws(DatabaseError) {
        let rows: [[BoundExpression]]
        switch bound.source {
        case .query(let query):
            return try self.insert(
                query, into: bound, returning, view, values, completion: completion)
        case .rows(let written): rows = written
        }
        let batch = try InsertBatch.make(rows, of: bound, context(view, values))
        try enforce(batch, bound.table, view)
        let ending = try self.returning(
            returning, [batch], values, .counted("INSERT 0"), completion)
        let result = CommandResult("INSERT 0 \(batch.rowCount)", rowCount: batch.rowCount)
        apply(result, completion: ending) { $0.append(batch, to: bound.table) }
    }

    func dropTable(_ drop: DropTable, completion: @escaping Completion) throws(DatabaseError) {
        try lockingFound(
            drop.tables, ifExists: drop.ifExists, dropsDamaged: true, completion: completion
        ) { [self] found in
            let sequences = view().sequences(of: found)
            // What others add until COMMIT would go with the table, although they were answered.
            if open != nil { for definition in found { engine.locks.closeToRows(definition.id) } }
            apply(CommandResult("DROP TABLE"), completion: completion) { changes in
                for definition in found + sequences { changes.drop(definition) }
            }
        }
    }

    /// By itself TRUNCATE is of one instant and looks at no row. In a transaction it removes the rows
    /// that there are, as DELETE does: what others commit between it and COMMIT stays.
    func truncateTable(_ truncate: Truncate, completion: @escaping Completion)
        throws(DatabaseError)
    {
        try lockingFound(truncate.tables, ifExists: truncate.ifExists, completion: completion) {
            [self] found in
            guard open == nil else { return deleteAll(of: found[...], completion) }
            apply(CommandResult("TRUNCATE TABLE"), completion: completion) { changes in
                for definition in found { changes.truncate(definition) }
            }
        }
    }

    private func deleteAll(
        of tables: ArraySlice<TableDefinition>, _ completion: @escaping Completion
    ) {
        guard let table = tables.first else {
            return completion(.success(.command(CommandResult("TRUNCATE TABLE"))))
        }
        let delete = Delete(
            table: TableName(
                schema: Name(table.schema), name: Name(table.name)), filter: nil)
        let modification = Modification(
            statement: .delete(delete), parameterTypes: [], values: [], word: "TRUNCATE")
        do throws(DatabaseError) {
            try modify(modification, table) { [self] outcome in
                guard case .success = outcome else { return completion(outcome) }
                deleteAll(of: tables.dropFirst(), completion)
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// Finds tables and goes on with them once the session holds their locks.
    private func lockingFound(
        _ names: [TableName], ifExists: Bool, dropsDamaged: Bool = false,
        completion: @escaping Completion,
        _ body: @escaping @Sendable ([TableDefinition]) -> Void
    ) throws(DatabaseError) {
        let ids = try find(
            names, ifExists: ifExists, isSilent: false, dropsDamaged: dropsDamaged
        ).map(\.id)
        try locking(ids, completion: completion) { [self] () throws(DatabaseError) in
            // Whoever held a lock may have dropped or replaced the table.
            let found = try find(
                names, ifExists: ifExists, isSilent: true, dropsDamaged: dropsDamaged)
            guard found.allSatisfy({ ids.contains($0.id) }) else {
                throw .concurrentChange(of: names.first?.name.text ?? "")
            }
            body(found)
        }
    }

    private func find(
        _ names: [TableName], ifExists: Bool, isSilent: Bool, dropsDamaged: Bool
    ) throws(DatabaseError) -> [TableDefinition] {
        let view = view()
        var found: [TableDefinition] = []
        for name in names {
            if let table = view.table(schema: name.schema?.folded, name: name.name.folded) {
                if !found.contains(where: { $0.id == table.id }) { found.append(table) }
            } else if dropsDamaged,
                let damaged = view.damagedTable(
                    schema: name.schema?.folded, name: name.name.folded)
            {
                found.append(damaged.standIn)
            } else if ifExists {
                if isSilent { continue }
                notice(
                    .notice, .undefinedTable, "table \"\(name.name.text)\" does not exist, skipping"
                )
            } else {
                throw view.missing(name)
            }
        }
        return found
    }
}
