import Diagnostics
import Execution
import Platform

/// How a statement waits, for another transaction or for the disk, without keeping a worker.
extension Session {
    /// Runs a statement's work once the session holds the locks of tables: at once on this thread,
    /// or later on another when somebody else is changing one of them.
    ///
    /// The locks are held until the transaction ends, however it ends. What `body` throws later
    /// goes to the completion.
    ///
    /// - Throws: 40P01, and what `body` throws when it runs at once.
    func locking(
        _ tables: [UInt64], completion: @escaping Completion,
        _ body: @escaping @Sendable () throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        var rest = tables.sorted()[...]
        while let table = rest.popFirst() {
            let later = Array(rest)
            let isHeld = try engine.locks.take(
                table, for: lockOwner, timeoutMilliseconds: parameters.lockTimeoutMilliseconds,
                statementEnd: cancellation.end
            ) { [self] result in
                do throws(DatabaseError) {
                    try result.get()
                    try locking(later, completion: completion, body)
                } catch {
                    completion(.failure(cancellation.explained(error)))
                }
            }
            if !isHeld { return noteCancellation() }
        }
        try body()
    }

    /// A cancellation that came just before the wait began ends it all the same.
    private func noteCancellation() {
        if cancellation.isCancelled { engine.locks.cancel(lockOwner) }
    }

    /// Runs work that blocks on a thread of its own.
    func onThread(
        _ name: String, completion: @escaping Completion,
        _ body: @escaping @Sendable () throws(DatabaseError) -> Void
    ) {
        let cancellation = cancellation
        engine.platform.workers.start(name) {
            do throws(DatabaseError) {
                try body()
            } catch {
                completion(.failure(cancellation.explained(error)))
            }
        }
    }
}
