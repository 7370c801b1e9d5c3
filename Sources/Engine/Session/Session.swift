package import Backup
package import Bytes
package import Diagnostics
import Execution
package import Planner
package import SQL
import Platform
import Storage
import Synchronization
package import Values

/// A statement that was parsed, and what is known of it.
package struct PreparedStatement: Sendable {
    package let parsed: ParsedStatement
    /// Types the client gave, or that a description found.
    package let parameterTypes: [ValueType?]
    /// The columns a description found, to be held on to.
    package let columns: [PlanColumn]?

    /// The command, if all it does is for later statements of the same session.
    package var commandForLaterStatements: String? {
        switch parsed.statement {
        case .begin: "BEGIN"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        case .savepoint: "SAVEPOINT"
        case .releaseSavepoint: "RELEASE SAVEPOINT"
        case .rollbackToSavepoint: "ROLLBACK TO SAVEPOINT"
        case .setTransaction: "SET TRANSACTION"
        case .set: "SET"
        case .prepare: "PREPARE"
        default: nil
        }
    }

    /// The statement for these values: a decimal of which nothing said how many digits it has gets
    /// the shape of its value, as if it had been written in the text.
    func fitted(to values: [Value]) -> PreparedStatement {
        guard parameterTypes.contains(.openDecimal) else { return self }
        var types = parameterTypes
        for (index, value) in values.enumerated() where index < types.count {
            guard types[index] == .openDecimal, case .decimal(let number) = value else { continue }
            types[index] = .decimal(number.shape)
        }
        return PreparedStatement(parsed: parsed, parameterTypes: types, columns: columns)
    }
}

/// What a client may ask about a statement before it runs.
package struct StatementDescription: Sendable {
    package let parameterTypes: [ValueType]
    /// nil when the statement gives no rows.
    package let columns: [ResultColumn]?
}

/// What a statement gave.
package enum Outcome: Sendable {
    /// Rows are pulled from the cursor; the tag is for afterwards.
    case rows(ResultRows, RowTag)
    case command(CommandResult)
    /// COPY … FROM STDIN: rows are fed to the stream, and the end comes afterwards.
    case copyIn(CopyIn, CopyEnding)
    /// COPY … TO STDOUT.
    case copyOut(CopyOut)
}

/// How the end of a row-giving statement is announced.
package enum RowTag: Sendable, Equatable {
    /// `SELECT n`
    case counted(String)
    /// `SHOW`
    case plain(String)

    package func text(rows: Int) -> String {
        switch self {
        case .counted(let word): "\(word) \(rows)"
        case .plain(let word): word
        }
    }
}

/// The end of a statement without rows.
package struct CommandResult: Sendable {
    package let tag: String
    /// Rows written, for INSERT.
    package let rowCount: Int?
    package let backup: BackupSummary?
    package let restore: RestoreSummary?
    /// The id of a backup that goes on.
    let begun: String?
    /// What /exec tells of a backup, or of the one that was restored.
    package var facts: [JSONMember] {
        let running = begun.map { id in
            JSONValue.object([
                JSONMember("id", .string(id)), JSONMember("status", .string("running")),
            ])
        }
        return (backup?.json ?? restore?.json ?? running).map { [JSONMember("backup", $0)] } ?? []
    }
    /// Session parameters that the client must be told of.
    package let reportedParameters: [(name: String, value: String)]

    package init(
        _ tag: String, rowCount: Int? = nil, backup: BackupSummary? = nil,
        restore: RestoreSummary? = nil, begun: String? = nil,
        reportedParameters: [(name: String, value: String)] = []
    ) {
        self.tag = tag
        self.rowCount = rowCount
        self.backup = backup
        self.restore = restore
        self.begun = begun
        self.reportedParameters = reportedParameters
    }
}

package typealias Completion = @Sendable (Result<Outcome, DatabaseError>) -> Void

