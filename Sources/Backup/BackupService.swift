package import Diagnostics
package import Platform
package import Storage
import Synchronization

/// Makes, lists, verifies and removes backups.
///
/// All methods block and may be called from any thread that may block; several backups may run at
/// once, in one destination too.
package final class BackupService: Sendable {
    let source: BackupSource
    let platform: Platform
    let settings: BackupSettings
    /// Jobs of this process, the oldest first.
    let jobs = Mutex<[BackupJob]>([])
    private let counters = Mutex(BackupMetrics())

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
        _ request: BackupRequest, filter: RowFilter? = nil,
        progress: any ProgressSink = SilentProgress(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DatabaseError) -> BackupSummary {
        try perform(
            announce(request, filter: filter, progress: progress, isCancelled: isCancelled))
    }

    /// A backup that is listed and not begun.
    package struct Announced: Sendable {
        package let id: String
        let bound: BoundBackup
        let filter: RowFilter?
        let job: BackupJob
    }

    /// Looks up the names of a backup and gives it an id: `perform` makes it, on any thread.
    ///
    /// - Throws: what is wrong with the statement.
    package func announce(
        _ request: BackupRequest, filter: RowFilter? = nil,
        progress: any ProgressSink = SilentProgress(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DatabaseError) -> Announced {
        // Before it is listed: a row of backups() has a name that can be said again.
        if let name = request.name { try Destination.checkName(name) }
        var request = request
        request.bytesPerSecond = request.bytesPerSecond ?? settings.bytesPerSecond
        let job = enlist(request, progress: progress, isCancelled: isCancelled)
        do throws(DatabaseError) {
            let bound = try bind(request)
            nameJob(job, of: bound)
            try refuseTaken(bound, job: job)
            source.journal?.note(job.record)
            return Announced(id: job.id, bound: bound, filter: filter, job: job)
        } catch {
            end(job, error)
            throw error
        }
    }

    /// Makes an announced backup.
    package func perform(_ announced: Announced) throws(DatabaseError) -> BackupSummary {
        do throws(DatabaseError) {
            let summary = try run(announced.bound, filter: announced.filter, job: announced.job)
            end(announced.job, nil)
            return summary
        } catch {
            end(announced.job, error)
            counters.withLock {
                if error.state == .cancelled { $0.cancelled += 1 } else { $0.failed += 1 }
            }
            throw error
        }
    }

    /// What was done since the start.
    package var metrics: BackupMetrics { counters.withLock { $0 } }

    func count(_ manifest: BackupManifest) {
        counters.withLock {
            $0.completed += 1
            $0.bytesCopied += manifest.bytesCopied
            $0.bytesLinked += manifest.bytesLinked
            $0.lastCompletedAt = manifest.finishedAt
            $0.lastDurationMicroseconds = manifest.durationMicroseconds
        }
    }

    /// The statement, step by step. Each step is a function in BackupService+Steps.swift.
    private func run(_ bound: BoundBackup, filter: RowFilter?, job: BackupJob)
        throws(DatabaseError) -> BackupSummary
    {
        let admission = try admit(bound, job: job)
        defer { admission.parentInUse?.release() }
        let manifest: BackupManifest
        do throws(DatabaseError) {
            let pin = try pin(job)
            defer { pin.release() }
            let cut = filter == nil ? nil : try makeCutDirectory(job)
            defer { if let cut { removeCutDirectory(cut) } }
            let cutting = Cutting(directory: cut, filter: filter, platform: platform, job: job)
            let description = try describe(bound, pin: pin, cutting: cutting)
            let plan = try compare(description, with: admission.parent, pin: pin)
            try record(plan, admission: admission, pin: pin, job: job)
            let crew = makeCrew(bound)
            let run = makeRun(plan, staging: admission.staging, crew: crew, job: job)
            let made = try copy(plan, run: run, crew: crew)
            let read = try verify(
                made, plan: plan, bound: bound, run: run, parent: admission.parent, crew: crew)
            manifest = makeManifest(
                bound, admission, pin, plan: plan, files: read.files.map(\.file), job: job)
            try publish(
                manifest, admission: admission, isParentRead: read.isParentRead, job: job)
        } catch {
            let told = explained(error, admission)
            admission.staging.discard()
            throw told
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
        jobs.withLock { $0.take(job) }
        return job
    }

    /// A restore or a verification of a backup, not listed yet.
    func makeJob(
        _ act: JobRecord.Act, of name: String, by user: String, progress: any ProgressSink,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> BackupJob {
        let job = BackupJob(
            id: makeID(), act, request: BackupRequest(scope: .database, requestedBy: user),
            clock: platform.clock, sink: progress, isCancelled: isCancelled)
        job.reads(name, path: "")
        return job
    }

    /// Notes how a job ended, for those who look later.
    func end(_ job: BackupJob, _ error: DatabaseError?) {
        job.end(error)
        source.journal?.note(job.record)
    }

    /// A random uuid in its usual form.
    func makeID() -> String {
        let digits = Array(hexadecimal(platform.chance.bytes(16)))
        let cuts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return cuts.map { String(digits[$0]) }.joined(separator: "-")
    }
}

extension [BackupJob] {
    /// Adds a job; the oldest that has ended makes room.
    mutating func take(_ job: BackupJob) {
        append(job)
        if count > Limits.rememberedJobs,
            let ended = firstIndex(where: { $0.info.status != .running })
        {
            remove(at: ended)
        }
    }
}
