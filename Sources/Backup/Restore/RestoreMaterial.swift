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
    let crew: Crew
    let writeback: Writeback
    /// Asked before bytes are written where only shared blocks fit; nil where all fit.
    let room: RestoreRoom?
    /// Told once when links cannot be made.
    let notice: (String) -> Void
    private(set) var bytesCopied = 0
    private(set) var bytesLinked = 0
    private(set) var bytesReused = 0
    /// Files that exist because of us, temporary ones too.
    private var made: Set<String> = []
    /// Directories of tables that are new, parents first.
    private var directories: [String] = []
    private var ours: Set<String> = []
    /// Directories of partitions that are there.
    private var known: Set<String> = []
    /// Where names were made since the last sync.
    private var unsynced: Set<String> = []
    private var canLink = true
    /// To be copied under a temporary name, and the final one for each.
    private var pending: [Pending] = []
    /// Final names of those.
    private var reserved: Set<String> = []

    init(
        files: any FileSystem, chance: any Chance, job: BackupJob, isVerified: Bool, crew: Crew,
        writeback: Writeback, room: RestoreRoom? = nil, notice: @escaping (String) -> Void
    ) {
        self.files = files
        self.chance = chance
        self.job = job
        self.isVerified = isVerified
        self.crew = crew
        self.writeback = writeback
        self.room = room
        self.notice = notice
    }

    /// Makes every file of some tables durable under its final name.
    ///
    /// - Returns: the entries for each table's manifest, in the plan's order: a segment whose name
    ///   was taken has another id.
    /// - Throws: XX001 for a segment that is not what its manifest says, 53100, 58030, 57014.
    mutating func bring(_ planned: [[RestorePlan.File]]) throws(DatabaseError)
        -> [[SegmentEntry]]
    {
        var entries: [[SegmentEntry]] = []
        for table in planned {
            var brought: [SegmentEntry] = []
            for file in table { brought.append(try bring(file)) }
            entries.append(brought)
        }
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
        let isTaken = made.contains(file.target) || reserved.contains(file.target)
        if !isTaken, try files.info(file.target) == nil {
            return (file.target, file.entry)
        }
        let entry = file.entry.renamed(hexadecimal(chance.bytes(16)))
        return (Path.join(directory, "\(entry.id).seg"), entry)
    }

    /// Makes a partition's directory, and its table's when the table is new. That of a table which
    /// is there stays, even when nothing comes into it: a flush may be about to use it, and so it is
    /// durable at once. Nobody else knows of a new table's, which wait for `syncNames`.
    private mutating func makeDirectories(_ partition: String) throws(DatabaseError) {
        if known.contains(partition) { return }
        known.insert(partition)
        if try files.info(partition) != nil { return }
        let table = Path.directory(of: partition)
        if try files.info(table) == nil {
            try makeOurDirectory(table)
            made.insert(StagedTable.mark(of: table))
            try StagedTable.begin(table, files)
        }
        if ours.contains(table) { return try makeOurDirectory(partition) }
        do throws(DatabaseError) {
            try files.makeDurableDirectory(partition)
        } catch {
            // A flush of the same partition came first.
            guard error.state == .existingFile else { throw error }
        }
    }

    private mutating func makeOurDirectory(_ path: String) throws(DatabaseError) {
        directories.append(path)
        ours.insert(path)
        try files.makeDirectory(path, permissions: 0o700)
        unsynced.formUnion([path, Path.directory(of: path)])
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

    /// Notes that a segment is to be copied, under a temporary name until it is durable.
    private mutating func copy(_ file: RestorePlan.File) throws(DatabaseError) -> SegmentEntry {
        let (path, entry) = try place(file)
        let temporary = files.temporaryName(for: path)
        if try files.info(temporary) != nil { try files.remove(temporary) }
        reserved.insert(path)
        made.insert(temporary)
        bytesCopied += entry.bytes
        pending.append(
            Pending(source: file.source, temporary: temporary, final: path, entry: entry))
        return entry
    }

    /// Copies what was noted, gives the copies their names once their bytes are durable, then makes
    /// the names durable.
    private mutating func publish() throws(DatabaseError) {
        let syncsEach = pending.count + unsynced.count <= Limits.namesForOneSync
        let outputs = try write(syncsEach: syncsEach)
        if !syncsEach, let first = pending.first {
            try files.syncFileSystem(of: first.temporary)
        }
        for (file, output) in zip(pending, outputs) {
            try output?.sync()
            try files.rename(file.temporary, to: file.final, replacing: false)
            made.remove(file.temporary)
            made.insert(file.final)
            unsynced.insert(Path.directory(of: file.final))
        }
        try syncNames()
        pending = []
        reserved = []
    }

    /// Copies segments, comparing the digest of the very bytes written, and reads the copies again
    /// while the disk is at it. Those that share the blocks of the backup's were read already.
    ///
    /// - Returns: each file when it is to be synced by itself: else none stays open.
    private func write(syncsEach: Bool) throws(DatabaseError) -> [(any OpenFile)?] {
        let reading = reading
        let (writeback, room) = (writeback, room)
        let copies = try crew.map(pending) { file throws(DatabaseError) in
            let copy = try file.write(reading, writeback, room)
            return Written(
                checks: copy.sharesBlocks ? nil : copy.checks,
                output: syncsEach ? copy.output : nil)
        }
        if isVerified {
            _ = try crew.map(Array(zip(pending, copies))) { pair throws(DatabaseError) in
                guard let checks = pair.1.checks else {
                    return try reading.advance(pair.0.entry.bytes)
                }
                try pair.0.reread(checks, reading)
            }
        }
        return copies.map(\.output)
    }

    private var reading: SegmentReading {
        SegmentReading(files: files) {
            [job] bytes throws(DatabaseError) in try job.advance(bytes)
        }
    }

    private mutating func syncNames() throws(DatabaseError) {
        // The least of them, not any: a simulation does the same twice.
        if unsynced.count > Limits.namesForOneSync, let first = unsynced.min() {
            try files.syncFileSystem(of: first)
        } else {
            for directory in unsynced.sorted() { try files.syncDirectory(directory) }
        }
        unsynced = []
    }

    /// Takes everything away again. What cannot be removed now is swept at the next opening, so a
    /// second failure is not worth hiding the first one.
    func discard() {
        for path in made.sorted() {
            // One that was never begun is not there.
            do throws(DatabaseError) { try files.remove(path) } catch _ {}
        }
        for path in directories.reversed() {
            do throws(DatabaseError) { try files.removeDirectory(path) } catch _ {}
        }
    }
}

