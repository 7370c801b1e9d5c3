import Diagnostics
import Platform
import Storage

/// Puts the segments of a restore beside the live ones, where nothing names them yet.
///
/// INV-1 what it made is known by path until it is handed over, so that it can be taken away;
/// INV-2 a file that lies at a target already is never written to nor used: it may be a removed
///   one that waits for its last reader.
struct RestoreMaterial {
    let files: any FileSystem
    let chance: any Chance
    let job: BackupJob
    let isVerified: Bool
    /// Told once when links cannot be made.
    let notice: (String) -> Void
    private(set) var bytesCopied = 0
    private(set) var bytesLinked = 0
    private(set) var bytesReused = 0
    /// Files that exist because of us, temporary ones too.
    private var made: Set<String> = []
    /// Directories of tables that are new, parents first.
    private var directories: [String] = []
    /// Where names were made since the last sync.
    private var unsynced: Set<String> = []
    private var syncsEach = true
    private var canLink = true
    /// Written under temporary names: the final one for each.
    private var pending: [(temporary: String, final: String, entry: SegmentEntry)] = []

    init(
        files: any FileSystem, chance: any Chance, job: BackupJob, isVerified: Bool,
        notice: @escaping (String) -> Void
    ) {
        self.files = files
        self.chance = chance
        self.job = job
        self.isVerified = isVerified
        self.notice = notice
    }

    /// Makes every file of a table durable under its final name.
    ///
    /// - Returns: the entries for the manifest, in the plan's order: a segment whose name was
    ///   taken has another id.
    /// - Throws: XX001 for a segment that is not what its manifest says, 53100, 58030, 57014.
    mutating func bring(_ planned: [RestorePlan.File]) throws(DatabaseError) -> [SegmentEntry] {
        syncsEach = planned.count <= Limits.filesForOneSync
        var entries: [SegmentEntry] = []
        for file in planned { entries.append(try bring(file)) }
        try publish()
        return entries
    }

    private mutating func bring(_ file: RestorePlan.File) throws(DatabaseError) -> SegmentEntry {
        try job.checkCancelled()
        switch file.operation {
        case .reuse(let path):
            guard try isSound(path, file.entry) else {
                // The live file is damaged: the backup's takes its place under another name.
                return try copy(file)
            }
            if path == file.target {
                bytesReused += file.entry.bytes
                return file.entry
            }
            if let entry = try link(path, for: file) {
                bytesReused += file.entry.bytes
                return entry
            }
            return try copy(file)
        case .link:
            if canLink, let entry = try link(file.source, for: file) {
                try checkLinked(file.source, entry)
                bytesLinked += file.entry.bytes
                return entry
            }
            if canLink {
                canLink = false
                notice("the backup's files cannot be linked from here, so they are copied")
            }
            return try copy(file)
        case .copy: return try copy(file)
        }
    }

    /// Whether a live file still has the bytes its manifest tells. One that cannot be read has not.
    private func isSound(_ path: String, _ entry: SegmentEntry) throws(DatabaseError) -> Bool {
        do throws(DatabaseError) {
            guard let info = try files.info(path), info.kind == .file, info.size == entry.bytes
            else { return false }
            if !isVerified { return true }
            let reading = SegmentReading(files: files) { [job] bytes throws(DatabaseError) in
                try job.advance(bytes)
            }
            return try reading.digest(of: path, bytes: entry.bytes) == hexadecimal(entry.sha256)
        } catch {
            guard error.state == .inputOutput || error.state == .missingFile else { throw error }
            return false
        }
    }

    /// Where a file may be made: its target, or a path with a new id when that one is taken.
    private mutating func place(_ file: RestorePlan.File) throws(DatabaseError)
        -> (path: String, entry: SegmentEntry)
    {
        let directory = Path.directory(of: file.target)
        try makeDirectories(directory)
        if try files.info(file.target) == nil, !made.contains(file.target) {
            return (file.target, file.entry)
        }
        let entry = file.entry.renamed(hexadecimal(chance.bytes(16)))
        return (Path.join(directory, "\(entry.id).seg"), entry)
    }

    /// Makes a partition's directory, and its table's when the table is new. That of a table which
    /// is there stays, even when nothing comes into it: a flush may be about to use it.
    private mutating func makeDirectories(_ partition: String) throws(DatabaseError) {
        if try files.info(partition) != nil { return }
        let table = Path.directory(of: partition)
        if try files.info(table) == nil { try makeDirectory(table, isOurs: true) }
        try makeDirectory(partition, isOurs: directories.contains(table))
    }

    private mutating func makeDirectory(_ path: String, isOurs: Bool) throws(DatabaseError) {
        if isOurs { directories.append(path) }
        do throws(DatabaseError) {
            try files.makeDurableDirectory(path)
        } catch {
            // A flush of the same partition came first.
            guard !isOurs, error.state == .existingFile else { throw error }
        }
    }

