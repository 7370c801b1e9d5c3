import Catalog
import Diagnostics
import Platform

/// What recovery found: the tables as of the last commit, and where the log goes on.
struct RecoveredDatabase {
    var database: DatabaseFile
    var tables: [UInt64: LiveTable] = [:]
    var lastLSN: LSN
    var highestTableID: UInt64
    var removals = RemovalQueue()
    /// Tables whose manifests cannot be read.
    var damaged: [UInt64: DamagedTable] = [:]
    /// Tables that the log drops.
    var dropped: Set<UInt64> = []
    /// Tables that only changes in the log speak of: see `Replay.strangers`.
    var strangers: [UInt64: TableDefinition?] = [:]
    /// Detached partitions that count no more, and since which commit.
    var forgotten: [ForgottenPartition: LSN] = [:]
    /// Those of them whose directories could not be removed: the log is needed on.
    var unswept: Set<ForgottenPartition> = []
    /// Whether a part of the log was given up.
    var isLogGivenUp = false
    /// Nil where there is no log: a backup opened read-only.
    var logEnd: WALEnd?
}

extension RecoveredDatabase {
    /// What `_database` lists and nothing accounts for has been lost: later ends are in the log, which
    /// is trimmed only after the list was written anew.
    fileprivate mutating func noteMissing() {
        let ended = dropped.union(removals.tables.map(\.manifest.definition.id))
        for relation in database.relations ?? [] {
            let id = relation.id
            if tables[id] != nil || damaged[id] != nil || ended.contains(id) { continue }
            strangers.updateValue(strangers[id].flatMap(\.self) ?? relation.guess, forKey: id)
        }
    }
}

/// Brings a root's tables back from manifests and log. Costs tables, manifests and the log's tail,
/// never the data.
struct Recovery {
    let files: any FileSystem
    let log: any LogSink
    let directory: String
    let isReadOnly: Bool
    /// See `WALReader.skipsTo`.
    var skipsTo: LSN?
    /// A snapshot is prepared: nothing is unlinked.
    var isHeld = false

    private var logDirectory: String { Path.join(directory, "_wal") }

    func run(_ database: DatabaseFile) throws(DatabaseError) -> RecoveredDatabase {
        var recovered = RecoveredDatabase(
            database: database, lastLSN: database.highestLSN,
            highestTableID: database.highestTableID)
        var manifests: [UInt64: Manifest] = [:]
        try loadManifests(&recovered, &manifests)
        try replay(&recovered, manifests)
        recovered.noteMissing()
        try findLost(&recovered)
        if !isReadOnly { try sweepOrphans(&recovered) }
        return recovered
    }

    private func loadManifests(
        _ recovered: inout RecoveredDatabase, _ manifests: inout [UInt64: Manifest]
    ) throws(DatabaseError) {
        for name in try files.list(directory) {
            guard let id = TableDirectory.id(of: name) else { continue }
            recovered.highestTableID = max(recovered.highestTableID, id)
            let path = Path.join(directory, name)
            let found: Manifest?
            do throws(DatabaseError) {
                guard try files.info(path)?.kind == .directory else { throw .notADirectory(path) }
                found = try newestManifest(path, recovered.database)
                if let found, found.definition.id != id {
                    throw .damaged(path, offset: 0, "manifest of another table")
                }
            } catch {
                guard error.state == .corrupted else { throw error }
                let table = DamagedTable(
                    id: id, directoryName: name, guess: guess(path), error: error)
                recovered.damaged[id] = table
                log.log(.critical, "storage", "\(table.error)")
                continue
            }
            guard let manifest = found else { continue }
            if manifest.isDropped {
                recovered.removals.tables.append(
                    RemovalQueue.Table(
                        manifest: manifest, directory: name, isMarked: true,
                        bytes: isHeld ? try DroppedTable.bytes(path, files: files) : 0))
            } else {
                let handles = manifest.segments.map {
                    SegmentHandle(entry: $0, directory: path, files: files)
                }
                recovered.tables[id] = LiveTable(
                    definition: manifest.definition, directory: name, segments: handles,
                    manifestLSN: manifest.lsn, isManifestStale: false)
            }
            manifests[id] = manifest
            recovered.lastLSN = max(recovered.lastLSN, manifest.lsn)
        }
    }

