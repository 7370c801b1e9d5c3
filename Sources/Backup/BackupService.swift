package import Diagnostics
package import Platform
package import Storage
import Synchronization

/// Makes, lists, verifies and removes backups.
///
/// All methods block and may be called from any thread that may block; two backups may run at once
/// in two destinations.
package final class BackupService: Sendable {
    let source: BackupSource
    let platform: Platform
    let settings: BackupSettings
    let jobs = Mutex<[BackupJob]>([])

    package init(source: BackupSource, platform: Platform, settings: BackupSettings) {
        self.source = source
        self.platform = platform
        self.settings = settings
    }

    package convenience init(storage: Storage, platform: Platform, settings: BackupSettings) {
        self.init(source: BackupSource(storage: storage), platform: platform, settings: settings)
    }

    /// Makes a backup. When it returns, the backup is complete, verified (unless asked not to be)
    /// and durable; when it throws, there is none.
    ///
    /// - Throws: 55000, 42P01, 42710, 42501, 22023, 55006, 53100, 58030, XX001, 57014.
    package func backup(
        _ request: BackupRequest, progress: any ProgressSink = SilentProgress(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DatabaseError) -> BackupSummary {
        let job = enlist(request, progress: progress, isCancelled: isCancelled)
        do throws(DatabaseError) {
            let summary = try run(request, job: job)
            job.end(nil)
            return summary
        } catch {
            job.end(error)
            throw error
        }
    }

    /// The statement, step by step. Each step is a function below or in BackupService+Steps.swift.
    private func run(_ request: BackupRequest, job: BackupJob) throws(DatabaseError)
        -> BackupSummary
    {
        let bound = try bind(request)
        let admission = try admit(bound, job: job)
        defer { admission.lock.release() }
        let pin = try pin(job)
        defer { pin.release() }
        let description = try describe(bound, pin: pin)
        let plan = try compare(description, with: admission.parent, pin: pin)
        let staging = try record(plan, admission: admission, pin: pin, job: job)
        let manifest: BackupManifest
        do throws(DatabaseError) {
            let files = try copy(plan, staging: staging, job: job)
            manifest = makeManifest(bound, admission, pin, plan: plan, files: files, job: job)
            try verify(manifest, bound: bound, staging: staging, job: job)
            try publish(manifest, staging: staging, admission: admission, job: job)
        } catch {
            staging.discard()
            throw error
        }
        return conclude(manifest, admission: admission, job: job)
    }

    private func enlist(
        _ request: BackupRequest, progress: any ProgressSink,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> BackupJob {
        let job = BackupJob(
            id: makeID(), request: request, clock: platform.clock, sink: progress,
            isCancelled: isCancelled)
        jobs.withLock { jobs in
            jobs.append(job)
            if jobs.count > Limits.rememberedJobs,
                let ended = jobs.firstIndex(where: { $0.info.status != .running })
            {
                jobs.remove(at: ended)
            }
        }
        return job
    }

    /// A random uuid in its usual form.
    func makeID() -> String {
        let digits = Array(hexadecimal(platform.chance.bytes(16)))
        let cuts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return cuts.map { String(digits[$0]) }.joined(separator: "-")
    }
}
