import Diagnostics
import Platform
import Synchronization

/// A statement with its names looked up and its options checked.
struct BoundBackup: Sendable {
    let request: BackupRequest
    let destination: Destination
    /// Schema and name of each table asked for, nil for all.
    let tables: [TableName]?
}

struct TableName: Sendable, Hashable {
    let schema: String
    let name: String

    /// As a statement has it.
    var text: String { schema == "public" ? name : "\(schema).\(name)" }

    /// Names are compared without case, as everywhere.
    var folded: TableName { TableName(schema: schema.lowercased(), name: name.lowercased()) }
}

/// The right to write one backup into a destination.
struct Admission: Sendable {
    let destination: Destination
    let name: String
    /// Holds the name until it is published.
    let staging: Staging
    let parent: BackupPlan.Parent?
    /// Keeps the parent from being dropped.
    let parentInUse: (any FileLock)?

    var path: String { Path.join(destination.path, name) }
}

/// What will be inside.
struct BackupDescription: Sendable {
    let tables: [PinnedDatabase.Table]
    let configuration: [PinnedDatabase.SmallFile]
}

extension BackupService {
    /// 1. Looks up names, options and destination; nothing is created.
    func bind(_ request: BackupRequest) throws(DatabaseError) -> BoundBackup {
        let destination = try Destination.resolve(
            request.destination, isWritten: true, settings: settings, files: platform.files)
        if let name = request.name { try Destination.checkName(name) }
        guard case .tables(let names) = request.scope else {
            // A backup of the database that silently lacks a table would be trusted.
            if let damage = source.damage() { throw damage }
            if request.partitions != .all || request.filterText != nil {
                throw .badSelection("PARTITION and WHERE are for BACKUP TABLE")
            }
            return BoundBackup(request: request, destination: destination, tables: nil)
        }
        if let why = Self.misplacedSelection(request) { throw .badSelection(why) }
        let known = source.tableNames().map { TableName(schema: $0.schema, name: $0.name).folded }
        var tables: [TableName] = []
        for name in names {
            let candidates = TableName.readings(of: name)
            guard let table = candidates.first(where: { known.contains($0.folded) }) else {
                let damage = candidates.compactMap { source.tableDamage($0.schema, $0.name) }
                throw damage.first ?? .backupTableMissing(name.text)
            }
            tables.append(table.folded)
        }
        return BoundBackup(request: request, destination: destination, tables: tables)
    }

    private static func misplacedSelection(_ request: BackupRequest) -> String? {
        guard case .tables(let names) = request.scope, names.count != 1 else { return nil }
        let isPartial = request.partitions != .all || request.filterText != nil
        return isPartial ? "PARTITION and WHERE take one table" : nil
    }

    /// A failed backup is listed by the name it was to have.
    func nameJob(_ job: BackupJob, of bound: BoundBackup) {
        let name = bound.request.name ?? CalendarDay.name(microseconds: job.startedAt)
        job.name(
            name, path: Path.join(bound.destination.path, name),
            isIncremental: bound.request.kind != .full, parent: nil)
    }

    /// What the statement asks for is refused at once, also when it does not wait for the end.
    func refuseTaken(_ bound: BoundBackup, job: BackupJob) throws(DatabaseError) {
        let destination = bound.destination
        guard let name = bound.request.name,
            try platform.files.info(Path.join(destination.path, name)) != nil
        else { return }
        job.giveUpPlace()
        throw destination.nameTaken(name)
    }

    private func freeName(_ bound: BoundBackup, job: BackupJob) throws(DatabaseError) -> String {
        do throws(DatabaseError) {
            return try bound.destination.freeName(
                bound.request.name, day: CalendarDay.name(microseconds: job.startedAt))
        } catch {
            if error.state == .duplicateObject { job.giveUpPlace() }
            throw error
        }
    }

    /// 2. Removes what the dead left in the destination, chooses name and parent, and makes the
    /// locked staging directory that reserves the name: others may write here at the same time.
    /// From here a crash is swept.
    func admit(_ bound: BoundBackup, job: BackupJob) throws(DatabaseError) -> Admission {
        let destination = bound.destination
        let lock = try destination.lock(platform.clock, job)
        defer { lock.release() }
        try destination.sweep(database: source.database) { job.warn($0) }
        let name = try freeName(bound, job: job)
        let parent = try chooseParent(bound, job: job)
        job.name(
            name, path: Path.join(destination.path, name), isIncremental: parent != nil,
            parent: parent?.manifest.name)
        let parentInUse: (any FileLock)?
        if let parent {
            let place = Destination(
                path: Path.directory(of: parent.path), files: platform.files)
            parentInUse = try place.beginReading(
                parent.manifest.id, parent.manifest.name, platform.clock)
        } else {
            parentInUse = nil
        }
        do throws(DatabaseError) {
            let staging = try Staging.make(
                in: destination, random: hexadecimal(platform.chance.bytes(8)),
                record: Staging.Record(
                    root: settings.root, database: source.database, timeline: source.timeline(),
                    name: name))
            return Admission(
                destination: destination, name: name, staging: staging, parent: parent,
                parentInUse: parentInUse)
        } catch {
            parentInUse?.release()
            throw error
        }
    }

