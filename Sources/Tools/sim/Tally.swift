import Synchronization

/// How often each thing was done, over all seeds of a process.
final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func add(_ what: String, _ count: Int = 1) {
        if count != 0 { counts.withLock { $0[what, default: 0] += count } }
    }

    func count(_ what: String) -> Int { counts.withLock { $0[what] ?? 0 } }

    /// One line per thing, by name.
    var lines: [String] {
        counts.withLock { counts in
            counts.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
        }
    }
}

/// Counts what went wrong, from any task.
final class Complaints: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}
