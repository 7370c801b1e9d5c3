import Diagnostics
import Planner
import Platform
import SQL

/// BEGIN, COMMIT, ROLLBACK, savepoints and the modes of a transaction; and which statements may stand
/// inside one.
extension Session {
    func transactionStatement(_ statement: Statement, completion: @escaping Completion)
        throws(DatabaseError)
    {
        switch statement {
        case .begin(let modes): completion(.success(.command(try begin(modes))))
        case .commit: commitBlock(completion: completion)
        case .rollback:
            if case .none = transaction { warnNoBlock() }
            rollback()
            completion(.success(.command(ended("ROLLBACK"))))
        case .setTransaction(let modes):
            try setModes(modes)
            completion(.success(.command(CommandResult("SET"))))
        case .savepoint(let name):
            let parameters = parameters
            try inBlock("SAVEPOINT") { open throws(DatabaseError) in
                try open.save(name, parameters)
            }
            completion(.success(.command(CommandResult("SAVEPOINT"))))
        case .releaseSavepoint(let name):
            try inBlock("RELEASE SAVEPOINT") { open throws(DatabaseError) in
                try open.release(name)
            }
            completion(.success(.command(CommandResult("RELEASE"))))
        case .rollbackToSavepoint(let name):
            try rollBack(to: name)
            completion(.success(.command(ended("ROLLBACK"))))
        default: preconditionFailure("dispatch sends only statements about transactions")
        }
    }

    private func begin(_ modes: TransactionModes) throws(DatabaseError) -> CommandResult {
        switch transaction {
        case .none: transaction = .block(makeTransaction())
        case .implicit(let open): transaction = .block(open)
        case .block, .failed:
            notice(
                .warning, .activeTransaction, "there is already a transaction in progress")
        }
        try set(modes)
        tellOfSerializable()
        return CommandResult("BEGIN")
    }

    /// Says once what a client that asks for SERIALIZABLE gets.
    private func tellOfSerializable() {
        guard open?.isolation == .serializable, !hasToldOfSerializable else { return }
        hasToldOfSerializable = true
        notice(
            .notice, .warning,
            "SERIALIZABLE is snapshot isolation: two transactions that read what the other writes may "
                + "both commit")
    }

    private func commitBlock(completion: @escaping Completion) {
        switch transaction {
        case .none:
            warnNoBlock()
            completion(.success(.command(CommandResult("COMMIT"))))
        case .failed:
            rollback()
            completion(.success(.command(ended("ROLLBACK"))))
        case .implicit(let open), .block(let open):
            transaction = .none
            let before = endParameters(isCommitted: true)
            let ended = ended("COMMIT")
            commit(open) { [self] result in
                if case .failure = result { undoParameters(before) }
                completion(result.map { .command(ended) })
            }
        }
    }

    /// The end of a transaction, which tells the client which parameters came back.
    private func ended(_ tag: String) -> CommandResult {
        CommandResult(tag, reportedParameters: takeParameterReports())
    }

    private func warnNoBlock() {
        notice(.warning, .noActiveTransaction, "there is no transaction in progress")
    }

    /// Refuses statements that cannot be taken back.
    func refuseInBlock(_ statement: String) throws(DatabaseError) {
        switch transaction {
        case .block: throw .notInBlock(statement)
        case .implicit(let open) where !open.changes.isEmpty: throw .notInBlock(statement)
        case .none, .implicit, .failed: break
        }
    }

    /// Lets statements that no ROLLBACK undoes run in a block that has written nothing: many drivers
    /// send BEGIN by themselves.
    func requireNothingWritten(_ statement: String) throws(DatabaseError) {
        guard changes.isEmpty else { throw .afterWriting(statement) }
        if case .block = transaction {
            notice(
                .notice, .success,
                "\(statement) takes effect at once, ROLLBACK does not undo it")
        }
    }

    // MARK: - Savepoints

    private func inBlock(
        _ statement: String,
        _ body: (inout OpenTransaction) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        switch transaction {
        case .none, .implicit: throw .onlyInBlock(statement)
        case .block, .failed: try change(body)
        }
    }