    /// Gives a file a second name; nil when it cannot have one.
    private mutating func link(_ source: String, for file: RestorePlan.File)
        throws(DatabaseError) -> SegmentEntry?
    {
        let (path, entry) = try place(file)
        do throws(DatabaseError) {
            try files.link(source, to: path)
        } catch {
            // Another file system, too many links, no permission: all of them mean a copy. A full
            // disk and a lost one do not.
            if error.state == .diskFull { throw error }
            return nil
        }
        made.insert(path)
        unsynced.insert(Path.directory(of: path))
        return entry
    }

    /// A linked file is looked at without reading all of it.
    private func checkLinked(_ source: String, _ entry: SegmentEntry) throws(DatabaseError) {
        guard let info = try files.info(source), info.kind == .file, info.size == entry.bytes else {
            throw .backupDamaged(source, what: "file of another length")
        }
        try SegmentExamination.checkFrame(of: source, rows: entry.rows, files: files)
    }

    /// Copies a segment under a temporary name, comparing the digest of the very bytes written.
    private mutating func copy(_ file: RestorePlan.File) throws(DatabaseError) -> SegmentEntry {
        let (path, entry) = try place(file)
        let temporary = files.temporaryName(for: path)
        if try files.info(temporary) != nil { try files.remove(temporary) }
        let input = try files.open(file.source, .read, permissions: 0)
        made.insert(temporary)
        let output = try files.open(temporary, .create, permissions: 0o400)
        var digest = SHA256()
        var offset = 0
        while offset < entry.bytes {
            let chunk = try input.read(
                at: offset, count: min(Limits.chunkBytes, entry.bytes - offset))
            guard !chunk.isEmpty else { break }
            digest.update(chunk)
            try output.write(chunk, at: offset)
            offset += chunk.count
            try job.advance(chunk.count)
        }
        let found = hexadecimal(digest.finish())
        let expected = hexadecimal(entry.sha256)
        guard offset == entry.bytes, try input.size() == entry.bytes, found == expected else {
            throw .backupSegmentDamaged(
                file.source, expected: expected, found: found,
                block: SegmentExamination.firstDamage(of: file.source, files: files))
        }
        guard try output.size() == entry.bytes else {
            throw .backupDamaged(temporary, what: "its copy has another length")
        }
        if syncsEach { try output.sync() }
        bytesCopied += entry.bytes
        pending.append((temporary, path, entry))
        return entry
    }

    /// Gives the copies their names once their bytes are durable, then makes the names durable.
    private mutating func publish() throws(DatabaseError) {
        if !syncsEach, let first = pending.first {
            try files.syncFileSystem(of: first.temporary)
        }
        for file in pending {
            try files.rename(file.temporary, to: file.final, replacing: false)
            made.remove(file.temporary)
            made.insert(file.final)
            unsynced.insert(Path.directory(of: file.final))
        }
        for directory in unsynced.sorted() { try files.syncDirectory(directory) }
        unsynced = []
        if isVerified { try reread() }
        pending = []
    }

    /// Reads the copies again, as the disk gives them back.
    private func reread() throws(DatabaseError) {
        let reading = SegmentReading(files: files) { [job] bytes throws(DatabaseError) in
            try job.advance(bytes)
        }
        for file in pending {
            let found = try reading.digest(of: file.final, bytes: file.entry.bytes)
            let expected = hexadecimal(file.entry.sha256)
            guard found == expected else {
                throw .copyDamaged(file.final, expected: expected, found: found)
            }
        }
    }

    /// Takes everything away again. What cannot be removed now is swept at the next opening, so a
    /// second failure is not worth hiding the first one.
    func discard() {
        for path in made.sorted() {
            do throws(DatabaseError) { try files.remove(path) } catch _ {}
        }
        for path in directories.reversed() {
            do throws(DatabaseError) { try files.removeDirectory(path) } catch _ {}
        }
    }
}

/// Reads a file for its digest, telling how far it is.
struct SegmentReading {
    let files: any FileSystem
    let advance: (Int) throws(DatabaseError) -> Void

    /// The SHA-256 of the first `bytes` bytes in hex; of fewer when the file ends before.
    func digest(of path: String, bytes: Int) throws(DatabaseError) -> String {
        let input = try files.open(path, .read, permissions: 0)
        var digest = SHA256()
        var offset = 0
        while offset < bytes {
            let chunk = try input.read(at: offset, count: min(Limits.chunkBytes, bytes - offset))
            guard !chunk.isEmpty else { break }
            digest.update(chunk)
            offset += chunk.count
            try advance(chunk.count)
        }
        return hexadecimal(digest.finish())
    }
}

extension SegmentEntry {
    /// The same segment under another name.
    fileprivate func renamed(_ id: String) -> SegmentEntry {
        SegmentEntry(
            id: id, partition: partition, rows: rows, minTimestamp: minTimestamp,
            maxTimestamp: maxTimestamp, firstLSN: firstLSN, lastLSN: lastLSN, bytes: bytes,
            sha256: sha256, columnMap: columnMap)
    }
}
