import Diagnostics
import Platform
import Storage
import Synchronization

/// Somebody who holds locks: one per session.
struct LockOwner: Hashable, Sendable {
    fileprivate let number: UInt64
}

/// Who rewrites or changes which table: UPDATE, DELETE, TRUNCATE, ALTER, DROP and RESTORE hold their
/// table until their transaction ends. INSERT and SELECT take no lock.
///
/// Nobody waits on a thread: who cannot have a lock leaves a continuation, which runs on a thread
/// of its own when the lock is given, the time is up or the wait is cancelled. Waiters are served
/// in their order. Who would close a circle of waiting is refused at once.
///
/// - INV-1 A table that somebody waits for is held by another owner.
/// - INV-2 An owner waits for one table at most.
final class TableLocks: Sendable {
    typealias Continuation = @Sendable (Result<Void, DatabaseError>) -> Void

    private struct Waiter {
        let owner: LockOwner
        /// Monotonic nanoseconds; nil is for ever.
        let deadline: UInt64?
        /// What ends the wait then.
        let expiry: DatabaseError
        let resume: Continuation
    }

    private struct State {
        var lastOwner: UInt64 = 0
        var holders: [UInt64: LockOwner] = [:]
        var held: [LockOwner: Set<UInt64>] = [:]
        var queues: [UInt64: [Waiter]] = [:]
        /// What each waiting owner waits for.
        var waiting: [LockOwner: UInt64] = [:]
        var isTimerRunning = false
        /// When rows of a table were last rewritten or removed by this server.
        var rewrites: [UInt64: LSN] = [:]
        /// Tables whose holder wants no new rows either: ALTER computes something from all of them,
        /// DROP in a block takes all of them away.
        var closed: Set<UInt64> = []
    }

    private let state = Mutex(State())
    private let platform: Platform
    /// Opened when the timer has something new to look at.
    private let gate: any Gate
    /// Called when tables were given back.
    private let onRelease: @Sendable () -> Void

    init(platform: Platform, onRelease: @escaping @Sendable () -> Void = {}) {
        self.platform = platform
        self.onRelease = onRelease
        gate = platform.workers.makeGate()
    }

    func makeOwner() -> LockOwner {
        state.withLock { state in
            state.lastOwner += 1
            return LockOwner(number: state.lastOwner)
        }
    }

    /// Whether somebody changes a table; for background work that would rather come later.
    func isHeld(_ table: UInt64) -> Bool { state.withLock { $0.holders[table] != nil } }

    /// Makes INSERT wait for the lock too, until the holder gives it back. What was on its way when
    /// this was called may still be committed.
    func closeToRows(_ table: UInt64) {
        state.withLock { state in
            if state.holders[table] != nil { state.closed.insert(table) }
        }
    }

    /// Whether INSERT has to take the lock.
    func isClosedToRows(_ table: UInt64) -> Bool { state.withLock { $0.closed.contains(table) } }

    /// Remembers the commit that rewrote tables; to be called while their locks are held.
    func noteRewrite(of tables: some Sequence<UInt64>, at lsn: LSN) {
        state.withLock { state in
            for table in tables { state.rewrites[table] = lsn }
        }
    }

    /// The last commit that rewrote or removed rows of a table.
    func lastRewrite(of table: UInt64) -> LSN { state.withLock { $0.rewrites[table] ?? .zero } }

    // MARK: - Taking

    private enum Admission { case granted, parked(needsTimer: Bool), deadlock }