    /// 3. Freezes one instant.
    func pin(_ job: BackupJob) throws(DatabaseError) -> PinnedDatabase {
        try job.begin(.pinning)
        return try source.pin("backup \(job.id)") { () throws(DatabaseError) in
            try job.checkCancelled()
        }
    }

    /// 4. Picks the tables and reads conf/.
    func describe(
        _ bound: BoundBackup, pin: PinnedDatabase, cutting: Cutting
    ) throws(DatabaseError) -> BackupDescription {
        guard let wanted = bound.tables else {
            return BackupDescription(tables: pin.tables, configuration: try readConfiguration())
        }
        let chosen = pin.tables.filter {
            $0.kind == .table
                && wanted.contains(TableName(schema: $0.schema, name: $0.name).folded)
        }
        // The schemas and sequences that the tables need: without them a restored one could not
        // count on.
        let needed = Set(chosen.flatMap(\.companions))
        let companions = pin.tables.filter { needed.contains($0.id) }
        let found = Set(chosen.map { TableName(schema: $0.schema, name: $0.name).folded })
        // Dropped between binding and pinning: the instant of the backup does not have it.
        if let missing = wanted.first(where: { !found.contains($0) }) {
            throw refusal(.backupTableMissing(missing.name), of: bound, cutting.job)
        }
        guard let table = chosen.first, bound.request.isPartial else {
            return BackupDescription(tables: companions + chosen, configuration: [])
        }
        let choice = bound.request.partitions
        if let missing = choice.missing(from: Set(table.segments.map(\.partition))) {
            throw refusal(
                .partitionMissing(missing, table: table.name), of: bound, cutting.job)
        }
        return BackupDescription(
            tables: companions + [try pin.narrow(table, choice, cutting)], configuration: [])
    }

    /// What is asked for is not there. A name that nobody asked for is the next backup's then.
    private func refusal(_ error: DatabaseError, of bound: BoundBackup, _ job: BackupJob)
        -> DatabaseError
    {
        if bound.request.name == nil { job.giveUpPlace() }
        return error
    }

    /// Makes the directory for segments of which only some rows are wanted, on the disk of the
    /// database, and removes those of jobs that a crash ended.
    func makeCutDirectory(_ job: BackupJob) throws(DatabaseError) -> String {
        try sweepCutDirectories()
        let path = cutDirectory(of: job)
        try platform.files.makeDirectory(path, permissions: 0o700)
        return path
    }

    func cutDirectory(of job: BackupJob) -> String {
        Path.join(settings.root, "tmp", Self.cutPrefix + job.id)
    }

    /// Removes the directories of jobs that a crash ended.
    func sweepCutDirectories() throws(DatabaseError) {
        let above = Path.join(settings.root, "tmp")
        try platform.files.makeDurableDirectory(above)
        let running = Set(jobs.withLock { $0 }.map { Self.cutPrefix + $0.id })
        for name in try platform.files.list(above)
        where name.hasPrefix(Self.cutPrefix) && !running.contains(name) {
            try platform.files.removeTree(Path.join(above, name))
        }
    }

    func removeCutDirectory(_ path: String) {
        // What cannot be removed now goes with the next such backup.
        do throws(DatabaseError) { try platform.files.removeTree(path) } catch _ {}
    }

    private static let cutPrefix = "backup-cut-"

    /// 5. Decides for every file whether it is written, copied or linked.
    func compare(
        _ description: BackupDescription, with parent: BackupPlan.Parent?, pin: PinnedDatabase
    ) throws(DatabaseError) -> BackupPlan {
        try BackupPlan.make(
            pin, tables: description.tables, configuration: description.configuration,
            parent: parent)
    }

    /// 6. Goes on only if the disk has room.
    func record(
        _ plan: BackupPlan, admission: Admission, pin: PinnedDatabase, job: BackupJob
    ) throws(DatabaseError) {
        try job.begin(.planning)
        job.holds(plan.contents(at: pin.lsn))
        let path = admission.destination.path
        let needed = plan.bytesToCopy + Limits.spareBytes
        let free = try platform.files.freeBytes(of: path)
        guard free >= needed else {
            throw .destinationFull(path, needed: needed, free: free)
        }
    }

    /// 7. Copies, checking digests on the way.
    func copy(_ plan: BackupPlan, run: StagingRun, crew: Crew) throws(DatabaseError)
        -> [StagingRun.Made]
    {
        try run.job.begin(.copying, bytes: plan.bytesToCopy)
        return try run.run(plan, crew: crew)
    }

    func makeRun(_ plan: BackupPlan, staging: Staging, crew: Crew, job: BackupJob) -> StagingRun {
        StagingRun(
            staging: staging, job: job, source: source, writeback: writeback(of: crew),
            now: platform.clock.now(), syncsEach: plan.syncsEach)
    }

    func makeCrew(_ bound: BoundBackup) -> Crew {
        let wanted = bound.request.workers ?? Machine.coreCount
        return Crew(workers: platform.workers, count: min(wanted, Limits.copyWorkers))
    }

