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
    private let rowLimit: Int
    private let core: StorageCore
    private let state = Mutex(State())
    private let gate: any Gate

    init(platform: Platform, rowLimit: Int, core: StorageCore) {
        self.platform = platform
        self.rowLimit = rowLimit
        self.core = core
        gate = platform.workers.makeGate()
    }

    func add(_ task: FlushTask) {
        state.withLock { $0.tasks.append(task) }
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
            while let task = next() { perform(task) }
            if state.withLock({ $0.isStopped }) { return }
        }
    }

    private func next() -> FlushTask? {
        state.withLock { $0.isStopped || $0.tasks.isEmpty ? nil : $0.tasks.removeFirst() }
    }

    private func perform(_ task: FlushTask) {
        let writer = MemtableFlush(
            platform: platform, directory: task.directory, definition: task.definition,
            rowLimit: rowLimit)
        let result: Result<[SegmentHandle], DatabaseError>
        do throws(DatabaseError) {
            result = .success(try writer.write(try task.rows.withoutHidden(task.definition)))
        } catch {
            result = .failure(error)
        }
        task.outcome.set(result)
        // Refused when the storage is closed: then the next opening sweeps the files.
        _ = core.submit(.flushed(task))
        task.outcome.announce()
    }
}
