import Catalog
package import Diagnostics
package import Planner
package import Platform
import Storage
import Synchronization
package import Values

/// Set from any thread to end a statement at its next batch.
package final class CancellationFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    /// On the monotonic clock; zero is never.
    private let deadline = Atomic<UInt64>(0)
    private let clock: (any WorldClock)?

    /// - Parameter clock: what timeouts are measured with; nil where there are none.
    package init(clock: (any WorldClock)? = nil) { self.clock = clock }

    package var isCancelled: Bool { flag.load(ordering: .relaxed) || isTimedOut }
    package func cancel() { flag.store(true, ordering: .relaxed) }

    /// Forgets what was asked for, and lets the next statement run for so long; zero is for ever.
    package func clear(timeoutMilliseconds: Int = 0) {
        flag.store(false, ordering: .relaxed)
        extend(timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Lets the statement run for so long from now; zero is for ever.
    package func extend(timeoutMilliseconds: Int) {
        var end: UInt64 = 0
        if let clock, timeoutMilliseconds > 0 {
            end = clock.monotonicNanoseconds() + UInt64(timeoutMilliseconds) * 1_000_000
        }
        deadline.store(end, ordering: .relaxed)
    }

    /// When the statement's time is up, on the monotonic clock; nil is never.
    package var end: UInt64? {
        let end = deadline.load(ordering: .relaxed)
        return end > 0 ? end : nil
    }

    private var isTimedOut: Bool {
        guard let end, let clock else { return false }
        return clock.monotonicNanoseconds() >= end
    }

    /// - Throws: 57014 when it is set.
    package func check() throws(DatabaseError) {
        if isCancelled { throw explained(.statementCancelled()) }
    }

    /// What a client is told of a cancellation: who asked for it, or that its own timeout did.
    package func explained(_ error: DatabaseError) -> DatabaseError {
        guard error.state == .cancelled, !flag.load(ordering: .relaxed), isTimedOut else {
            return error
        }
        return .timedOut(error)
    }
}

/// What a query runs with.
package struct ExecutionContext: Sendable {
    let tables: any TableReader
    let parameters: [Value]
    let cancellation: CancellationFlag
    let memoryBytes: Int

    package init(
        tables: any TableReader, parameters: [Value] = [],
        cancellation: CancellationFlag = CancellationFlag(),
        memoryBytes: Int = Limits.memoryBytes
    ) {
        self.tables = tables
        self.parameters = parameters
        self.cancellation = cancellation
        self.memoryBytes = memoryBytes
    }
}

/// The rows of a query, one batch at each call.
///
/// Used by one thread at a time; which thread may change between calls. Keeps what it reads pinned
/// until it is closed, fails, runs dry or is let go of.
// SAFETY: unchecked because operators are not Sendable; the rule above is the caller's, and the
// statement's own lock in Engine holds it.
package final class Cursor: @unchecked Sendable {
    package let columns: [PlanColumn]
    private var root: (any Operator)?
    private let cancellation: CancellationFlag
    private let onFailure: @Sendable () -> Void
    private let tables: [TableDefinition]
    private let mark = MappedFiles.mark

    /// - Parameter onFailure: told before an error of `next` is thrown: a transaction ends by it.
    package init(
        _ query: BoundQuery, _ context: ExecutionContext,
        onFailure: @escaping @Sendable () -> Void = {}
    ) throws(DatabaseError) {
        self.onFailure = onFailure
        columns = query.columns
        cancellation = context.cancellation
        tables = query.plan.tables
        root = try OperatorFactory(context).make(query.plan)
    }

    /// Makes the next batch, never an empty one; nil when there are no more.
    package func next() throws(DatabaseError) -> Batch? {
        guard let root else { return nil }
        MappedFiles.forgetFault()
        do throws(DatabaseError) {
            while true {
                try cancellation.check()
                let next = try root.next()
                try checkRead()
                guard let batch = next else { break }
                if batch.rowCount > 0 { return batch }
            }
        } catch {
            close()
            onFailure()
            throw error
        }
        close()
        return nil
    }

    /// Whether what was read so far was there. Whoever reads a batch asks again afterwards: it may lie
    /// in a mapped file.
    ///
    /// - Throws: 58030 naming the file.
    package func checkRead() throws(DatabaseError) {
        try MappedFiles.checkFaults(since: mark) { path in
            tables.contains { Storage.isFile(path, of: $0) }
        }
    }

    /// Lets go of everything; further calls of `next` give nil.
    package func close() { root = nil }
}
