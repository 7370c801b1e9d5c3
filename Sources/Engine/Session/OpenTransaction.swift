import Catalog
import Diagnostics
import SQL
import Storage

/// A transaction under way: its changes, its savepoints, what it reads and what it must give back.
struct OpenTransaction: Sendable {
    var changes = PrivateChanges()
    /// Microseconds since 1970: what `now()` gives all along.
    let startedAt: Int64
    var isolation = TransactionModes.Isolation.readCommitted
    var isReadOnly = false
    /// Whether a statement has run: the isolation level cannot change any more.
    var hasRun = false
    /// What every statement sees when the isolation level keeps it; taken by the first.
    var snapshot: Snapshot?
    private(set) var savepoints: [Savepoint] = []
    /// Every segment the transaction has written, those of undone statements included.
    private(set) var written: [WrittenSegments] = []

    /// Every partition the transaction has kept beside its table for a DETACH, whether the DETACH was
    /// undone since or not.
    private var kept: Set<KeptPartition> = []

    struct Savepoint: Sendable {
        let name: Name
        let changes: PrivateChanges
        let parameters: SessionParameters
    }

    init(startedAt: Int64) { self.startedAt = startedAt }

    /// Whether all statements read one snapshot.
    var keepsSnapshot: Bool {
        switch isolation {
        case .readUncommitted, .readCommitted: false
        case .repeatableRead, .serializable: true
        }
    }

    mutating func note(_ segments: WrittenSegments) {
        if !segments.entries.isEmpty { written.append(segments) }
    }

    mutating func note(_ partitions: [KeptPartition]) { kept.formUnion(partitions) }

    /// The kept partitions that mean nothing once the transaction has ended.
    ///
    /// - Parameter isCommitted: then those stay that have left their table, and those go that are
    ///   attached again.
    func leftover(isCommitted: Bool) -> Set<KeptPartition> {
        isCommitted ? kept.subtracting(changes.detached).union(changes.attached) : kept
    }

    // MARK: - Savepoints

    mutating func save(_ name: Name, _ parameters: SessionParameters) throws(DatabaseError) {
        if savepoints.count >= Limits.savepoints { throw .tooManySavepoints(at: name.position) }
        savepoints.append(Savepoint(name: name, changes: changes, parameters: parameters))
    }

    /// Forgets a savepoint and those after it; what was done since stays.
    mutating func release(_ name: Name) throws(DatabaseError) {
        savepoints.removeSubrange(try index(of: name)...)
    }

    /// Undoes what was done since a savepoint, which stays.
    ///
    /// - Returns: the session's parameters as they were then.
    mutating func rollBack(to name: Name) throws(DatabaseError) -> SessionParameters {
        let index = try index(of: name)
        changes = savepoints[index].changes
        savepoints.removeSubrange((index + 1)...)
        return savepoints[index].parameters
    }

    private func index(of name: Name) throws(DatabaseError) -> Int {
        guard let index = savepoints.lastIndex(where: { $0.name == name }) else {
            throw .noSavepoint(name.text, at: name.position)
        }
        return index
    }
}

/// Segments that a statement has written and no edit has taken yet.
struct WrittenSegments: Sendable {
    let table: TableDefinition
    var entries: [SegmentEntry]

    /// Those that a commit does not take.
    func without(_ ids: Set<String>) -> WrittenSegments {
        WrittenSegments(table: table, entries: entries.filter { !ids.contains($0.id) })
    }
}

/// A partition in its directory beside the table. Two are one when their directory is.
struct KeptPartition: Hashable, Sendable {
    let table: TableDefinition
    let partition: String

    var forgotten: ForgottenPartition {
        ForgottenPartition(table: table.id, partition: partition)
    }

    static func == (left: KeptPartition, right: KeptPartition) -> Bool {
        left.table.id == right.table.id && left.partition == right.partition
    }
    func hash(into hasher: inout Hasher) {
        hasher.combine(table.id)
        hasher.combine(partition)
    }
}
