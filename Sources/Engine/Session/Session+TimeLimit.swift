import Execution
import SQL

/// How long statements may run: as the client said with `statement_timeout`, else as the server says
/// with `query.timeout`, which is not for statements that carry tables from place to place.
extension Session {
    /// Milliseconds for a statement; zero is for ever.
    func timeLimit(of statement: Statement) -> Int {
        if let own = parameters.statementTimeoutMilliseconds { return own }
        return isQuery(statement) ? engine.queryTimeoutMilliseconds : 0
    }

    /// Gives a query whose client asks for more of its rows the whole time again. Between the
    /// statements of a session, like `execute`.
    package func renewTimeLimit() {
        cancellation.extend(
            timeoutMilliseconds: parameters.statementTimeoutMilliseconds
                ?? engine.queryTimeoutMilliseconds)
    }

    private func isQuery(_ statement: Statement) -> Bool {
        switch statement {
        case .insert(let insert):
            switch insert.source {
            case .query: false
            case .rows, .defaultValues: true
            }
        case .createTable(let create): create.query == nil
        case .execute(let name, _): named[name.folded].map { isQuery($0.statement) } ?? true
        case .explain(let explain): isQuery(explain.statement)
        case .copy, .backup, .snapshot, .checkpoint, .restore, .verifyBackup, .dropBackup,
            .cancelBackup, .pruneBackups:
            false
        case .select, .update, .delete, .dropTable, .truncate, .alterTable, .definition, .begin,
            .commit, .rollback, .savepoint, .releaseSavepoint, .rollbackToSavepoint,
            .setTransaction, .set, .reset, .show, .prepare, .deallocate, .discard:
            true
        }
    }
}