    func writeback(of crew: Crew) -> Writeback {
        Writeback(
            clock: platform.clock, diskNanoseconds: source.diskNanoseconds, copies: crew.count)
    }

    /// 8. Reads back what was written, while the disk is at it, and then makes it durable. A linked
    /// file was looked at when it was linked; it is read when nobody has for long.
    func verify(
        _ made: [StagingRun.Made], plan: BackupPlan, bound: BoundBackup, run: StagingRun,
        parent: BackupPlan.Parent?, crew: Crew
    ) throws(DatabaseError) -> Rereading {
        var rereading = Rereading(
            run: run, facts: plan.facts, crew: crew, readsCopies: bound.request.isVerified,
            reverifyMicroseconds: settings.reverifyMicroseconds, now: platform.clock.now(),
            parent: parent, files: made)
        try rereading.read()
        if let parent, let found = rereading.found {
            tell(found, of: parent, job: run.job)
            try rereading.copyInstead()
        }
        try run.staging.sync(plan, outputs: rereading.files.compactMap(\.output))
        return rereading
    }

    /// 9. The rename that is the backup. Under the destination's lock: before it the staging
    /// directory loses its own.
    ///
    /// - Parameter isParentRead: whether every linked file was read just now.
    func publish(
        _ manifest: BackupManifest, admission: Admission, isParentRead: Bool, job: BackupJob
    ) throws(DatabaseError) {
        try job.begin(.publishing)
        // A verification that has ended meanwhile may have found what was linked damaged.
        if !isParentRead, let parent = admission.parent, let damage = try damage(of: parent) {
            throw .parentDamaged(parent.path, what: damage.text)
        }
        let lock = try admission.destination.lock(platform.clock, job)
        defer { lock.release() }
        try admission.staging.publish(manifest, as: admission.path)
    }

    /// What ended a backup, when it was that somebody removed what it was writing.
    func explained(_ error: DatabaseError, _ admission: Admission) -> DatabaseError {
        guard error.state == .missingFile || error.state == .inputOutput else { return error }
        do throws(DatabaseError) {
            let isThere = try platform.files.info(admission.staging.path) != nil
            return isThere ? error : .destinationGone(admission.destination.path, cause: error)
        } catch _ {
            // The first failure says more than that of looking after it.
            return error
        }
    }

    /// 10. Says what is to be known; pin and lock go back with the caller's scope.
    func conclude(_ manifest: BackupManifest, admission: Admission, job: BackupJob)
        -> BackupSummary
    {
        for notice in placementNotices(admission.path) { job.notice(notice) }
        warnOfFileSystem(admission.path, job: job)
        count(manifest)
        return BackupSummary(
            id: manifest.id, name: manifest.name, path: admission.path,
            isIncremental: manifest.isIncremental, parent: manifest.parent, lsn: manifest.lsn,
            tables: manifest.tableCount, files: manifest.files.count, rows: manifest.rows,
            bytesCopied: manifest.bytesCopied, bytesLinked: manifest.bytesLinked,
            durationMicroseconds: manifest.durationMicroseconds)
    }

    func makeManifest(
        _ bound: BoundBackup, _ admission: Admission, _ pin: PinnedDatabase, plan: BackupPlan,
        files: [BackupManifest.File], job: BackupJob
    ) -> BackupManifest {
        let now = platform.clock.now()
        var manifest = BackupManifest(
            id: job.id, name: admission.name, isIncremental: admission.parent != nil,
            isWholeDatabase: bound.tables == nil, parent: admission.parent?.manifest.name,
            parentID: admission.parent?.manifest.id, database: pin.database,
            timeline: pin.timeline, lsn: pin.lsn, startedAt: job.startedAt, finishedAt: now,
            durationMicroseconds: max(0, now - job.startedAt), software: settings.software,
            requestedBy: bound.request.requestedBy, comment: bound.request.comment,
            tables: plan.tables, files: files)
        manifest.selection = bound.request.selection
        return manifest
    }
}

extension BackupRequest {
    /// Whether only some partitions or rows are asked for.
    var isPartial: Bool { partitions != .all || filterText != nil }

    /// What the clauses say, for people and for the choice of a parent.
    var selection: String? {
        var parts: [String] = []
        switch partitions {
        case .all: break
        case .list(let names):
            parts.append("PARTITION LIST " + names.map { "'\($0)'" }.joined(separator: ", "))
        case .like(let pattern): parts.append("PARTITION LIKE '\(pattern)'")
        }
        if let filterText { parts.append("WHERE \(filterText)") }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }
}

extension TableName {
    static func readings(of table: BackupRequest.Table) -> [TableName] {
        guard let schema = table.schema else { return readings(of: table.name) }
        return [TableName(schema: schema, name: table.name)]
    }

    /// What a name may mean: a table of `public` with just that name, or `schema.table`, in which
    /// both may have dots.
    static func readings(of text: String) -> [TableName] {
        let dots = text.indices.filter { text[$0] == "." }
        return [TableName(schema: "public", name: text)]
            + dots.map { dot in
                TableName(
                    schema: String(text[..<dot]), name: String(text[text.index(after: dot)...]))
            }
    }
}