    /// What the newest manifest seems to say, though it is damaged.
    private func guess(_ path: String) -> TableDefinition? {
        // Nothing depends on it but the name in a message.
        guard let newest = try? files.list(path).compactMap({ Manifest.lsn(of: $0) }).max(),
            let bytes = try? files.readAll(
                Path.join(path, Manifest.name(newest)), upTo: Limits.manifestBytes)
        else { return nil }
        return Manifest.guessDefinition(bytes)
    }

    /// The highest manifest. An older one may stand in for a damaged one only while the log still
    /// holds everything that came after it.
    private func newestManifest(_ path: String, _ database: DatabaseFile)
        throws(DatabaseError) -> Manifest?
    {
        let found = try files.list(path).compactMap { Manifest.lsn(of: $0) }.sorted(by: >)
        var damage: DatabaseError?
        for lsn in found {
            if let damage, !database.hasLog || lsn.next < database.firstLSN { throw damage }
            let place = Path.join(path, Manifest.name(lsn))
            do throws(DatabaseError) {
                let bytes = try files.readAll(place, upTo: Limits.manifestBytes)
                let manifest = try Manifest.decode(bytes, path: place)
                guard manifest.lsn == lsn else {
                    throw .damaged(place, offset: 20, "manifest of another commit")
                }
                return manifest
            } catch {
                guard error.state == .corrupted else { throw error }
                damage = damage ?? error
            }
        }
        if let damage { throw damage }
        return nil
    }

    private func replay(_ recovered: inout RecoveredDatabase, _ manifests: [UInt64: Manifest])
        throws(DatabaseError)
    {
        guard recovered.database.hasLog else { return }
        var replay = Replay(files: files, directory: directory, manifests: manifests)
        replay.tables = recovered.tables
        replay.damaged = Set(recovered.damaged.keys)
        replay.skipsStrangers = skipsTo != nil
        var isGivenUp = false
        let reader = WALReader(
            files: files, directory: logDirectory,
            timelines: [recovered.database.timeline] + recovered.database.ancestors,
            skipsTo: skipsTo, floor: recovered.lastLSN,
            report: {
                isGivenUp = true
                log.log(.critical, "storage", $0)
            })
        var end = try reader.replay(from: recovered.database.firstLSN) {
            (lsn, entry) throws(DatabaseError) in
            try replay.apply(entry, lsn: lsn)
        }
        for timeline in replay.timelines { recovered.database.enter(timeline) }
        if let first = end.begins { try begin(first, &end, recovered.database) }
        recovered.isLogGivenUp = isGivenUp
        replay.fillMemtables()
        recovered.tables = replay.tables
        recovered.damaged = recovered.damaged.filter { replay.damaged.contains($0.key) }
        recovered.removals.tables += replay.removals.tables
        recovered.highestTableID = max(recovered.highestTableID, replay.highestTableID)
        recovered.dropped = replay.dropped
        recovered.strangers = replay.strangers
        recovered.forgotten = replay.forgotten
        recovered.lastLSN = end.lastLSN
        recovered.logEnd = end
        if !isReadOnly { try settle(end) }
    }

