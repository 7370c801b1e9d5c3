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
            if !bound.table.keys.isEmpty, copy.direction != .toClient {
                throw .copyIntoKeys(bound.table.name, at: name.position)
            }
            switch copy.direction {
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
                let stream = try stream(bound, format, nil, view) { ending.give($0) }
                activeCopy.withLock { $0 = stream }
                completion(.success(.copyIn(stream, ending)))
            }
        }
    }

    private func stream(
        _ bound: BoundCopy, _ format: CopyFormat, _ file: CopyFile?, _ view: StatementView,
        _ completion: @escaping Completion
    ) throws(DatabaseError) -> CopyIn {
        var rows = BulkRows(engine.storage, table: bound.table)
        rows.check = try bulkCheck(of: bound.table)
        return CopyIn(
            bound, format: format, file: file, rows: rows, platform: engine.platform,
            context: context(view, []), cancellation: cancellation
        ) { [self] result in
            activeCopy.withLock { $0 = nil }
            switch result {
            case .failure(let error):
                fail()
                completion(.failure(error))
            case .success(let rows):
                let command = CommandResult("COPY \(rows.rowCount)", rowCount: rows.rowCount)
                apply(command, written: rows.written) { [self] outcome in
                    if case .failure = outcome { fail() }
                    completion(outcome)
                } _: { changes in
                    rows.add(to: &changes)
                }
            }
        }
    }

    /// What rows must satisfy that come in bulk, besides NOT NULL.
    private func bulkCheck(of table: Catalog.TableDefinition) throws(DatabaseError) -> RowCheck? {
        if table.checks.isEmpty { return nil }
        var binder = Binder(relations: view(isKept: false))
        return RowCheck(table, notNull: [], checks: try binder.checks(of: table))
    }

    // MARK: - Statements whose rows come from a query

    /// INSERT … SELECT: few rows go the usual way, many become segments.
    func insert(
        _ query: BoundQuery, into bound: BoundInsert, _ context: ExecutionContext,
        completion: @escaping Completion
    ) throws(DatabaseError) {
        let rows = try gather(query, into: bound.table, mapping: bound.mapping, context)
        let result = CommandResult("INSERT 0 \(rows.rowCount)", rowCount: rows.rowCount)
        apply(result, written: rows.written, completion: completion) { rows.add(to: &$0) }
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
            bound, into: definition, mapping: definition.columns.indices.map { $0 },
            context(view, []))
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
        _ context: ExecutionContext
    ) throws(DatabaseError) -> BulkRows {
        var rows = BulkRows(engine.storage, table: table)
        rows.check = try bulkCheck(of: table)
        do throws(DatabaseError) {
            try InsertBatch.forEachBatch(
                of: query, into: table, mapping: mapping, context
            ) { batch throws(DatabaseError) in
                try rows.append(batch)
            }
            try rows.finish()
        } catch {
            rows.discard()
            throw error
        }
        return rows
    }
}
