import Diagnostics
import Platform
import Synchronization

/// Carries out a plan in a staging directory.
struct StagingRun: Sendable {
    let staging: Staging
    let job: BackupJob
    let source: BackupSource
    /// Microseconds since 1970: what is copied now was read now.
    let now: Int64
    let syncsEach: Bool

    private var files: any FileSystem { staging.files }

    /// Makes directories and small files, then copies and links with some workers; tells what
    /// became of each file, in the order of the plan.
    ///
    /// - Throws: 57014 when cancelled, XX001 when a segment is not what Storage says it is; the
    ///   first error of all workers.
    func run(_ plan: BackupPlan, workers: any Workers, count: Int) throws(DatabaseError)
        -> [BackupManifest.File]
    {
        var done: [BackupManifest.File] = []
        var segments: [BackupPlan.Operation] = []
        for operation in plan.operations {
            switch operation {
            case .makeDirectory(let path):
                try files.makeDirectory(Path.join(staging.path, path), permissions: 0o700)
            case .write(let path, let bytes, let permissions):
                done.append(try write(bytes, to: path, permissions: permissions))
            case .copy, .link: segments.append(operation)
            }
        }
        done += try transfer(segments, plan, workers, count: max(1, min(count, segments.count)))
        try staging.sync(directories: plan.directories, syncsAll: !syncsEach)
        return done
    }

    private func write(_ bytes: [UInt8], to path: String, permissions: UInt16)
        throws(DatabaseError) -> BackupManifest.File
    {
        let file = try files.open(
            Path.join(staging.path, path), .create, permissions: permissions)
        try file.write(bytes, at: 0)
        if syncsEach { try file.sync() }
        try job.advance(bytes.count)
        return BackupManifest.File(
            path: path, bytes: bytes.count, sha256: hexadecimal(SHA256.digest(bytes)),
            origin: .written, segment: nil, readAt: now)
    }

    // MARK: Segments

    /// Where the workers are: each takes the next, and stops at the first error of any.
    private struct Progress: Sendable {
        var next = 0
        var done: [Int: BackupManifest.File] = [:]
        var error: DatabaseError?
    }

    private func transfer(
        _ segments: [BackupPlan.Operation], _ plan: BackupPlan, _ workers: any Workers, count: Int
    ) throws(DatabaseError) -> [BackupManifest.File] {
        let progress = SharedProgress()
        // One each: a gate remembers one opening only.
        let gates = (1..<count).map { _ in workers.makeGate() }
        for (number, gate) in gates.enumerated() {
            workers.start("backup copy \(number)") {
                work(segments, plan, progress)
                gate.open()
            }
        }
        work(segments, plan, progress)
        for gate in gates { gate.wait() }
        let end = progress.state.withLock { $0 }
        if let error = end.error { throw error }
        return segments.indices.compactMap { end.done[$0] }
    }

    private final class SharedProgress: Sendable {
        let state = Mutex(Progress())
    }

    private func work(
        _ segments: [BackupPlan.Operation], _ plan: BackupPlan, _ progress: SharedProgress
    ) {
        while true {
            let index = progress.state.withLock { state -> Int? in
                guard state.error == nil, state.next < segments.count else { return nil }
                defer { state.next += 1 }
                return state.next
            }
            guard let index else { return }
            do throws(DatabaseError) {
                let file = try transfer(segments[index], plan)
                progress.state.withLock { $0.done[index] = file }
            } catch {
                progress.state.withLock { $0.error = $0.error ?? error }
            }
        }
    }

    private func transfer(_ operation: BackupPlan.Operation, _ plan: BackupPlan)
        throws(DatabaseError) -> BackupManifest.File?
    {
        switch operation {
        case .makeDirectory, .write: return nil
        case .copy(let path, let source, let bytes, let sha256, let segment):
            let file = BackupManifest.File(
                path: path, bytes: bytes, sha256: sha256, origin: .copied, segment: segment,
                readAt: now)
            try copy(source, to: file)
            return file
        case .link(let path, let parent, let source, let bytes, let sha256, let segment):
            let facts = plan.facts[segment]
            let isLinked = try link(parent, to: path, bytes: bytes, rows: facts?.rows ?? 0)
            let file = BackupManifest.File(
                path: path, bytes: bytes, sha256: sha256, origin: isLinked ? .linked : .copied,
                segment: segment, readAt: isLinked ? facts?.readAt : now)
            if !isLinked { try copy(source, to: file) }
            return file
        }
    }

    /// Copies a segment, computing the digest of the very bytes that are written.
    private func copy(_ source: String, to file: BackupManifest.File) throws(DatabaseError) {
        let input = try files.open(source, .read, permissions: 0)
        let target = Path.join(staging.path, file.path)
        let output = try files.open(target, .create, permissions: 0o400)
        var digest = SHA256()
        var offset = 0
        while offset < file.bytes {
            let count = min(Limits.chunkBytes, file.bytes - offset)
            let chunk = try input.read(at: offset, count: count)
            guard !chunk.isEmpty else { break }
            digest.update(chunk)
            try output.write(chunk, at: offset)
            offset += chunk.count
            try job.advance(chunk.count)
        }
        let found = hexadecimal(digest.finish())
        guard offset == file.bytes, try input.size() == file.bytes, found == file.sha256 else {
            throw .sourceDamaged(source, expected: file.sha256, found: found)
        }
        if syncsEach { try output.sync() }
    }

    /// Links a segment of the parent; false when it is not there as expected or cannot be linked,
    /// which costs a copy of the live file and nothing else.
    private func link(_ parent: String, to path: String, bytes: Int, rows: Int)
        throws(DatabaseError) -> Bool
    {
        guard let info = try files.info(parent), info.kind == .file, info.size == bytes else {
            return false
        }
        do throws(DatabaseError) {
            try source.checkFrame(parent, rows)
            try files.link(parent, to: Path.join(staging.path, path))
            return true
        } catch {
            // Damage, another file system, too many links, no permission: all of them mean a copy.
            if error.state == .corrupted { job.notice("the parent's file is not shared: \(error)") }
            return false
        }
    }
}
