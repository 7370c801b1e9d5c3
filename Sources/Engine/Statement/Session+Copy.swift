import Catalog
import Diagnostics
import Execution
import Interchange
import Planner
import Platform
import SQL
import Storage
import Synchronization
import Values

/// COPY: rows in and out in bulk.
extension Session {
    func copy(_ copy: Copy, _ values: [Value], completion: @escaping Completion)
        throws(DatabaseError)
    {
        let format = try CopyFormat(copy.options)
        switch copy.subject {
        case .query(let query):
            let view = view()
            var binder = Binder(relations: view)
            let bound = try binder.bindQuery(query)
            let rows = ResultRows(try cursor(bound, view, values))
            completion(.success(.copyOut(CopyOut(rows: rows, format: format))))
        case .table(let name, let columns):
            let view = view()
            var binder = Binder(relations: view)
            let bound = try binder.bindCopy(name, columns: columns)
            try self.copy(copy.direction, into: bound, format, view, completion)
        }
    }

    private func copy(
        _ direction: Copy.Direction, into bound: BoundCopy, _ format: CopyFormat,
        _ view: StatementView, _ completion: @escaping Completion
    ) throws(DatabaseError) {
        switch direction {
        case .fromFile(let path):
            let file = try CopyFile(
                path.text, importDirectory: engine.settings.importDirectory,
                files: engine.platform.files, position: path.position)
            let stream = try stream(bound, format, file, view, completion)
            activeCopy.withLock { $0 = stream }
            stream.wake()
        case .fromClient, .toClient:
            // The completion tells of the beginning; the end comes to whoever feeds the stream.
            let ending = CopyEnding()
            let stream = try stream(bound, format, nil, view) { [self] outcome in
                if case .none = transaction { engine.locks.release(lockOwner) }
                ending.give(outcome)
            }
            activeCopy.withLock { $0 = stream }
            completion(.success(.copyIn(stream, ending)))
        }
    }

    private func stream(
        _ bound: BoundCopy, _ format: CopyFormat, _ file: CopyFile?, _ view: StatementView,
        _ completion: @escaping Completion
    ) throws(DatabaseError) -> CopyIn {
        let keys = bound.table.keys.isEmpty ? nil : KeyCheck(laterFor: bound.table)
        return CopyIn(
            bound, format: format, file: file,
            rows: try bulkRows(of: bound.table, view, keys: keys),
            platform: engine.platform,
            context: context(view, []), cancellation: cancellation
        ) { [self] result in
            activeCopy.withLock { $0 = nil }
            switch result {
            case .failure(let error):
                fail()
                completion(.failure(error))
            case .success(let rows): store(rows, "COPY", completion)
            }
        }
    }

    /// Ends a stream or a query: only now, when all of its rows are there, its keys are looked for among
    /// those of the table, whose lock is held from here to the commit. Before, a client that is slow to
    /// send, or a query that takes long, would keep everybody else from the table.
    private func store(_ rows: BulkRows, _ tag: String, _ completion: @escaping Completion) {
        let refuse: Completion = { [self] result in
            var rows = rows
            rows.discard()
            fail()
            completion(result)
        }
        do throws(DatabaseError) {
            let isAlone = rows.keys == nil && !engine.locks.isClosedToRows(rows.table.id)
            let locks = isAlone ? [] : [rows.table.id]
            try locking(locks, completion: refuse) { [self] () throws(DatabaseError) in
                if let keys = rows.keys {
                    guard var all = try beginKeyCheck(rows.table, view()) else {
                        throw .concurrentChange(of: rows.table.name)
                    }
                    try all.take(keys, cancellation)
                    endKeyCheck(all)
                }
                let command = CommandResult("\(tag) \(rows.rowCount)", rowCount: rows.rowCount)
                apply(command, written: rows.written) { [self] outcome in
                    if case .failure = outcome { fail() }
                    completion(outcome)
                } _: { changes in
                    rows.add(to: &changes)
                }
            }
        } catch {
            refuse(.failure(cancellation.explained(error)))
        }
    }

    /// Rows that come in bulk, with what they must satisfy besides NOT NULL.
    private func bulkRows(
        of table: Catalog.TableDefinition, _ view: StatementView, keys: KeyCheck?
    ) throws(DatabaseError) -> BulkRows {
        var rows = BulkRows(engine, table: table)
        if !table.checks.isEmpty {
            var binder = Binder(relations: view)
            rows.check = RowCheck(
                table, notNull: [], checks: try binder.checks(of: table), computingLimits)
        }
        rows.keys = keys
        return rows
    }

    // MARK: - Statements whose rows come from a query

    /// INSERT … SELECT: few rows go the usual way, many become segments. What RETURNING gives is kept
    /// until the rows are committed.
    func insert(
        _ query: BoundQuery, into bound: BoundInsert, _ returning: BoundReturning?,
        _ view: StatementView, _ values: [Value], completion: @escaping Completion
    ) throws(DatabaseError) {
        var returned = returning.map { ReturnedRows($0, values, computingLimits) }
        var rows = try gather(query, into: bound.table, mapping: bound.mapping, view, values) {
            batch throws(DatabaseError) in
            try returned?.add(batch)
        }
        let ending: Completion
        do throws(DatabaseError) {
            ending = try self.ending(returned, .counted("INSERT 0"), completion)
        } catch {
            rows.discard()
            throw error
        }
        store(rows, "INSERT 0", ending)
    }

    /// CREATE TABLE … AS: the table and its rows in one commit.
    func createTable(_ create: CreateTable, as query: Query, completion: @escaping Completion)
        throws(DatabaseError)
    {
        let view = view()
        var binder = Binder(relations: view)
        let bound = try binder.bindQuery(query)
        // Bound before an id is taken: ids are for ever.
        let definition = try binder.bindCreateTable(
            create, schema: try schema(for: create.table, view), source: bound.columns
        ).numbered { engine.storage.reserveTableID() }.table
        let rows = try gather(
            bound, into: definition, mapping: definition.columns.indices.map { $0 }, view, [])
        apply(
            CommandResult("SELECT \(rows.rowCount)", rowCount: rows.rowCount),
            written: rows.written, completion: completion
        ) { changes in
            changes.create(definition)
            rows.add(to: &changes)
        }
    }

    private func gather(
        _ query: BoundQuery, into table: Catalog.TableDefinition, mapping: [Int?],
        _ view: StatementView, _ values: [Value],
        look: (Batch) throws(DatabaseError) -> Void = { _ in }
    ) throws(DatabaseError) -> BulkRows {
        let keys = table.keys.isEmpty ? nil : KeyCheck(laterFor: table)
        var rows = try bulkRows(of: table, view, keys: keys)
        do throws(DatabaseError) {
            try InsertBatch.forEachBatch(
                of: query, into: table, mapping: mapping, context(view, values)
            ) { batch throws(DatabaseError) in
                try rows.append(batch)
                try look(batch)
            }
            try rows.finish()
        } catch {
            rows.discard()
            throw error
        }
        return rows
    }
}
