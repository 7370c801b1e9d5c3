import Diagnostics
import Planner
import Platform
import SQL

extension Session {
    func transactionStatement(_ statement: Statement, completion: @escaping Completion)
        throws(DatabaseError)
    {
        switch statement {
        case .begin: completion(.success(.command(begin())))
        case .commit: commitBlock(completion: completion)
        case .rollback:
            if case .none = transaction { warnNoBlock() }
            transaction = .none
            completion(.success(.command(CommandResult("ROLLBACK"))))
        case .setTransaction: completion(.success(.command(CommandResult("SET"))))
        default: throw .unsupported("SAVEPOINT", at: nil)
        }
    }

    private func begin() -> CommandResult {
        let now = engine.platform.clock.now()
        switch transaction {
        case .none: transaction = .block(PrivateChanges(), startedAt: now)
        case .implicit(let changes): transaction = .block(changes, startedAt: now)
        case .block, .failed:
            notice(
                .warning, .activeTransaction, "there is already a transaction in progress")
        }
        return CommandResult("BEGIN")
    }

    private func commitBlock(completion: @escaping Completion) {
        switch transaction {
        case .none:
            warnNoBlock()
            completion(.success(.command(CommandResult("COMMIT"))))
        case .failed:
            transaction = .none
            completion(.success(.command(CommandResult("ROLLBACK"))))
        case .implicit(let changes), .block(let changes, _):
            transaction = .none
            commit(changes) { result in
                completion(result.map { .command(CommandResult("COMMIT")) })
            }
        }
    }

    private func warnNoBlock() {
        notice(.warning, .noActiveTransaction, "there is no transaction in progress")
    }

    /// Refuses statements that cannot be taken back.
    func refuseInBlock(_ statement: String) throws(DatabaseError) {
        switch transaction {
        case .block: throw .notInBlock(statement)
        case .implicit(let changes) where !changes.isEmpty: throw .notInBlock(statement)
        case .none, .implicit, .failed: break
        }
    }
}
