import Bytes
package import Diagnostics
package import Platform
import Synchronization

/// The last jobs of a database, across restarts: `db/_jobs`.
///
/// It is a diary: what cannot be written to it is logged, and no job fails for it.
package final class JobJournal: Sendable {
    private struct State {
        /// The oldest first.
        var jobs: [JobRecord] = []
        /// Somebody writes the file now, and whether there is more to write by then.
        var isWriting = false
        var isDirty = false
    }

    private let path: String
    private let files: any FileSystem
    private let log: any LogSink
    private let limit: Int
    private let state = Mutex(State())

    /// Reads what an earlier process left; its running jobs have ended with it.
    ///
    /// - Parameter directory: `db/` of a root that is open for writing.
    /// - Parameter limit: how many jobs stay.
    package init(
        in directory: String, files: any FileSystem, log: any LogSink,
        limit: Int = Limits.rememberedJobs
    ) {
        self.limit = limit
        path = Path.join(directory, JobFile.name)
        self.files = files
        self.log = log
        let found = read()
        state.withLock { $0.jobs = found }
    }

    private func read() -> [JobRecord] {
        do throws(DatabaseError) {
            guard try files.info(path)?.kind == .file else { return [] }
            let bytes = try files.readAll(path, upTo: Limits.jobFileBytes)
            do throws(DecodeFailure) {
                return try JobFile.decode(bytes).map {
                    $0.status == .running ? $0.interrupted() : $0
                }
            } catch {
                log.log(.error, "backup", "the list of earlier jobs is damaged and begins anew")
            }
        } catch {
            log.log(.error, "backup", "cannot read the list of earlier jobs: \(error)")
        }
        return []
    }

    /// All jobs, the oldest first.
    package var jobs: [JobRecord] { state.withLock { $0.jobs } }

    /// Takes a job in, or its end.
    func note(_ record: JobRecord) {
        let isMine = state.withLock { state in
            if let index = state.jobs.lastIndex(where: { $0.id == record.id }) {
                state.jobs[index] = record
            } else {
                state.jobs.append(record)
                state.jobs.removeFirst(max(0, state.jobs.count - limit))
            }
            state.isDirty = true
            defer { state.isWriting = true }
            return !state.isWriting
        }
        // Whoever writes already writes this too.
        if isMine { write() }
    }

    private func write() {
        while true {
            let jobs = state.withLock { state -> [JobRecord]? in
                state.isWriting = state.isDirty
                defer { state.isDirty = false }
                return state.isDirty ? state.jobs : nil
            }
            guard let jobs else { return }
            do throws(DatabaseError) {
                try files.publish(JobFile.encode(jobs), as: path, replacing: .atomically)
            } catch {
                log.log(.error, "backup", "cannot write the list of jobs: \(error)")
            }
        }
    }
}