    /// Marks the tables whose manifests are missing: those with segments that were committed, and
    /// those that `_database` or the log speaks of. What may be swept is proved to be nobody's.
    private func findLost(_ recovered: inout RecoveredDatabase) throws(DatabaseError) {
        var known = Set(recovered.tables.values.map(\.directory))
        known.formUnion(recovered.removals.tables.map(\.directory))
        known.formUnion(recovered.damaged.values.map(\.directoryName))
        for name in try files.list(directory) where !known.contains(name) {
            guard let id = TableDirectory.id(of: name) else { continue }
            let path = Path.join(directory, name)
            let definition = recovered.strangers.removeValue(forKey: id)
            if definition == nil, try !StagedTable.holdsSegments(path, files) { continue }
            // The mark proves nothing where the creation may be in a part of the log that is given up.
            let isWhole = skipsTo == nil && definition == nil
            if isWhole, try files.info(StagedTable.mark(of: path)) != nil { continue }
            if !isWhole, !isReadOnly { try StagedTable.end(path, files) }
            let table = DamagedTable(
                id: id, directoryName: name, guess: definition ?? nil,
                error: .missingManifest(path))
            if recovered.dropped.contains(id) {
                recovered.removals.tables.append(table.removal(at: recovered.lastLSN))
            } else {
                recovered.damaged[id] = table
                log.log(.critical, "storage", "\(table.error)")
            }
        }
        for (id, definition) in recovered.strangers.sorted(by: { $0.key < $1.key }) {
            recovered.highestTableID = max(recovered.highestTableID, id)
            let name = definition.map(TableDirectory.name) ?? "lost_\(id)~\(id)"
            let table = DamagedTable(
                id: id, directoryName: name, guess: definition,
                error: .missingTableDirectory(id, directory))
            log.log(.critical, "storage", "\(table.error)")
            // A part of the log was given up: the creation, or the end, may have been in it.
            if skipsTo == nil { recovered.damaged[id] = table }
        }
    }

    /// Begins a new file behind a log whose last one cannot be written to.
    private func begin(_ first: LSN, _ end: inout WALEnd, _ database: DatabaseFile)
        throws(DatabaseError)
    {
        let header = WALFileHeader(
            firstLSN: first, timeline: database.timeline, previousChecksum: end.checksum)
        try files.makeDurableDirectory(logDirectory)
        try WALWriter.publishFile(files, logDirectory, header)
        end.fileFirstLSN = first
        end.offset = WALFileHeader.bytes
        end.lastLSN = LSN(first.value - 1)
        end.timeline = header.timeline
        end.isTorn = false
        end.files.append((first: first, bytes: WALFileHeader.bytes))
    }

    /// Cuts a torn end away and makes durable what will be shown, before anyone sees it.
    private func settle(_ end: WALEnd) throws(DatabaseError) {
        let path = Path.join(logDirectory, WALName.name(end.fileFirstLSN))
        let file = try files.open(path, .readWrite, permissions: 0o600)
        if end.isTorn {
            log.log(
                .advisory, "storage",
                "dropped the torn end of the log at offset \(end.offset) of \"\(path)\"")
            try file.truncate(to: end.offset)
        }
        try file.sync()
        try files.syncDirectory(logDirectory)
    }

    /// Removes files that nothing names: unfinished ones and what a crash left behind.
    ///
    /// A process that was killed leaves names behind that a power loss may still take away: those
    /// that count are made durable before what they replaced goes.
    private func sweepOrphans(_ recovered: inout RecoveredDatabase) throws(DatabaseError) {
        try files.syncDirectory(directory)
        for lsn in try WALName.list(files, logDirectory)
        where recovered.database.hasLog && lsn < recovered.database.firstLSN {
            try remove(Path.join(logDirectory, WALName.name(lsn)), &recovered.removals)
        }
        var live: [String: LiveTable] = [:]
        for table in recovered.tables.values { live[table.directory] = table }
        var manifests = live.compactMapValues(\.manifestLSN)
        for table in recovered.removals.tables where table.isMarked {
            manifests[table.directory] = table.manifest.lsn
        }
        var kept = Set(recovered.removals.tables.map(\.directory))
        kept.formUnion(recovered.damaged.values.map(\.directoryName))
        for name in try files.list(directory) where TableDirectory.id(of: name) != nil {
            let path = Path.join(directory, name)
            // Newer than `_database`, a manifest may not be durable yet, whether it is a table's
            // first, follows another or says that the table is dropped.
            if let lsn = manifests[name], lsn > recovered.database.highestLSN {
                try files.syncDirectory(path)
            }
            if let table = live[name] {
                try sweep(table, path, &recovered)
            } else if !kept.contains(name), !isHeld {
                // Made for a CREATE that never got into the log: `findLost` took out what was. An
                // empty one could be of a sequence or a schema: then people should know.
                if let id = TableDirectory.id(of: name), id <= recovered.database.highestTableID {
                    log.log(
                        .advisory, "storage",
                        "removed \"\(path)\", which held no manifest and no committed rows")
                }
                _ = try DroppedTable.remove(path, files: files, keepingLast: StagedTable.markName)
            }
        }
        for place in [directory, logDirectory] where try files.info(place) != nil {
            for name in try files.list(place) where name.hasSuffix(Path.temporarySuffix) {
                try remove(Path.join(place, name), &recovered.removals)
            }
        }
    }

