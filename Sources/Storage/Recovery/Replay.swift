import Catalog
import Diagnostics
import Platform
import Values

/// Applies the log to what the manifests say. Edits are set operations and those that a manifest
/// contains are skipped, so that replaying twice is replaying once.
struct Replay {
    let files: any FileSystem
    let directory: String
    let manifests: [UInt64: Manifest]
    var tables: [UInt64: LiveTable] = [:]
    var removals = RemovalQueue()
    var highestTableID: UInt64 = 0
    /// Timelines that began, in their order.
    var timelines: [String] = []
    /// Tables that nothing is known of but their ids; the log alone could not make them whole.
    var damaged: Set<UInt64> = []
    /// Detached partitions that count no more, and since which commit.
    private(set) var forgotten: [ForgottenPartition: LSN] = [:]
    /// Tables that the log drops.
    private(set) var dropped: Set<UInt64> = []
    /// Tables that the log changes, though neither it nor a manifest says what they are: their
    /// manifests have been lost. With the definition where an edit holds one.
    private(set) var strangers: [UInt64: TableDefinition?] = [:]
    /// Rows that do not fit are dropped: what they were written for is in a damaged part of the log.
    var skipsStrangers = false
    /// Rows that no segment holds yet, kept until the end: a later flush may hold them.
    private var pending: [UInt64: [(lsn: LSN, append: Append)]] = [:]

    init(files: any FileSystem, directory: String, manifests: [UInt64: Manifest]) {
        self.files = files
        self.directory = directory
        self.manifests = manifests
    }

    mutating func apply(_ entry: LogEntry, lsn: LSN) throws(DatabaseError) {
        for edit in entry.edits { apply(edit, lsn: lsn) }
        for append in entry.appends {
            if let manifest = manifests[append.table], lsn <= manifest.completeTo { continue }
            noteStranger(append.table, nil)
            guard let table = tables[append.table] else { continue }
            if skipsStrangers, !fits(append, table.definition) { continue }
            try check(append, table.definition, lsn)
            pending[append.table, default: []].append((lsn, append))
        }
    }

    private mutating func apply(_ edit: LogEdit, lsn: LSN) {
        if case .drop(let id) = edit {
            damaged.remove(id)
            strangers[id] = nil
            dropped.insert(id)
        }
        if let id = edit.table, damaged.contains(id) { return }
        switch edit {
        case .create, .drop, .timeline: break
        case .forget(let partition): noteStranger(partition.table, nil)
        case .alter(let definition): noteStranger(definition.id, definition)
        case .truncate(let id), .attach(let id, _, _): noteStranger(id, nil)
        case .replace(let replacement): noteStranger(replacement.table, nil)
        }
        switch edit {
        case .create(let definition):
            highestTableID = max(highestTableID, definition.id)
            if isKnown(definition.id, lsn) { return }
            tables[definition.id] = LiveTable(
                definition: definition, directory: TableDirectory.name(for: definition))
        case .drop(let id):
            pending[id] = nil
            guard let table = tables.removeValue(forKey: id) else { return }
            removals.add(table: table, writing: [], droppedAt: lsn)
        case .truncate(let id):
            if isKnown(id, lsn) { return }
            pending[id]?.removeAll { $0.lsn < lsn }
            tables[id]?.segments = []
            tables[id]?.isManifestStale = true
        case .alter(let definition):
            if isKnown(definition.id, lsn) { return }
            tables[definition.id]?.definition = definition
            tables[definition.id]?.isManifestStale = true
        case .timeline(let timeline): timelines.append(timeline)
        // Whatever the manifest knows: the directory is no part of it.
        case .forget(let partition):
            forgotten[partition] = lsn
        case .replace(let replacement):
            if isKnown(replacement.table, lsn) { return }
            guard var table = tables[replacement.table] else { return }
            let path = Path.join(directory, table.directory)
            // Files taken out lie there without a name and are swept after the replay.
            _ = table.replace(replacement, lsn: lsn, directory: path, files: files)
            tables[replacement.table] = table
        case .attach(let id, let segments, let completeTo):
            if isKnown(id, lsn) { return }
            pending[id]?.removeAll { $0.lsn <= completeTo }
            guard var table = tables[id] else { return }
            let known = Set(table.segments.map(\.entry.id))
            let path = Path.join(directory, table.directory)
            for segment in segments where !known.contains(segment.id) {
                table.segments.append(
                    SegmentHandle(entry: segment, directory: path, files: files))
            }
            table.isManifestStale = true
            tables[id] = table
        }
    }

    /// Notes a table that ought to be known by now.
    private mutating func noteStranger(_ id: UInt64, _ definition: TableDefinition?) {
        if tables[id] != nil || manifests[id] != nil { return }
        if damaged.contains(id) || dropped.contains(id) { return }
        strangers.updateValue(definition ?? strangers[id] ?? nil, forKey: id)
    }

    private func isKnown(_ id: UInt64, _ lsn: LSN) -> Bool {
        manifests[id].map { lsn <= $0.lsn } ?? false
    }

    /// The checksum was right, so this is a bug or malice: an error all the same, never a trap.
    private func check(_ append: Append, _ definition: TableDefinition, _ lsn: LSN)
        throws(DatabaseError)
    {
        guard fits(append, definition) else {
            throw .damaged(
                Path.join(directory, "_wal"), offset: 0,
                "rows of commit \(lsn) that do not fit table \(definition.name)")
        }
    }

    private func fits(_ append: Append, _ definition: TableDefinition) -> Bool {
        append.batch.columns.map(\.type) == definition.columns.map(\.type)
    }

    mutating func fillMemtables() {
        for (id, appends) in pending {
            for item in appends { tables[id]?.append(item.append, lsn: item.lsn) }
        }
        pending = [:]
    }
}
