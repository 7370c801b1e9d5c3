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

    private func modify(
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
        try check(modification.values, binder)
        return bound
    }

    /// Runs with the table's lock held, on a thread of its own.
    private func rewrite(
        _ modification: Modification, _ locked: TableDefinition, completion: @escaping Completion
    ) throws(DatabaseError) {
        let isStored = changes[locked.id].map { !$0.isCreated && !$0.isEmptied } ?? true
        if isStored { try engine.storage.flush(tables: [locked.id]) }
        let view = view()
        let bound = try bind(modification, view)
        guard bound.table.id == locked.id else {
            // The table was dropped while this waited, and another has its name.
            return try modify(modification, bound.table, completion: completion)
        }
        if isStored { try settle(bound.table, view) }
        var rewrite = TableRewrite(
            storage: engine.storage,
            modifier: RowModifier(bound, context(view, modification.values)))
        try rewrite.run(bound.table, view.with(changes))
        let result = CommandResult(
            "\(modification.word) \(rewrite.rowCount)", rowCount: rewrite.rowCount)
        if rewrite.rowCount == 0 { return completion(.success(.command(result))) }
        let written = WrittenSegments(table: bound.table, entries: rewrite.added)
        apply(result, written: written, completion: completion) { changes in
            changes.replace(rewrite.removed, with: rewrite.added, of: bound.table)
            if let batches = rewrite.batches {
                changes.replaceRows(batches, of: bound.table)
            }
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
            open.note(WrittenSegments(table: table, entries: settled.seen + settled.later))
            open.changes.settle(settled, of: table)
        }
    }
}

/// Runs an UPDATE or DELETE over everything a statement sees of a table, one segment at a time.
struct TableRewrite {
    let storage: Storage
    let modifier: RowModifier
    private(set) var rowCount = 0
    private(set) var removed: [String] = []
    private(set) var added: [SegmentEntry] = []
    /// The transaction's rows that are in no segment, as they are afterwards; nil when none of them
    /// was meant.
    private(set) var batches: [Batch]?

    init(storage: Storage, modifier: RowModifier) {
        self.storage = storage
        self.modifier = modifier
    }

    /// Leaves no file behind when it fails.
    mutating func run(_ table: TableDefinition, _ view: StatementView) throws(DatabaseError) {
        do throws(DatabaseError) {
            for run in try view.storedRuns(of: table) {
                // What is in memory was committed after the flush: after this statement.
                if let segment = run.segment { try rewrite(segment, run, table, view) }
            }
            guard let own = view.changes[table.id] else { return }
            for segment in own.added {
                try rewrite(segment, storage.run(of: segment, table: table), table, view)
            }
            try rewrite(own.rows.batches)
        } catch {
            storage.discardSegments(added, of: table)
            throw error
        }
    }

    private mutating func rewrite(
        _ segment: SegmentEntry, _ run: Run, _ table: TableDefinition, _ view: StatementView
    ) throws(DatabaseError) {
        switch try modifier.modify(SnapshotRun(run: run, snapshot: view.snapshot)) {
        case .untouched: break
        case .changed(let hits, let rest):
            if rest.rowCount > 0 {
                added += try storage.writeSegments(
                    [rest], of: table, firstLSN: segment.firstLSN, lastLSN: segment.lastLSN)
            }
            removed.append(segment.id)
            rowCount += hits
        }
    }

    private mutating func rewrite(_ rows: [Batch]) throws(DatabaseError) {
        var rests: [Batch] = []
        var isChanged = false
        for batch in rows {
            switch try modifier.modify(PrivateRun(whole: batch)) {
            case .untouched: rests.append(batch)
            case .changed(let hits, let rest):
                rests.append(rest)
                rowCount += hits
                isChanged = true
            }
        }
        if isChanged { batches = rests }
    }
}
