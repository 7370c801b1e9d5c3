package import Diagnostics
import Platform
import Storage
import Synchronization

/// VERIFY BACKUP, and the note of when a backup was last found sound.
extension BackupService {
    /// Verifies a backup and notes when it was found sound.
    ///
    /// - Throws: 58P01 when there is none, 55000 when it was adopted, XX001 at the first damage,
    ///   naming file and, with `.deep`, block.
    package func verify(
        _ name: String, destination: String? = nil, mode: VerifyMode = .full,
        requestedBy user: String = "", progress: any ProgressSink = SilentProgress(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DatabaseError) -> VerifyReport {
        let (path, manifest, inUse) = try openForReading(name, destination: destination)
        defer { inUse?.release() }
        guard try !isAdopted(path) else { throw .backupAdopted(path) }
        let job = makeJob(
            .verify, of: name, by: user, progress: progress, isCancelled: isCancelled)
        job.reads(name, path: path)
        jobs.withLock { $0.take(job) }
        source.journal?.note(job.record)
        do throws(DatabaseError) {
            let report = try verify(name, path, manifest, mode, job)
            end(job, nil)
            return report
        } catch {
            let told =
                error.state == .cancelled
                ? DatabaseError.verificationCancelled() : error.inBackup(path)
            end(job, told)
            throw told
        }
    }

    private func verify(
        _ name: String, _ path: String, _ manifest: BackupManifest, _ mode: VerifyMode,
        _ job: BackupJob
    ) throws(DatabaseError) -> VerifyReport {
        var found = DamageFound()
        do throws(DatabaseError) {
            let rows = try search(path, manifest, mode, job, &found)
            if mode != .quick { note(manifest, mode: mode, at: path) }
            return VerifyReport(
                name: name, files: manifest.files.count, bytes: manifest.bytes, rows: rows)
        } catch {
            let told = found.first ?? error
            if told.state == .corrupted {
                let named = told.damagedFile(below: path).map { [$0] } ?? []
                noteDamage(
                    told, isDeep: found.isDeep, of: manifest, at: path,
                    files: found.files.isEmpty ? named : found.files)
            }
            throw error
        }
    }

    private func search(
        _ path: String, _ manifest: BackupManifest, _ mode: VerifyMode, _ job: BackupJob,
        _ found: inout DamageFound
    ) throws(DatabaseError) -> Int? {
        try job.begin(.verifying, bytes: mode == .quick ? 0 : manifest.bytes)
        let verifier = BackupVerifier(path: path, files: platform.files) {
            bytes throws(DatabaseError) in try job.advance(bytes)
        }
        for file in manifest.files {
            do throws(DatabaseError) {
                try verifier.verify(file, mode: mode == .quick ? .quick : .full)
            } catch {
                try found.take(error, of: file.path)
            }
        }
        try found.raise()
        try verifier.refuseStrangers(manifest)
        if source.isDatabase { try compare(path, manifest, mode, job) }
        guard mode == .deep else { return nil }
        found.isDeep = true
        return try examine(path, manifest, job: job, &found)
    }

    /// Compares what `_backup.json` says with what the tables' manifests and the segments say.
    private func compare(
        _ path: String, _ manifest: BackupManifest, _ mode: VerifyMode, _ job: BackupJob
    ) throws(DatabaseError) {
        let root = try ReadableRoot(root: path, platform: platform)
        defer { root.close() }
        let account = BackupAccount(path: path, manifest: manifest, root: root)
        try account.compareSegments()
        try account.compareTables()
        if mode == .quick { return }
        try account.compareFooters(platform.files) { () throws(DatabaseError) in
            try job.advance(0)
        }
    }

    /// Decodes every row of every segment and compares what was computed with what is written.
    private func examine(
        _ path: String, _ manifest: BackupManifest, job: BackupJob, _ found: inout DamageFound
    ) throws(DatabaseError) -> Int {
        try job.begin(.verifying, bytes: manifest.bytes)
        let root = try ReadableRoot(root: path, platform: platform)
        defer { root.close() }
        var rows = 0
        for table in root.tables {
            for entry in table.segments {
                let file = Path.join(root.databaseDirectory, table.relativePath(of: entry))
                do throws(DatabaseError) {
                    try SegmentExamination.examine(
                        file, entry: entry, of: table.definition, files: platform.files)
                } catch {
                    try found.take(error, of: "db/" + table.relativePath(of: entry))
                }
                rows += entry.rows
                try job.advance(entry.bytes)
            }
        }
        try found.raise()
        guard rows == manifest.rows else {
            throw .backupDamaged(
                path, what: "expected \(manifest.rows) rows and found \(rows)")
        }
        return rows
    }

    // MARK: - When it was verified

    /// Below a destination: one small file per backup, named by its id. The backup itself is not
    /// written to any more, and a name may be given again.
    static let verifiedDirectory = ".verified"

    /// A destination that cannot be written to keeps no note; the verification holds all the same.
    private func note(_ manifest: BackupManifest, mode: VerifyMode, at path: String) {
        let directory = Path.join(Path.directory(of: path), Self.verifiedDirectory)
        let text = "\(platform.clock.now()) \(mode == .deep ? "deep" : "full")\n"
        do throws(DatabaseError) {
            guard RelativePath.isSafe(manifest.id) else { return }
            try platform.files.makeDurableDirectory(directory)
            try platform.files.publish(
                Array(text.utf8), as: Path.join(directory, manifest.id), replacing: .atomically)
            let place = Destination(path: Path.directory(of: path), files: platform.files)
            try DamageNotes(in: place).clear(manifest.id, Path.name(of: path), after: mode)
        } catch {
            platform.log.log(.error, "backup", "cannot note the verification: \(error)")
        }
    }

    /// When a backup was last found sound, in microseconds since 1970.
    func lastVerified(_ id: String, in destination: Destination) throws(DatabaseError) -> Int64? {
        guard RelativePath.isSafe(id) else { return nil }
        let file = Path.join(destination.path, Self.verifiedDirectory, id)
        guard let info = try platform.files.info(file), info.kind == .file,
            info.size <= Limits.verifiedNoteBytes
        else { return nil }
        let bytes = try platform.files.readAll(file, upTo: Limits.verifiedNoteBytes)
        return Int64(String(decoding: bytes.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self))
    }

    /// Forgets the notes of a backup that is removed.
    func forgetVerification(_ id: String, _ name: String, in destination: Destination) {
        guard RelativePath.isSafe(id) else { return }
        let file = Path.join(destination.path, Self.verifiedDirectory, id)
        do throws(DatabaseError) {
            try DamageNotes(in: destination).clear(id, name, after: nil)
            if try platform.files.info(file) != nil { try platform.files.remove(file) }
        } catch {
            platform.log.log(.error, "backup", "cannot forget a verification: \(error)")
        }
    }
}
