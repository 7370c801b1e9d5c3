package import Backup
package import Diagnostics
import Execution
package import Platform
package import Storage
import Synchronization
import Values

/// What the configuration says about statements.
package struct EngineSettings: Sendable {
    /// What `version()` and SHOW server_version tell: drivers compare it with PostgreSQL's.
    package var serverVersion = "16.3"
    package var productVersion = "Basalt 0.1"
    package var database = "qdb"
    /// Bytes one query may gather: `cairo.sql.memory.limit`.
    package var queryMemoryBytes = 512 << 20
    package var users = Users()
    /// What SHOW PARAMETERS lists: key and value.
    package var parameters: [(String, String)] = []
    package var isReadOnly = false
    /// How long a query may run whose client has not said it, `query.timeout`; zero is for ever.
    package var queryTimeoutMilliseconds = 0
    /// The directory of files that COPY may read, `cairo.sql.copy.root`; nil for none.
    package var importDirectory: String?

    package init() {}
}

/// The database as statements see it. One per server; makes sessions.
package final class Engine: Sendable {
    package let storage: Storage
    package let platform: Platform
    package let settings: EngineSettings
    package let backup: BackupService?
    let activity = ActivityRegistry()
    let locks: TableLocks
    let sequences: SequenceNumbers
    let keys = KeyIndexes()
    let loadMemory: LoadMemory
    private let queryTimeout: Atomic<Int>

    /// - Parameter backup: nil where BACKUP is not offered.
    package init(
        storage: Storage, platform: Platform, settings: EngineSettings = EngineSettings(),
        backup: BackupService? = nil
    ) {
        self.storage = storage
        self.platform = platform
        self.settings = settings
        self.backup = backup
        queryTimeout = Atomic(settings.queryTimeoutMilliseconds)
        locks = TableLocks(platform: platform) { [weak storage] in storage?.resumeCompaction() }
        storage.deferCompaction { [locks] in locks.isHeld($0) }
        sequences = SequenceNumbers(storage: storage)
        loadMemory = LoadMemory(storage.settings)
    }

    /// Makes a session for a user who has proved who they are.
    ///
    /// - Parameters:
    ///   - readOnlyBecause: what a refused statement is told, for sessions that only read.
    ///   - notices: called during statements, on whatever thread they run.
    package func makeSession(
        user: String = "admin", database: String? = nil, isReadOnly: Bool = false,
        readOnlyBecause: ReadOnlyReason = .user,
        notices: @escaping @Sendable (Notice) -> Void = { _ in }
    ) -> Session {
        Session(
            engine: self, user: user, database: database ?? settings.database,
            readOnly: isReadOnly ? readOnlyBecause : nil, notices: notices)
    }

    /// `query.timeout` as it is now; statements that run keep theirs.
    package var queryTimeoutMilliseconds: Int {
        get { queryTimeout.load(ordering: .relaxed) }
        set { queryTimeout.store(newValue, ordering: .relaxed) }
    }

    /// Prepares a clean stop, when no session begins statements any more: sequences go on where they are.
    /// Blocks. What fails is logged: it costs some numbers of sequences.
    package func settle() {
        do throws(DatabaseError) {
            try sequences.giveBack()
        } catch {
            platform.log.log(
                .error, "engine", "cannot give back numbers of sequences: \(error)")
        }
    }

    /// - Throws: 55000 in an engine without one, as over a root that is only looked at.
    func backupService() throws(DatabaseError) -> BackupService {
        guard let backup else { throw .backupUnavailable() }
        return backup
    }

    /// Why the database takes no more commits; nil while all is well.
    package var failure: DatabaseError? { storage.failure }
}

/// Something a client should know that is not an error.
package struct Notice: Sendable, Equatable {
    package enum Severity: String, Sendable { case notice = "NOTICE", warning = "WARNING" }

    package let severity: Severity
    package let state: SQLState
    /// In one line, whatever names it tells.
    package let message: String

    package init(_ severity: Severity, _ state: SQLState, _ message: String) {
        self.severity = severity
        self.state = state
        self.message = message.inOneLine
    }
}
