import Synchronization

/// What the database must hold after a mixed load, writer by writer.
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

    /// The table that only DDL touches: its rows, or nil when there is none.
    struct Owned: Equatable, Sendable {
        var rows: Int?
        var columns = 2
    }

    private struct State {
        var contents: [Content]
        var pending: [Content?]
        var owned = Owned()
        var pendingOwned: Owned?
        var nextID: Int64 = 1
    }

    private let state: Mutex<State>
    let writers: Int
    /// Whether what is done is printed: `BASALT_SIM_TRACE=1` with one seed.
    let isTraced: Bool
    /// Statements that ended well, and transactions that were refused: a run that does nothing
    /// proves nothing.
    let statements = Atomic(0)
    let conflicts = Atomic(0)

    init(writers: Int, isTraced: Bool = false) {
        self.writers = writers
        self.isTraced = isTraced
        state = Mutex(
            State(
                contents: Array(repeating: Content(), count: writers),
                pending: Array(repeating: nil, count: writers)))
    }

    func content(_ writer: Int) -> Content { state.withLock { $0.contents[writer] } }
    var owned: Owned { state.withLock { $0.owned } }

    func issueIDs(_ count: Int) -> [Int64] {
        state.withLock { state in
            defer { state.nextID += Int64(count) }
            return (0..<Int64(count)).map { state.nextID + $0 }
        }
    }

    /// A transaction is about to be sent that makes the writer's rows these.
    func begin(_ writer: Int, _ next: Content) { state.withLock { $0.pending[writer] = next } }

    func end(_ writer: Int, isCommitted: Bool) {
        state.withLock { state in
            if isCommitted, let next = state.pending[writer] { state.contents[writer] = next }
            state.pending[writer] = nil
        }
    }

    func beginOwned(_ next: Owned) { state.withLock { $0.pendingOwned = next } }

    func endOwned(isCommitted: Bool) {
        state.withLock { state in
            if isCommitted, let next = state.pendingOwned { state.owned = next }
            state.pendingOwned = nil
        }
    }

    /// Compares a writer's rows after a start with what may be there; nil when all is well.
    func settle(_ writer: Int, found: Content) -> String? {
        state.withLock { state in
            defer { state.pending[writer] = nil }
            if found == state.contents[writer] { return nil }
            if found == state.pending[writer] {
                state.contents[writer] = found
                return nil
            }
            let wanted = state.contents[writer]
            return
                "writer \(writer): plain \(Self.difference(wanted.plain, found.plain)), upserted "
                + "\(Self.difference(wanted.upserted, found.upserted))"
                + (state.pending[writer] == nil ? "" : ", with one transaction under way")
        }
    }

    func settleOwned(found: Owned) -> String? {
        state.withLock { state in
            defer { state.pendingOwned = nil }
            if found == state.owned { return nil }
            if found == state.pendingOwned {
                state.owned = found
                return nil
            }
            return
                "table d is \(found), not \(state.owned) or \(String(describing: state.pendingOwned))"
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
}
