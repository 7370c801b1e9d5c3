import Synchronization

/// What the database must hold under a mixed load.
///
/// Each writer has rows of its own in shared tables, so that its rows follow from its own statements
/// whatever the others do. Of the statement under way when something broke nobody knows whether it
/// counts: after the next start the database says so, whole or not at all.
final class MixedModel: Sendable {
    /// The rows of one writer: id to value in `a` and `b`, and in `u` with its upsert keys.
    struct Content: Equatable, Sendable {
        var plain: [Int64: Int64] = [:]
        var upserted: [Int64: Int64] = [:]
    }

    /// What a backup may hold of each writer: one of these.
    typealias Possible = [[Content]]

    private struct State {
        /// Every state a writer's rows were in, the newest last.
        var history: [[Content]]
        var pending: [Content?]
        var defined = DefinedDatabase()
        var pendingDefined: [DefinedDatabase] = []
        var nextID: Int64 = 1
        /// Backups that were answered, and what table `a` has in each.
        var backups: [String: [Int64: [Int64: Int64]]] = [:]
        var copies = 0
        /// Restored tables, and the backup each is from.
        var restored: [String: String] = [:]
    }

    private let state: Mutex<State>
    let writers: Int
    /// Whether what is done is printed.
    let isTraced: Bool
    let tally: Tally
    /// The bit that is wrong in this life.
    let flipped = Mutex<FlippedBit?>(nil)

    init(writers: Int, tally: Tally, isTraced: Bool = false) {
        self.writers = writers
        self.isTraced = isTraced
        self.tally = tally
        state = Mutex(
            State(
                history: Array(repeating: [Content()], count: writers),
                pending: Array(repeating: nil, count: writers)))
    }

    func trace(_ line: @autoclosure () -> String) { if isTraced { say(line()) } }

    func issueIDs(_ count: Int) -> [Int64] {
        state.withLock { state in
            defer { state.nextID += Int64(count) }
            return (0..<Int64(count)).map { state.nextID + $0 }
        }
    }

    // MARK: Writers

    func content(_ writer: Int) -> Content {
        state.withLock { $0.history[writer].last ?? Content() }
    }

    /// A transaction is about to be sent that makes the writer's rows these.
    func begin(_ writer: Int, _ next: Content) { state.withLock { $0.pending[writer] = next } }

    func end(_ writer: Int, isCommitted: Bool) {
        state.withLock { state in
            if isCommitted, let next = state.pending[writer] { state.history[writer].append(next) }
            state.pending[writer] = nil
        }
    }

    /// Compares a writer's rows after a start with what may be there; nil when all is well.
    func settle(_ writer: Int, found: Content) -> String? {
        state.withLock { state in
            defer { state.pending[writer] = nil }
            let wanted = state.history[writer].last ?? Content()
            if found == wanted { return nil }
            if found == state.pending[writer] {
                state.history[writer].append(found)
                return nil
            }
            return
                "writer \(writer): plain \(Self.difference(wanted.plain, found.plain)), upserted "
                + "\(Self.difference(wanted.upserted, found.upserted))"
                + (state.pending[writer] == nil ? "" : ", with one transaction under way")
        }
    }

    static func difference(_ wanted: [Int64: Int64], _ found: [Int64: Int64]) -> String {
        let lost = wanted.keys.filter { found[$0] == nil }.sorted()
        let extra = found.keys.filter { wanted[$0] == nil }.sorted()
        let other = wanted.sorted { $0.key < $1.key }.compactMap { id, value in
            found[id].flatMap { $0 == value ? nil : "\(id): \($0) for \(value)" }
        }
        return "lost \(lost) extra \(extra) other \(other)"
    }

    // MARK: Cuts

    /// How many states each writer has gone through: where a cut begins.
    var mark: [Int] { state.withLock { $0.history.map(\.count) } }

    /// What a cut may hold that was made between a mark and now.
    func possible(since mark: [Int]) -> Possible {
        state.withLock { state in
            mark.indices.map { writer in
                Array(state.history[writer][(mark[writer] - 1)...])
                    + [state.pending[writer]].compactMap { $0 }
            }
        }
    }

    // MARK: DDL

    var defined: DefinedDatabase { state.withLock { $0.defined } }

    func beginDefining(_ results: [DefinedDatabase]) {
        state.withLock { $0.pendingDefined = results }
    }

    func endDefining(isCommitted: Bool) {
        state.withLock { state in
            if isCommitted, let next = state.pendingDefined.first { state.defined = next }
            state.pendingDefined = []
        }
    }

    /// Compares the tables of DDL with what may be there; nil when all is well.
    ///
    /// - Parameter isAnswered: the statement was answered, so that the old state is no more.
    func settleDefined(found: [String: SeenTable], isAnswered: Bool = false) -> String? {
        state.withLock { state in
            defer { state.pendingDefined = [] }
            let candidates = (isAnswered ? [] : [state.defined]) + state.pendingDefined
            let matching = candidates.filter { $0.seen == found }
            if var same = matching.first {
                for name in matching.flatMap({ $0.tables.filter(\.value.mayExpire).keys }) {
                    same.tables[name]?.mayExpire = true
                }
                state.defined = same
                return nil
            }
            return "DDL: "
                + candidates.map { found.difference(from: $0.seen) }.joined(separator: " OR ")
        }
    }

    // MARK: Backups

    func nextName(_ prefix: String) -> String {
        state.withLock { state in
            state.copies += 1
            return "\(prefix)\(state.copies)"
        }
    }

    func keep(backup name: String, rows: [Int64: [Int64: Int64]]) {
        state.withLock { $0.backups[name] = rows }
    }

    func forget(backup name: String) { state.withLock { _ = $0.backups.removeValue(forKey: name) } }
    var backups: [String: [Int64: [Int64: Int64]]] { state.withLock { $0.backups } }

    func beginRestoring(_ table: String, from backup: String) {
        state.withLock { $0.restored[table] = backup }
    }

    /// What a restored table must hold: the rows of its backup.
    func restoredRows(_ table: String) -> [Int64: [Int64: Int64]]? {
        state.withLock { state in state.restored[table].flatMap { state.backups[$0] } }
    }
}