    private func sweep(
        _ table: LiveTable, _ path: String, _ recovered: inout RecoveredDatabase
    ) throws(DatabaseError) {
        var missing = Dictionary(
            table.segments.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let known = Set(missing.keys)
        for name in try files.list(path) {
            let place = Path.join(path, name)
            if name.hasSuffix(DetachedPartition.suffix) {
                sweep(detached: place, of: table, &recovered)
            } else if try files.info(place)?.kind == .directory {
                try sweep(partition: place, known, &missing, &recovered.removals)
            } else if name.hasSuffix(Path.temporarySuffix)
                || name == StagedTable.markName && table.manifestLSN != nil
            {
                try remove(place, &recovered.removals)
            } else if let lsn = Manifest.lsn(of: name), lsn < table.manifestLSN ?? .zero {
                try remove(place, &recovered.removals)
            }
        }
        noteMissing(missing, of: table)
    }

    private func sweep(
        detached place: String, of table: LiveTable, _ recovered: inout RecoveredDatabase
    ) {
        let name = Path.name(of: place).dropLast(DetachedPartition.suffix.count)
        let partition = ForgottenPartition(table: table.definition.id, partition: String(name))
        let forgotten = recovered.forgotten[partition]
        do throws(DatabaseError) {
            try DetachedPartition.sweep(
                place, of: table.segments.map(\.entry), forgottenAt: forgotten,
                now: recovered.lastLSN, files)
        } catch {
            // Nothing in the table needs it: ATTACH will tell whoever asks for it.
            log.log(.error, "storage", "cannot read a detached partition: \(error)")
            if forgotten != nil { recovered.unswept.insert(partition) }
        }
    }

    /// Marks segments whose files have no names any more.
    private func noteMissing(_ missing: [String: SegmentHandle], of table: LiveTable) {
        for (path, handle) in missing {
            handle.note(.missingSegment(path), isOfOpening: true)
        }
        let paths = missing.keys.sorted()
        for path in paths.prefix(Limits.missingSegmentsTold) {
            log.log(
                .critical, "storage",
                "table \(table.definition.name) is damaged: a segment is missing \"\(path)\"; RESTORE "
                    + "TABLE … FULL brings it back from a backup")
        }
        if paths.count > Limits.missingSegmentsTold {
            log.log(
                .critical, "storage",
                "table \(table.definition.name) is damaged: \(paths.count) segments are missing")
        }
    }

    /// The directory of a partition that is no more goes here, where nobody writes into it.
    private func sweep(
        partition place: String, _ known: Set<String>, _ missing: inout [String: SegmentHandle],
        _ removals: inout RemovalQueue
    ) throws(DatabaseError) {
        var isEmpty = true
        for file in try files.list(place) {
            let segment = Path.join(place, file)
            missing[segment] = nil
            let isOurs = file.hasSuffix(".seg") || file.hasSuffix(Path.temporarySuffix)
            if isOurs, !known.contains(segment) {
                try remove(segment, &removals)
                if !isHeld { continue }
            }
            isEmpty = false
        }
        if isEmpty, !isHeld { try files.removeDirectory(place) }
    }

    private func remove(_ path: String, _ removals: inout RemovalQueue) throws(DatabaseError) {
        if !isHeld { return try files.remove(path) }
        removals.add(path: path, bytes: try files.info(path)?.size ?? 0, at: .zero)
    }
}
