import Diagnostics
import Platform
import Synchronization

/// Threads that carry out a list of independent tasks, each taking the next. They stand back when
/// the server has something else to do.
struct Crew: Sendable {
    let workers: any Workers
    /// Threads at once; one at least.
    let count: Int

    /// Runs `body` for every item and returns what it returned, in the order of the items.
    ///
    /// - Throws: the first error of all threads; the others end after the task they are at.
    func map<Item: Sendable, Outcome: Sendable>(
        _ items: [Item],
        _ body: @escaping @Sendable (Item) throws(DatabaseError) -> Outcome
    ) throws(DatabaseError) -> [Outcome] {
        if items.isEmpty { return [] }
        let work = SharedWork(items, body)
        // One each: a gate remembers one opening only.
        let gates = (0..<max(1, min(count, items.count))).map { _ in workers.makeGate() }
        for (number, gate) in gates.enumerated() {
            workers.startInBackground("backup \(number)") {
                work.run()
                gate.open()
            }
        }
        for gate in gates { gate.wait() }
        return try work.outcomes()
    }
}

private final class SharedWork<Item: Sendable, Outcome: Sendable>: Sendable {
    private struct Progress: Sendable {
        var next = 0
        var done: [Outcome?]
        var error: DatabaseError?
    }

    private let items: [Item]
    private let body: @Sendable (Item) throws(DatabaseError) -> Outcome
    private let progress: Mutex<Progress>

    init(
        _ items: [Item], _ body: @escaping @Sendable (Item) throws(DatabaseError) -> Outcome
    ) {
        self.items = items
        self.body = body
        progress = Mutex(Progress(done: Array(repeating: nil, count: items.count)))
    }

    func run() {
        while let index = next() {
            do throws(DatabaseError) {
                let outcome = try body(items[index])
                progress.withLock { $0.done[index] = outcome }
            } catch {
                progress.withLock { $0.error = $0.error ?? error }
            }
        }
    }

    private func next() -> Int? {
        progress.withLock { progress in
            guard progress.error == nil, progress.next < items.count else { return nil }
            defer { progress.next += 1 }
            return progress.next
        }
    }

    func outcomes() throws(DatabaseError) -> [Outcome] {
        let end = progress.withLock { $0 }
        if let error = end.error { throw error }
        return end.done.compactMap { $0 }
    }
}
