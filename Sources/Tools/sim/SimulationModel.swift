import Synchronization

/// What the database must hold: the oracle of a simulation, a plain set of transaction numbers.
///
/// Every transaction writes `rows(of:)` rows into each of two tables, so that half of one is seen.
final class SimulationModel: Sendable {
    struct State {
        var issued: Int64 = 0
        /// Acknowledged, or seen after a recovery: never to be lost again.
        var durable: Set<Int64> = []
        /// What was durable when the backup with this name began, and whether it must be there.
        var backups: [String: (atLeast: Set<Int64>, isComplete: Bool)] = [:]
        /// Restored tables: the backup each comes from, and whether it must be there.
        var copies: [String: (backup: String, isComplete: Bool)] = [:]
    }

    private let state = Mutex(State())

    var durable: Set<Int64> { state.withLock { $0.durable } }
    var issued: Int64 { state.withLock { $0.issued } }

    static func rows(of transaction: Int64) -> Int { Int(transaction % 4) + 1 }

    func issue() -> Int64 {
        state.withLock {
            $0.issued += 1
            return $0.issued
        }
    }

    func acknowledge(_ transaction: Int64) {
        state.withLock { _ = $0.durable.insert(transaction) }
    }

    func recovered(_ transactions: Set<Int64>) { state.withLock { $0.durable = transactions } }

    func beginBackup() -> String {
        state.withLock {
            let name = "b\($0.backups.count)"
            $0.backups[name] = ($0.durable, false)
            return name
        }
    }

    func endBackup(_ name: String) { state.withLock { $0.backups[name]?.isComplete = true } }

    /// From here on the backup may be there or not: it is about to be dropped.
    func forgetBackup(_ name: String) { state.withLock { $0.backups[name]?.isComplete = false } }

    func backup(_ name: String) -> (atLeast: Set<Int64>, isComplete: Bool)? {
        state.withLock { $0.backups[name] }
    }

    func beginCopy(of backup: String) -> String {
        state.withLock {
            let name = "copy\($0.copies.count)"
            $0.copies[name] = (backup, false)
            return name
        }
    }

    func endCopy(_ name: String) { state.withLock { $0.copies[name]?.isComplete = true } }

    /// From here on restored tables may be there or not: they are about to be dropped.
    func forgetCopies() {
        state.withLock { for name in $0.copies.keys { $0.copies[name]?.isComplete = false } }
    }

    func copySource(_ name: String) -> String? { state.withLock { $0.copies[name]?.backup } }

    var completeCopies: [String] {
        state.withLock { $0.copies.filter { $0.value.isComplete }.map(\.key).sorted() }
    }

    var completeBackups: [String] {
        state.withLock { $0.backups.filter { $0.value.isComplete }.map(\.key).sorted() }
    }
}
