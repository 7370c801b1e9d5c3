import Catalog
import Diagnostics
import Platform
package import Storage
import Values

extension BackupSource {
    /// The open database as the source of backups.
    package init(storage: Storage) {
        self.init(
            database: storage.identity.uuid,
            tableNames: {
                let snapshot = storage.snapshot()
                defer { snapshot.release() }
                return snapshot.tables.map { ($0.definition.schema, $0.definition.name) }
            },
            damage: { storage.damage },
            tableDamage: { schema, name in
                let snapshot = storage.snapshot()
                defer { snapshot.release() }
                return snapshot.damage(schema: schema, name: name)
            },
            timeline: { storage.identity.timeline },
            journal: storage.settings.isReadOnly
                ? nil
                : JobJournal(
                    in: storage.databaseDirectory, files: storage.files, log: storage.log),
            timelines: {
                let identity = storage.identity
                return Set([identity.timeline] + identity.ancestors)
            },
            checkFrame: { path, rows throws(DatabaseError) in
                try SegmentExamination.checkFrame(of: path, rows: rows, files: storage.files)
            },
            diskNanoseconds: { storage.diskNanoseconds },
            pin: { owner, check throws(DatabaseError) in
                PinnedDatabase(
                    try storage.pinOnDisk(owner: owner, check: check), storage: storage)
            })
    }
}

extension PinnedDatabase {
    /// Storage's pin as what a backup copies; released with it.
    init(_ pin: DiskPin, storage: Storage) {
        let relations = PinnedRelations(pin.tables)
        self.init(
            lsn: pin.lsn.value, database: pin.identity.uuid, timeline: pin.identity.timeline,
            tables: pin.tables.map { table in
                var pinned = Table(table, directory: pin.databaseDirectory)
                pinned.companions = relations.companions(of: table.definition)
                return pinned
            },
            files: [SmallFile(path: "_database", bytes: pin.databaseBytes)],
            narrow: { table, choice, cutting throws(DatabaseError) in
                guard let pinned = pin.tables.first(where: { $0.definition.id == table.id }) else {
                    return table
                }
                let narrowing = TableNarrowing(
                    storage: storage, pin: pin, table: pinned, cutting: cutting)
                return try narrowing.run(choice)
            },
            release: { pin.release() })
    }
}

/// Makes of a pinned table one with some of its partitions and rows.
private struct TableNarrowing {
    let storage: Storage
    let pin: DiskPin
    let table: PinnedTable
    let cutting: Cutting

    /// What becomes of the chosen segments.
    private struct Result {
        var entries: [SegmentEntry] = []
        /// Where new files lie, by the ids of their segments.
        var sources: [String: String] = [:]
        /// Ids of segments that have fewer rows than the one they come from.
        var cut: Set<String> = []
    }

    func run(_ choice: PartitionChoice) throws(DatabaseError) -> PinnedDatabase.Table {
        let chosen = table.segments.filter { choice.contains($0.partition) }
        var result = Result()
        if let filter = cutting.filter {
            try cut(chosen, filter, &result)
        } else {
            result.entries = chosen
        }
        var narrowed = PinnedDatabase.Table(
            table.withSegments(result.entries, at: pin.lsn), directory: pin.databaseDirectory,
            sources: result.sources, cut: result.cut)
        narrowed.companions = PinnedRelations(pin.tables)
            .companions(of: table.definition)
        return narrowed
    }

    private func cut(_ chosen: [SegmentEntry], _ filter: RowFilter, _ result: inout Result)
        throws(DatabaseError)
    {
        try cutting.begin(bytes: chosen.reduce(0) { $0 + $1.bytes })
        let taking = try filter.taking(from: chosen.map { storage.run(of: $0, pinnedIn: table) })
        for (number, entry) in chosen.enumerated() {
            switch try taking(number) {
            case .all: result.entries.append(entry)
            case .some(let rows):
                if rows.rowCount > 0 { try take(rows, of: entry, &result) }
            }
            try cutting.advance(entry.bytes)
        }
    }

    private func take(_ rows: Batch, of entry: SegmentEntry, _ result: inout Result)
        throws(DatabaseError)
    {
        guard let directory = cutting.directory else {
            let bytes = try storage.measureSegment(rows, like: entry, of: table.definition)
            let part = entry.planned(rows: rows.rowCount, bytes: bytes)
            result.entries.append(part)
            result.cut.insert(part.id)
            return
        }
        try cutting.admit(entry.bytes, in: directory)
        let made = try storage.writeSegment(
            rows, like: entry, of: table.definition, into: directory)
        result.entries.append(made.entry)
        result.sources[made.entry.id] = made.path
        result.cut.insert(made.entry.id)
    }
}

extension SegmentEntry {
    /// What stands for a segment with some of the rows: for a plan, never written.
    fileprivate func planned(rows: Int, bytes: Int) -> SegmentEntry {
        SegmentEntry(
            id: id, partition: partition, rows: rows, minTimestamp: minTimestamp,
            maxTimestamp: maxTimestamp, firstLSN: firstLSN, lastLSN: lastLSN, bytes: bytes,
            sha256: sha256, columnMap: columnMap)
    }
}

/// The schemas and sequences of a pin, by what tables know of them: both may be thousands.
private struct PinnedRelations {
    private var schemas: [String: UInt64] = [:]
    private var owned: [UInt64: [UInt64]] = [:]
    private var sequences: [String: UInt64] = [:]

    init(_ tables: [PinnedTable]) {
        for definition in tables.lazy.map(\.definition) {
            switch definition.kind {
            case .table: continue
            case .schema: schemas[definition.name.lowercased()] = definition.id
            case .sequence(let sequence):
                if let owner = sequence.owner { owned[owner, default: []].append(definition.id) }
                sequences[Self.key(definition.schema, definition.name)] = definition.id
            }
        }
    }

    /// The relations that a table needs: its schema, its sequences and those its defaults name.
    func companions(of table: TableDefinition) -> [UInt64] {
        guard table.isTable else { return [] }
        let named = table.columns.compactMap { column -> UInt64? in
            guard case .sequence(let schema, let name, _)? = column.defaultValue else {
                return nil
            }
            return sequences[Self.key(schema, name)]
        }
        let schema = schemas[table.schema.lowercased()].map { [$0] } ?? []
        return schema + (owned[table.id] ?? []) + named
    }

    private static func key(_ schema: String, _ name: String) -> String {
        "\(schema)\0\(name)".lowercased()
    }
}

extension PinnedDatabase.Table {
    fileprivate init(
        _ table: PinnedTable, directory: String, sources: [String: String] = [:],
        cut: Set<String> = []
    ) {
        self.init(
            id: table.definition.id, schema: table.definition.schema,
            name: table.definition.name, directory: table.directoryName,
            manifest: PinnedDatabase.SmallFile(
                path: table.directoryName + "/" + table.manifestName, bytes: table.manifestBytes),
            segments: table.segments.map { entry in
                let path = table.relativePath(of: entry)
                var segment = PinnedDatabase.Segment(
                    id: entry.id, partition: entry.partition, rows: entry.rows,
                    minTimestamp: entry.minTimestamp.map(table.definition.microseconds),
                    maxTimestamp: entry.maxTimestamp.map(table.definition.microseconds),
                    bytes: entry.bytes, sha256: entry.sha256,
                    source: sources[entry.id] ?? Path.join(directory, path), path: path)
                segment.isCut = cut.contains(entry.id)
                return segment
            })
        switch table.definition.kind {
        case .table: kind = .table
        case .schema: kind = .schema
        case .sequence: kind = .sequence
        }
    }
}
