import Diagnostics
import Platform

extension Staging {
    /// Runs the operations of a plan in their order and tells what became of each file.
    ///
    /// - Throws: 57014 when cancelled, XX001 when a segment is not what Storage says it is.
    func run(_ plan: BackupPlan, job: BackupJob) throws(DatabaseError) -> [BackupManifest.File] {
        let syncsEach = plan.fileCount <= Limits.filesForOneSync
        var done: [BackupManifest.File] = []
        for operation in plan.operations {
            if let file = try run(operation, syncsEach: syncsEach, job: job) { done.append(file) }
        }
        try sync(directories: plan.directories, syncsAll: !syncsEach)
        return done
    }

    private func run(_ operation: BackupPlan.Operation, syncsEach: Bool, job: BackupJob)
        throws(DatabaseError) -> BackupManifest.File?
    {
        switch operation {
        case .makeDirectory(let path):
            try files.makeDirectory(Path.join(self.path, path), permissions: 0o700)
            return nil
        case .write(let path, let bytes, let permissions):
            try write(bytes, to: path, permissions: permissions, syncs: syncsEach)
            try job.advance(bytes.count)
            return BackupManifest.File(
                path: path, bytes: bytes.count, sha256: hexadecimal(SHA256.digest(bytes)),
                origin: .written, segment: nil)
        case .copy(let path, let source, let bytes, let sha256, let segment):
            let file = BackupManifest.File(
                path: path, bytes: bytes, sha256: sha256, origin: .copied, segment: segment)
            try copy(source, to: file, syncs: syncsEach, job: job)
            return file
        case .link(let path, let parent, let source, let bytes, let sha256, let segment):
            let isLinked = try link(parent, to: path, bytes: bytes)
            let file = BackupManifest.File(
                path: path, bytes: bytes, sha256: sha256, origin: isLinked ? .linked : .copied,
                segment: segment)
            if !isLinked { try copy(source, to: file, syncs: syncsEach, job: job) }
            return file
        }
    }

    private func write(_ bytes: [UInt8], to path: String, permissions: UInt16, syncs: Bool)
        throws(DatabaseError)
    {
        let file = try files.open(
            Path.join(self.path, path), .create, permissions: permissions)
        try file.write(bytes, at: 0)
        if syncs { try file.sync() }
    }

    /// Copies a segment, computing the digest of the very bytes that are written.
    private func copy(_ source: String, to file: BackupManifest.File, syncs: Bool, job: BackupJob)
        throws(DatabaseError)
    {
        let input = try files.open(source, .read, permissions: 0)
        let target = Path.join(path, file.path)
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
        if syncs { try output.sync() }
    }

    /// Links a segment of the parent; false when it is not there as expected or cannot be linked,
    /// which costs a copy and nothing else.
    private func link(_ parent: String, to path: String, bytes: Int) throws(DatabaseError) -> Bool {
        guard let info = try files.info(parent), info.kind == .file, info.size == bytes else {
            return false
        }
        do throws(DatabaseError) {
            try files.link(parent, to: Path.join(self.path, path))
            return true
        } catch _ {
            // Another file system, too many links, no permission: all of them mean a copy.
            return false
        }
    }
}
