package import Diagnostics
import Catalog
import Platform
import Storage

/// The session's transaction: how it begins, gathers, ends.
extension Session {
    /// The transaction under way, if there is one.
    var open: OpenTransaction? {
        switch transaction {
        case .none: nil
        case .implicit(let open), .block(let open), .failed(let open): open
        }
    }

    /// Changes the transaction under way in place. Returns nil when there is none.
    func change<R, E>(_ body: (inout OpenTransaction) throws(E) -> R) throws(E) -> R? {
        let before = transaction
        // Let go of while it changes, so that nothing is copied.
        switch consume before {
        case .none: return nil
        case .implicit(var open):
            transaction = .none
            defer { transaction = .implicit(open) }
            return try body(&open)
        case .block(var open):
            transaction = .none
            defer { transaction = .block(open) }
            return try body(&open)
        case .failed(var open):
            transaction = .none
            defer { transaction = .failed(open) }
            return try body(&open)
        }
    }

    /// Makes a transaction with the session's defaults.
    func makeTransaction() -> OpenTransaction {
        var open = OpenTransaction(startedAt: engine.platform.clock.now())
        open.isolation = parameters.defaultIsolation
        open.isReadOnly = parameters.isReadOnlyByDefault
        return open
    }

    /// Begins to gather what the next statements write into one commit, as a simple query of
    /// several statements and a pipeline up to its Sync do. Does nothing inside a block.
    package func openImplicitTransaction() {
        if case .none = transaction { transaction = .implicit(makeTransaction()) }
    }

    /// Commits what was gathered since `openImplicitTransaction`; nothing after a failure.
    package func closeImplicitTransaction(
        completion: @escaping @Sendable (Result<Void, DatabaseError>) -> Void
    ) {
        guard case .implicit(let open) = transaction else { return completion(.success(())) }
        transaction = .none
        let before = endParameters(isCommitted: true)
        commit(open) { [self] result in
            if case .failure = result { undoParameters(before) }
            completion(result)
        }
    }

    /// Forgets everything of the transaction: the client is gone, or an error ended it.
    package func rollback() {
        endParameters(isCommitted: false)
        let gone = open
        transaction = .none
        if let gone { abandon(gone) }
    }

    /// A failed statement takes its block with it. For errors that Session did not see itself, such
    /// as a client's broken message.
    package func fail() {
        switch transaction {
        case .none, .failed: break
        case .implicit(let open):
            transaction = .none
            endParameters(isCommitted: false)
            abandon(open)
        case .block(let open):
            guard open.savepoints.isEmpty else {
                transaction = .failed(open)
                return
            }
            transaction = .failed(OpenTransaction(startedAt: open.startedAt))
            endParameters(isCommitted: false)
            abandon(open)
        }
    }

    /// SET LOCAL lasts no longer than its transaction, and SET goes with one that is undone.
    ///
    /// - Returns: the parameters as they were, for `undoParameters`.
    @discardableResult
    func endParameters(isCommitted: Bool) -> SessionParameters {
        let before = parameters
        parameters.endTransaction(isCommitted: isCommitted)
        admitNotices()
        return before
    }

    /// Brings back what a transaction had set whose commit failed.
    ///
    /// - Parameter before: what `endParameters` gave.
    func undoParameters(_ before: SessionParameters) {
        parameters = before
        endParameters(isCommitted: false)
    }

    /// Commits a transaction that the session has let go of, and gives back what it held.
    func commit(
        _ open: OpenTransaction,
        completion: @escaping @Sendable (Result<Void, DatabaseError>) -> Void
    ) {
        let forgotten = open.leftover(isCommitted: true)
        if open.changes.isEmpty, forgotten.isEmpty {
            abandon(open)
            return completion(.success(()))
        }
        let taken = open.changes.segmentIDs
        let rewritten = open.changes.rewrittenTables
        var open = open
        open.changes.advance(sequences.takeReserved())
        let keys = ownKeys
        ownKeys = [:]
        let transaction = open.changes.makeTransaction(forgetting: forgotten)
        engine.storage.commit(transaction) { [self, open] result in
            if case .success(let commit) = result {
                engine.locks.noteRewrite(of: rewritten, at: commit.lsn)
                // The keys of rows that were rewritten are read anew.
                engine.keys.merge(
                    keys.filter { !rewritten.contains($0.key) }, at: commit.lsn)
            }
            let isCommitted = if case .success = result { true } else { false }
            forget(open.leftover(isCommitted: isCommitted)) { [self] in
                engine.locks.release(lockOwner)
                switch result {
                case .success:
                    discard(open.written.map { $0.without(taken) }, then: nil)
                    completion(.success(()))
                case .failure(let error):
                    let error = told(error, of: open.changes)
                    // What the client does next finds no file of this transaction.
                    discard(open.written) { completion(.failure(error)) }
                }
            }
        }
    }

    /// What a client is told of a commit that failed: where another one was first, by dropping a table or
    /// putting a backup's in its place, it is to try again, and find out.
    private func told(_ error: DatabaseError, of changes: PrivateChanges) -> DatabaseError {
        guard error.state == .undefinedTable else { return error }
        let snapshot = engine.storage.snapshot()
        defer { snapshot.release() }
        let gone = changes.touched.first { snapshot.table(id: $0.id) == nil }
        return gone.map { .concurrentChange(of: $0.name) } ?? error
    }

    /// Removes kept partitions on a worker, and goes on at once when there are none. Their tables'
    /// locks are held meanwhile: nobody keeps a partition of the same name.
    private func forget(_ kept: Set<KeptPartition>, then next: @escaping @Sendable () -> Void) {
        if kept.isEmpty || engine.storage.failure != nil { return next() }
        engine.platform.workers.start("forget") { [self] in
            forget(kept)
            next()
        }
    }

    /// Removes kept partitions. Blocks.
    func forget(_ kept: Set<KeptPartition>) { for partition in kept { forget(partition) } }

    /// It is worth a second try: what is left behind is known by the rows that the table has in the
    /// partition, and only until those are gone.
    private func forget(_ kept: KeptPartition) {
        for attempt in 1...Limits.removalAttempts {
            do throws(DatabaseError) {
                return try engine.storage.forget(kept.partition, of: kept.table)
            } catch {
                if attempt < Limits.removalAttempts { continue }
                // The next start sweeps it.
                engine.platform.log.log(
                    .error, "engine", "cannot remove a detached partition: \(error)")
            }
        }
    }

    /// Gives back what a transaction held that nobody will commit.
    func abandon(_ open: OpenTransaction) {
        ownKeys = [:]
        _ = sequences.takeReserved()
        // At once, for the locks go with the transaction; a DETACH that is undone is rare.
        if engine.storage.failure == nil { forget(open.leftover(isCommitted: false)) }
        engine.locks.release(lockOwner)
        discard(open.written, then: nil)
    }

    /// Unlinks segments that no edit takes, on a worker, and goes on at once when there are none.
    private func discard(_ segments: [WrittenSegments], then next: (@Sendable () -> Void)?) {
        let segments = segments.filter { !$0.entries.isEmpty }
        // After a failed sync the log may hold the edit all the same: the next start decides.
        if segments.isEmpty || engine.storage.failure != nil {
            next?()
            return
        }
        let storage = engine.storage
        engine.platform.workers.start("discard") {
            for part in segments { storage.discardSegments(part.entries, of: part.table) }
            next?()
        }
    }
}
