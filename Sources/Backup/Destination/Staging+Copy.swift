import Diagnostics
import Platform

/// Carries out a plan in a staging directory. Nothing is durable afterwards.
struct StagingRun: Sendable {
    let staging: Staging
    let job: BackupJob
    let source: BackupSource
    let writeback: Writeback
    /// Microseconds since 1970: what is copied now was read now.
    let now: Int64
    /// Whether files stay open until each is synced by itself.
    let syncsEach: Bool

    var files: any FileSystem { staging.files }

    /// A file of the backup, and its handle while it has to be synced.
    struct Made: Sendable {
        var file: BackupManifest.File
        let output: (any OpenFile)?
        /// Of a copied file: the sums that it has to read back with.
        var checks: [UInt32]?
    }

    /// Makes directories and writes what is small, then copies and links; tells what became of each
    /// file.
    ///
    /// - Throws: 57014 when cancelled, XX001 when a segment is not what Storage says it is.
    func run(_ plan: BackupPlan, crew: Crew) throws(DatabaseError) -> [Made] {
        let (first, tables, segments) = plan.groups
        let facts = plan.facts
        var made = try make(first, facts)
        for round in [tables, segments] {
            made += try crew.map(round) { group throws(DatabaseError) in try make(group, facts) }
                .joined()
        }
        return made
    }

    private func make(
        _ operations: [BackupPlan.Operation], _ facts: [String: BackupPlan.SegmentFacts]
    ) throws(DatabaseError) -> [Made] {
        var made: [Made] = []
        var known: Set<String> = []
        for operation in operations {
            if let file = try make(operation, facts, &known) { made.append(file) }
        }
        return made
    }

    /// - Parameter known: directories of the parent that were looked at.
    private func make(
        _ operation: BackupPlan.Operation, _ facts: [String: BackupPlan.SegmentFacts],
        _ known: inout Set<String>
    ) throws(DatabaseError) -> Made? {
        switch operation {
        case .makeDirectory(let path):
            try files.makeDirectory(Path.join(staging.path, path), permissions: 0o700)
            return nil
        case .write(let path, let bytes, let permissions):
            return try write(bytes, to: path, permissions: permissions)
        case .copy(let path, let source, let bytes, let sha256, let segment):
            let file = BackupManifest.File(
                path: path, bytes: bytes, sha256: sha256, origin: .copied, segment: segment,
                readAt: now)
            return try copy(source, to: file, facts)
        case .link(let path, let parent, let source, let bytes, let sha256, let segment):
            let about = facts[path]
            let isLinked = try link(
                parent, to: path, bytes: bytes, rows: about?.rows ?? 0, &known)
            let file = BackupManifest.File(
                path: path, bytes: bytes, sha256: sha256, origin: isLinked ? .linked : .copied,
                segment: segment, readAt: isLinked ? about?.parent?.readAt : now)
            return isLinked ? Made(file: file, output: nil) : try copy(source, to: file, facts)
        }
    }

    private func write(_ bytes: [UInt8], to path: String, permissions: UInt16)
        throws(DatabaseError) -> Made
    {
        let output = try files.open(
            Path.join(staging.path, path), .create, permissions: permissions)
        try output.write(bytes, at: 0)
        try job.advance(bytes.count)
        let file = BackupManifest.File(
            path: path, bytes: bytes.count, sha256: hexadecimal(SHA256.digest(bytes)),
            origin: .written, segment: nil, readAt: now)
        return Made(file: file, output: syncsEach ? output : nil)
    }

    /// Copies a segment and compares the digest of the very bytes that are written.
    private func copy(
        _ source: String, to file: BackupManifest.File,
        _ facts: [String: BackupPlan.SegmentFacts]
    ) throws(DatabaseError) -> Made {
        let table = facts[file.path]?.table.text ?? ""
        let reading = SegmentReading(files: files) {
            [job] bytes throws(DatabaseError) in try job.advance(bytes)
        }
        let target = Path.join(staging.path, file.path)
        let copy: SegmentReading.Copy
        do throws(DatabaseError) {
            copy = try reading.copy(source, to: target, bytes: file.bytes, writeback)
        } catch {
            // It may be the place of the copy that is gone.
            guard error.state == .missingFile, try files.info(source) == nil else { throw error }
            throw .sourceMissing(source, table: table, cause: error)
        }
        let expected = SegmentReading.Expected(bytes: file.bytes, sha256: file.sha256)
        if let what = copy.difference(from: expected) {
            throw .sourceDamaged(source, table: table, what: what)
        }
        return Made(file: file, output: syncsEach ? copy.output : nil, checks: copy.checks)
    }

    /// Puts a copy of the live file in the place of a link to one that is not sound.
    ///
    /// - Throws: XX001 when the live file is damaged too.
    func copyInstead(of file: BackupManifest.File, _ facts: [String: BackupPlan.SegmentFacts])
        throws(DatabaseError) -> Made
    {
        guard let source = facts[file.path]?.source else {
            preconditionFailure("only segments of the plan are linked")
        }
        try files.remove(Path.join(staging.path, file.path))
        let copied = BackupManifest.File(
            path: file.path, bytes: file.bytes, sha256: file.sha256, origin: .copied,
            segment: file.segment, readAt: now)
        return try copy(source, to: copied, facts)
    }

    /// Whether a directory between the destination and a file of a backup is none: a link in its
    /// place would lead to files of somebody else.
    private func isBehindLink(_ file: String, _ known: inout Set<String>) throws(DatabaseError)
        -> Bool
    {
        var directory = Path.directory(of: file)
        let destination = Path.directory(of: staging.path)
        while directory != destination, directory != "/", !known.contains(directory) {
            guard try files.info(directory)?.kind == .directory else { return true }
            known.insert(directory)
            directory = Path.directory(of: directory)
        }
        return false
    }

    /// Links a segment of the parent; false when it is not there as expected or cannot be linked,
    /// which costs a copy of the live file and nothing else.
    private func link(
        _ parent: String, to path: String, bytes: Int, rows: Int, _ known: inout Set<String>
    ) throws(DatabaseError) -> Bool {
        try job.checkCancelled()
        do throws(DatabaseError) {
            guard let info = try files.info(parent), info.kind == .file, info.size == bytes,
                try !isBehindLink(parent, &known)
            else { return false }
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