/// One client's conversation with the database.
///
/// Runs one statement at a time: `execute` may be called again when the completion before was
/// called (and the cursor, if any, is done with). `cancel` may be called from any thread.
// SAFETY: unchecked because the state is plain; the rule above orders all access, and the queues
// of Storage and Platform that carry a completion to another thread synchronise memory.
package final class Session: @unchecked Sendable {
    package enum Status: Sendable { case idle, inBlock, failed }

    /// What made this session.
    package let engine: Engine
    package let user: String
    package let database: String
    /// The client may look and not touch; nil for one that may do both.
    let readOnly: ReadOnlyReason?
    /// Tells the client, unless it does not want to hear of it.
    let notices: @Sendable (Notice) -> Void
    private let noticeFilter = NoticeFilter()
    let cancellation: CancellationFlag
    /// The COPY … FROM that runs, for `cancel` to wake.
    let activeCopy = Mutex<CopyIn?>(nil)
    var parameters: SessionParameters
    var transaction = TransactionState.none
    var named: [String: Prepare] = [:]
    let sequences: SessionSequences
    /// The keys of rows that the open transaction has written.
    var ownKeys: [UInt64: KeySets] = [:]

    /// Whether the client was told what SERIALIZABLE is here.
    var hasToldOfSerializable = false

    /// Under which name the session holds tables' locks.
    let lockOwner: LockOwner

    enum TransactionState {
        case none
        /// Several statements that the client did not put into a block: one commit at the end.
        case implicit(OpenTransaction)
        case block(OpenTransaction)
        /// A block in which a statement failed. Its savepoints may heal it.
        case failed(OpenTransaction)
    }

    init(
        engine: Engine, user: String, database: String, readOnly: ReadOnlyReason?,
        notices: @escaping @Sendable (Notice) -> Void
    ) {
        self.engine = engine
        self.user = user
        self.database = database
        self.readOnly = readOnly
        self.notices = { [noticeFilter] notice in
            if noticeFilter.admits(notice) { notices(notice) }
        }
        cancellation = CancellationFlag(clock: engine.platform.clock)
        lockOwner = engine.locks.makeOwner()
        sequences = SessionSequences(engine.sequences)
        parameters = SessionParameters(version: engine.settings.serverVersion, user: user)
    }

    deinit {
        // Nobody can ask for its end any more.
        if let open { abandon(open) }
        engine.locks.release(lockOwner)
    }

    package var status: Status {
        switch transaction {
        case .none, .implicit: .idle
        case .block: .inBlock
        case .failed: .failed
        }
    }

    /// What a client is told when it connects: names and values of parameters.
    package var initialParameters: [(String, String)] { parameters.initialReport }

    /// Parameters that came back with a transaction or savepoint, for a client that was not told yet:
    /// what failed has no command that could tell it.
    package func takeParameterReports() -> [(name: String, value: String)] {
        parameters.takeReports()
    }

    /// Sets what a start-up packet asks for; unknown names are ignored, as they are hints there.
    package func applyStartup(_ name: String, _ value: String) {
        // A client that asks for something odd at start still gets its session.
        _ = try? parameters.set(name, to: value, .session)
        admitNotices()
    }

    /// Ends the running statement at its next batch, or its wait for a lock. From any thread.
    package func cancel() {
        cancellation.cancel()
        engine.locks.cancel(lockOwner)
    }

    /// Notes that the statement has ended, its rows included: it runs no more.
    package func statementEnded() { engine.activity.end(self) }

    /// Takes a text apart into statements; nothing is looked up yet.
    ///
    /// - Throws: 42601 and others of the parser, with a position into the text.
    package func parse(_ text: String, parameterTypes: [ValueType?] = []) throws(DatabaseError)
        -> [PreparedStatement]
    {
        let statements: [ParsedStatement]
        do throws(DatabaseError) {
            statements = try Parser.parse(text)
        } catch {
            fail()
            throw error
        }
        return statements.map {
            PreparedStatement(parsed: $0, parameterTypes: parameterTypes, columns: nil)
        }
    }

    /// Finds the types of a statement's parameters and result, and holds on to them.
    ///
    /// - Throws: what binding throws; the transaction fails then.
    package func describe(_ prepared: PreparedStatement) throws(DatabaseError)
        -> (PreparedStatement, StatementDescription)
    {
        do throws(DatabaseError) {
            try refuseInFailed(prepared.parsed.statement)
            var binder = Binder(
                relations: view(isKept: false), parameterTypes: prepared.parameterTypes)
            let columns = try columns(of: prepared.parsed.statement, &binder)
            let types = binder.settledParameterTypes
            let settled = PreparedStatement(
                parsed: prepared.parsed, parameterTypes: types, columns: columns)
            return (
                settled,
                StatementDescription(
                    parameterTypes: types, columns: columns?.map(ResultColumn.init))
            )
        } catch {
            fail()
            throw error
        }
    }

    /// Runs a statement. The completion is called exactly once: before this returns for most
    /// statements, later and on another thread for those that wait for a commit or a backup.
    ///
    /// - Parameter parameters: values of the types that `describe` gave; of `openDecimal` each with
    ///   its own digits.
    package func execute(
        _ prepared: PreparedStatement, parameters values: [Value] = [],
        completion: @escaping Completion
    ) {
        cancellation.clear(timeoutMilliseconds: timeLimit(of: prepared.parsed.statement))
        engine.activity.begin(
            self,
            ActivityRegistry.Entry(
                user: user, text: prepared.parsed.text,
                beganAt: engine.platform.clock.now()))
        for warning in prepared.parsed.warnings { notice(.warning, .invalidParameter, warning) }
        run(prepared, values, redosLeft: Limits.redos, completion: completion)
    }

    /// A statement outside a block that was overtaken by another is done again, from a new snapshot.
    private func run(
        _ prepared: PreparedStatement, _ values: [Value], redosLeft: Int,
        completion: @escaping Completion
    ) {
        var mayRedo = false
        if case .none = transaction {
            mayRedo = redosLeft > 0 && Self.canBeRedone(prepared.parsed.statement)
        }
        let end: Completion = { [self, mayRedo] result in
            // A stream holds its locks until it ends.
            if case .success(.copyIn) = result { return completion(result) }
            if case .none = transaction { engine.locks.release(lockOwner) }
            guard case .failure(let error) = result else { return completion(result) }
            if mayRedo, error.state == .serializationFailure, !cancellation.isCancelled {
                engine.platform.workers.start("redo") { [self] in
                    run(prepared, values, redosLeft: redosLeft - 1, completion: completion)
                }
                return
            }
            fail()
            completion(result)
        }
        do throws(DatabaseError) {
            try refuseInFailed(prepared.parsed.statement)
            try dispatch(prepared, values, completion: end)
        } catch {
            end(.failure(error))
        }
    }

    /// Whether a statement does the same when it is done again: what it read is still there, and a
    /// failure left nothing behind.
    private static func canBeRedone(_ statement: Statement) -> Bool {
        switch statement {
        case .insert, .update, .delete, .createTable, .dropTable, .truncate, .alterTable, .execute:
            true
        default: false
        }
    }

    private func refuseInFailed(_ statement: Statement) throws(DatabaseError) {
        guard case .failed = transaction else { return }
        switch statement {
        case .commit, .rollback, .rollbackToSavepoint: return
        default: throw .inFailedTransaction()
        }
    }

    func notice(_ severity: Notice.Severity = .notice, _ state: SQLState, _ message: String) {
        notices(Notice(severity, state, message))
    }

    /// Follows `client_min_messages`.
    func admitNotices() {
        noticeFilter.admit(parameters["client_min_messages"].flatMap(Notice.Severity.least))
    }
}

/// Which notices a client wants. From any thread: a backup tells of itself while others run.
private final class NoticeFilter: Sendable {
    private let wanted = Mutex<[Notice.Severity]>([.notice, .warning])

    func admit(_ severities: [Notice.Severity]?) {
        if let severities { wanted.withLock { $0 = severities } }
    }

    func admits(_ notice: Notice) -> Bool {
        wanted.withLock { $0.contains(notice.severity) }
    }
}
