import Diagnostics
import Platform
import Synchronization

/// The thread that writes frozen rows as segments, so that no commit waits for it.
///
/// It tells the committer by a job and everyone who waits by the task's outcome, in this order: who
/// saw the outcome and queues a job comes after the attaching.
final class Flusher: Sendable {
    private struct State {
        var tasks: [FlushTask] = []
        var isStopped = false
    }

    private let platform: Platform
    /// The directory of the tables.
    private let directory: String
    private let limit: SegmentSize
    private let core: StorageCore
    private let state = Mutex(State())
    private let gate: any Gate

    init(platform: Platform, directory: String, limit: SegmentSize, core: StorageCore) {
        self.platform = platform
        self.directory = directory
        self.limit = limit
        self.core = core
        gate = platform.workers.makeGate()
    }

    func add(_ tasks: [FlushTask]) {
        if tasks.isEmpty { return }
        state.withLock { $0.tasks += tasks }
        gate.open()
    }

    /// Ends the thread after the task it is at.
    func stop() {
        state.withLock { $0.isStopped = true }
        gate.open()
    }

    /// Works until it is stopped.
    func run() {
        while true {
            gate.wait()
            while let tasks = next() { perform(tasks) }
            if state.withLock({ $0.isStopped }) { return }
        }
    }

    /// The next task; all of them when there are so many that syncing them at once is cheaper.
    private func next() -> [FlushTask]? {
        state.withLock { state in
            if state.isStopped || state.tasks.isEmpty { return nil }
            if state.tasks.count < PublishBatch.worthwhileFiles {
                return [state.tasks.removeFirst()]
            }
            defer { state.tasks = [] }
            return state.tasks
        }
    }

    private func perform(_ tasks: [FlushTask]) {
        let batch = tasks.count > 1 ? PublishBatch(platform.files, root: directory) : nil
        var results = tasks.map { write($0, batch) }
        if let batch {
            do throws(DatabaseError) {
                try batch.finish()
            } catch {
                batch.abandon()
                results = results.map { _ in .failure(error) }
            }
        }
        for (task, result) in zip(tasks, results) { task.outcome.set(result) }
        // Refused when the storage is closed: then the next opening sweeps the files.
        _ = core.submit(.flushed(tasks))
        for task in tasks { task.outcome.announce() }
    }

    private func write(_ task: FlushTask, _ batch: PublishBatch?)
        -> Result<[SegmentHandle], DatabaseError>
    {
        let writer = MemtableFlush(
            platform: platform, directory: task.directory, definition: task.definition,
            limit: limit, reached: task.reached, group: batch)
        do throws(DatabaseError) {
            return .success(try writer.write(try task.rows.withoutHidden(task.definition)))
        } catch {
            return .failure(error)
        }
    }
}