extension RestoreMaterial {
    /// What became of one.
    private struct Written: Sendable {
        /// The sums that it has to read back with; nil when it was read itself.
        let checks: [UInt32]?
        let output: (any OpenFile)?
    }

    /// A segment on its way.
    private struct Pending: Sendable {
        let source: String
        let temporary: String
        let final: String
        let entry: SegmentEntry

        private var expected: SegmentReading.Expected {
            .init(bytes: entry.bytes, sha256: hexadecimal(entry.sha256))
        }

        func write(_ reading: SegmentReading, _ writeback: Writeback, _ room: RestoreRoom?)
            throws(DatabaseError) -> SegmentReading.Copy
        {
            let copy = try reading.copy(
                source, to: temporary, bytes: entry.bytes, writeback, mayShare: true
            ) { () throws(DatabaseError) in
                try room?.admit(entry.bytes, reading.files)
            }
            if let what = copy.difference(from: expected) {
                throw .backupSegmentDamaged(
                    source, what: what,
                    block: SegmentExamination.firstDamage(of: source, files: reading.files))
            }
            guard try copy.output.size() == entry.bytes else {
                throw .backupDamaged(temporary, what: "its copy has another length")
            }
            return copy
        }

        func reread(_ checks: [UInt32], _ reading: SegmentReading) throws(DatabaseError) {
            if try reading.isSame(temporary, as: checks, bytes: entry.bytes) { return }
            if let what = try reading.difference(of: temporary, from: expected) {
                throw .copyDamaged(final, what: what)
            }
        }
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