    /// Takes a table's lock. Returns false when the owner has to wait: `resume` is called then, once
    /// and on a thread of its own, with 55P03 when the time was up and 57014 when it was cancelled.
    ///
    /// - Parameter timeoutMilliseconds: zero is for ever.
    /// - Parameter statementEnd: when the statement's own time is up; a wait that it ends is 57014.
    /// - Throws: 40P01 when the holder waits for this owner.
    func take(
        _ table: UInt64, for owner: LockOwner, timeoutMilliseconds: Int,
        statementEnd: UInt64? = nil, resume: @escaping Continuation
    ) throws(DatabaseError) -> Bool {
        let now = timeoutMilliseconds > 0 ? platform.clock.monotonicNanoseconds() : 0
        let lockEnd =
            timeoutMilliseconds > 0 ? now &+ UInt64(timeoutMilliseconds) &* 1_000_000 : nil
        let deadline = [lockEnd, statementEnd].compactMap { $0 }.min()
        let expiry: DatabaseError = deadline == lockEnd ? .lockTimeout() : .statementCancelled()
        let admission = state.withLock { state -> Admission in
            guard let holder = state.holders[table], holder != owner else {
                state.holders[table] = owner
                state.held[owner, default: []].insert(table)
                return .granted
            }
            if Self.waits(holder, for: owner, state) { return .deadlock }
            state.queues[table, default: []].append(
                Waiter(owner: owner, deadline: deadline, expiry: expiry, resume: resume))
            state.waiting[owner] = table
            let needsTimer = deadline != nil && !state.isTimerRunning
            if needsTimer { state.isTimerRunning = true }
            return .parked(needsTimer: needsTimer)
        }
        switch admission {
        case .granted: return true
        case .deadlock: throw .deadlock()
        case .parked(let needsTimer):
            if needsTimer {
                platform.workers.start("lock-timer") { [self] in watchTime() }
            } else {
                gate.open()
            }
            return false
        }
    }

    /// Whether an owner waits for what another holds, directly or through others.
    private static func waits(_ first: LockOwner, for other: LockOwner, _ state: State) -> Bool {
        var owner = first
        // Each step goes to another owner, for a circle would have been refused before.
        for _ in 0...state.waiting.count {
            if owner == other { return true }
            guard let table = state.waiting[owner], let next = state.holders[table] else {
                return false
            }
            owner = next
        }
        return false
    }

    // MARK: - Giving back

    /// Gives all locks of an owner to those who wait.
    func release(_ owner: LockOwner) {
        let (isAny, next) = state.withLock { state -> (Bool, [Waiter]) in
            let tables = state.held.removeValue(forKey: owner) ?? []
            let waiters = tables.sorted().compactMap { table -> Waiter? in
                state.holders[table] = nil
                state.closed.remove(table)
                guard var queue = state.queues.removeValue(forKey: table) else { return nil }
                let waiter = queue.removeFirst()
                if !queue.isEmpty { state.queues[table] = queue }
                state.holders[table] = waiter.owner
                state.held[waiter.owner, default: []].insert(table)
                state.waiting[waiter.owner] = nil
                return waiter
            }
            return (!tables.isEmpty, waiters)
        }
        if isAny { onRelease() }
        for waiter in next { resume(waiter, .success(())) }
        if !next.isEmpty { gate.open() }
    }

    /// Ends an owner's wait, if it waits.
    func cancel(_ owner: LockOwner) {
        let waiter = state.withLock { state -> Waiter? in
            guard let table = state.waiting[owner] else { return nil }
            return Self.withdraw(owner, from: table, &state)
        }
        guard let waiter else { return }
        resume(waiter, .failure(.statementCancelled()))
        gate.open()
    }

    private static func withdraw(
        _ owner: LockOwner, from table: UInt64, _ state: inout State
    ) -> Waiter? {
        state.waiting[owner] = nil
        guard var queue = state.queues.removeValue(forKey: table) else { return nil }
        let index = queue.firstIndex { $0.owner == owner }
        let waiter = index.map { queue.remove(at: $0) }
        if !queue.isEmpty { state.queues[table] = queue }
        return waiter
    }

    private func resume(_ waiter: Waiter, _ result: Result<Void, DatabaseError>) {
        platform.workers.start("lock") { waiter.resume(result) }
    }

    // MARK: - Time

    /// Runs on a thread of its own while somebody waits who will not wait for ever.
    private func watchTime() {
        while true {
            let now = platform.clock.monotonicNanoseconds()
            let (due, next) = state.withLock { state -> ([Waiter], UInt64?) in
                let due = Self.takeDue(at: now, &state)
                let next = state.queues.values.joined().compactMap(\.deadline).min()
                if next == nil { state.isTimerRunning = false }
                return (due, next)
            }
            for waiter in due { resume(waiter, .failure(waiter.expiry)) }
            guard let next else { return }
            _ = gate.wait(nanoseconds: next > now ? next - now : 0)
        }
    }

    private static func takeDue(at now: UInt64, _ state: inout State) -> [Waiter] {
        var due: [Waiter] = []
        for (table, queue) in state.queues {
            for waiter in queue where waiter.deadline.map({ $0 <= now }) ?? false {
                if let waiter = withdraw(waiter.owner, from: table, &state) { due.append(waiter) }
            }
        }
        return due
    }
}