    private func rollBack(to name: Name) throws(DatabaseError) {
        var saved: SessionParameters?
        try inBlock("ROLLBACK TO SAVEPOINT") { open throws(DatabaseError) in
            saved = try open.rollBack(to: name)
        }
        if let saved {
            parameters.goBack(to: saved)
            admitNotices()
        }
        // What the savepoint remembers is sound again.
        if case .failed(let open) = transaction { transaction = .block(open) }
    }

    // MARK: - Modes

    private func setModes(_ modes: TransactionModes) throws(DatabaseError) {
        switch modes.scope {
        case .transaction:
            switch transaction {
            case .none, .implicit:
                notice(
                    .warning, .noActiveTransaction,
                    "SET TRANSACTION can only be used in transaction blocks")
            case .block, .failed:
                try set(modes)
                tellOfSerializable()
            }
        case .session:
            if let isolation = modes.isolation {
                _ = try parameters.set(
                    "default_transaction_isolation", to: isolation.rawValue.lowercased(),
                    lastingOfSet)
            }
            if let access = modes.access {
                _ = try parameters.set(
                    "default_transaction_read_only", to: access == .readOnly ? "on" : "off",
                    lastingOfSet)
            }
        }
    }

    /// Sets what the transaction under way may see and do.
    private func set(_ modes: TransactionModes) throws(DatabaseError) {
        _ = try change { open throws(DatabaseError) in
            if let isolation = modes.isolation, isolation != open.isolation {
                if open.hasRun { throw .lateIsolation() }
                open.isolation = isolation
            }
            switch modes.access {
            case nil: break
            case .readOnly?: open.isReadOnly = true
            case .readWrite?:
                if open.isReadOnly && open.hasRun { throw .lateWrite() }
                open.isReadOnly = false
            }
        }
    }

    /// Remembers that the transaction has run a statement that reads or writes.
    func noteRun(of statement: Statement) {
        switch statement {
        case .begin, .commit, .rollback, .savepoint, .releaseSavepoint, .rollbackToSavepoint,
            .setTransaction, .set, .reset, .show, .prepare, .execute, .deallocate, .discard:
            break
        default: _ = change { $0.hasRun = true }
        }
    }

    /// Whether the transaction, or one that would begin now, only reads.
    var isTransactionReadOnly: Bool { open?.isReadOnly ?? parameters.isReadOnlyByDefault }

    // MARK: - The modes as parameters

    /// `SHOW transaction_isolation` and its like: what holds now.
    func transactionParameter(_ name: String) -> String? {
        switch name {
        case "transaction_isolation":
            (open?.isolation ?? parameters.defaultIsolation).rawValue.lowercased()
        case "transaction_read_only": isTransactionReadOnly ? "on" : "off"
        default: nil
        }
    }

    /// `SET transaction_isolation = …` is SET TRANSACTION under another name. Returns false for
    /// other parameters.
    func setTransactionParameter(_ set: SetParameter) throws(DatabaseError) -> Bool {
        let modes: TransactionModes
        switch set.name.folded {
        case "transaction_isolation":
            let text = (set.value ?? parameters.defaultIsolation.rawValue).uppercased()
            guard let isolation = TransactionModes.Isolation(rawValue: text) else {
                throw .badSetting(
                    set.name.text, set.value ?? "",
                    hint: "Known are read uncommitted, read committed, repeatable read and "
                        + "serializable.")
            }
            modes = TransactionModes(scope: .transaction, isolation: isolation, access: nil)
        case "transaction_read_only":
            guard let flag = SessionParameters.boolean(set.value ?? "off") else {
                throw .badSetting(
                    set.name.text, set.value ?? "", hint: "Known are on and off.")
            }
            modes = TransactionModes(
                scope: .transaction, isolation: nil, access: flag ? .readOnly : .readWrite)
        default: return false
        }
        try setModes(modes)
        return true
    }
}
