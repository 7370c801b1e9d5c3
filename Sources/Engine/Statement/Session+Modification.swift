import Catalog
import Diagnostics
import Execution
import Planner
import Platform
import SQL
import Storage
import Values

/// UPDATE and DELETE: the table's rows in memory become segments, every segment with a row that is
/// meant is written anew, and one edit puts the new ones in the place of the old.
extension Session {
    /// An UPDATE or DELETE that is to be bound again for each snapshot it runs on.
    struct Modification: Sendable {
        let statement: Statement
        let parameterTypes: [ValueType?]
        let values: [Value]
        /// The first word of the tag.
        let word: String
    }

    func modify(
        _ prepared: PreparedStatement, _ values: [Value], _ word: String,
        completion: @escaping Completion
    ) throws(DatabaseError) {
        let modification = Modification(
            statement: prepared.parsed.statement, parameterTypes: prepared.parameterTypes,
            values: values, word: word)
        // Bound once before any waiting, for its errors and to know the table.
        let bound = try bind(modification, view(isKept: false))
        try modify(modification, bound.table, completion: completion)
    }

    func modify(
        _ modification: Modification, _ table: TableDefinition, completion: @escaping Completion
    ) throws(DatabaseError) {
        try locking([table.id], completion: completion) { [self] () throws(DatabaseError) in
            onThread(modification.word.lowercased(), completion: completion) {
                [self] () throws(DatabaseError) in
                try rewrite(modification, table, completion: completion)
            }
        }
    }

    private func bind(_ modification: Modification, _ view: StatementView)
        throws(DatabaseError) -> BoundModification
    {
        var binder = Binder(relations: view, parameterTypes: modification.parameterTypes)
        let bound = try binder.bindModification(modification.statement)
        _ = try binder.bindReturning(of: modification.statement)
        try check(modification.values, binder)
        return bound
    }

    /// Runs with the table's lock held, on a thread of its own.
    private func rewrite(
        _ modification: Modification, _ locked: TableDefinition, completion: @escaping Completion
    ) throws(DatabaseError) {
        let isStored = changes[locked.id].map { !$0.isCreated && !$0.isEmptied } ?? true
        if case .delete = modification.statement { engine.storage.makeRoomToFree() }
        if isStored { try engine.storage.flush(tables: [locked.id]) }
        if changes[locked.id] == nil, open?.keepsSnapshot != true {
            engine.storage.relieve(table: locked.id)
        }
        let view = view()
        let bound = try bind(modification, view)
        guard bound.table.id == locked.id else {
            // The table was dropped while this waited, and another has its name.
            return try modify(modification, bound.table, completion: completion)
        }
        if isStored { try settle(bound.table, view) }
        var binder = Binder(relations: view, parameterTypes: modification.parameterTypes)
        let returning = try binder.bindReturning(of: modification.statement)
        var rewrite = TableRewrite(
            storage: engine.storage, table: bound.table,
            modifier: RowModifier(
                bound, context(view, modification.values), keepsHits: returning != nil),
            check: try rowCheck(bound, view))
        try rewrite.run(view.with(changes))
        let ending = try discarding(rewrite, of: bound.table) {
            () throws(DatabaseError) -> Completion in
            try enforceKeys(bound, rewrite, view)
            return try self.returning(
                returning, rewrite.returned, modification.values,
                .counted(modification.word), completion)
        }
        let result = CommandResult(
            "\(modification.word) \(rewrite.rowCount)", rowCount: rewrite.rowCount)
        if rewrite.rowCount == 0 { return ending(.success(.command(result))) }
        // Keys of rows that are others now.
        ownKeys[bound.table.id] = nil
        let written = WrittenSegments(table: bound.table, entries: rewrite.written)
        apply(result, written: written, completion: ending) { changes in
            changes.exchange(rewrite.exchanges, of: bound.table)
            if let batches = rewrite.batches {
                changes.replaceRows(batches, of: bound.table)
            }
        }
    }

    /// What an UPDATE's rows must satisfy besides NOT NULL.
    private func rowCheck(_ bound: BoundModification, _ view: StatementView)
        throws(DatabaseError) -> RowCheck?
    {
        guard case .update = bound.change, !bound.table.checks.isEmpty else { return nil }
        var binder = Binder(relations: view)
        return RowCheck(
            bound.table, notNull: [], checks: try binder.checks(of: bound.table), computingLimits)
    }

    /// Looks for doubled keys in the table as the statement leaves it.
    private func enforceKeys(
        _ bound: BoundModification, _ rewrite: TableRewrite, _ view: StatementView
    ) throws(DatabaseError) {
        guard case .update = bound.change, !bound.table.keys.isEmpty, rewrite.rowCount > 0 else {
            return
        }
        var next = changes
        next.exchange(rewrite.exchanges, of: bound.table)
        if let batches = rewrite.batches { next.replaceRows(batches, of: bound.table) }
        try enforceKeys(bound.table, try view.with(next).sources(of: bound.table))
    }

    /// Gives back what a statement has written when what follows fails.
    private func discarding<Result>(
        _ rewrite: TableRewrite, of table: TableDefinition,
        _ body: () throws(DatabaseError) -> Result
    ) throws(DatabaseError) -> Result {
        do throws(DatabaseError) {
            return try body()
        } catch {
            engine.storage.discardSegments(rewrite.written, of: table)
            throw error
        }
    }

    /// In a transaction that keeps its snapshot: finds the segments that hold the snapshot's rows of
    /// a table, those included that were in memory when it was taken.
    ///
    /// - Throws: 40001 when others have rewritten rows since.
    private func settle(_ table: TableDefinition, _ view: StatementView) throws(DatabaseError) {
        guard let open, open.keepsSnapshot, open.changes[table.id]?.stored == nil else { return }
        guard engine.locks.lastRewrite(of: table.id) <= view.snapshot.lsn else {
            throw .concurrentChange(of: table.name)
        }
        var settlement = SnapshotSettlement(
            engine.storage, table, kept: view.snapshot, newest: engine.storage.snapshot())
        let settled = try settlement.run()
        _ = change { open in
            open.note(WrittenSegments(table: table, entries: settled.written))
            open.changes.settle(settled, of: table)
        }
    }
}
