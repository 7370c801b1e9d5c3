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
            timelines: { Set([storage.identity.timeline] + storage.identity.ancestors) },
            checkFrame: { path, rows throws(DatabaseError) in
                try SegmentExamination.checkFrame(of: path, rows: rows, files: storage.files)
            },
            pin: { owner throws(DatabaseError) in
                PinnedDatabase(try storage.pinOnDisk(owner: owner), storage: storage)
            })
    }
}

extension PinnedDatabase {
    /// Storage's pin as what a backup copies; released with it.
    init(_ pin: DiskPin, storage: Storage) {
        self.init(
            lsn: pin.lsn.value, database: pin.identity.uuid, timeline: pin.identity.timeline,
            tables: pin.tables.map { Table($0, directory: pin.databaseDirectory) },
            files: [SmallFile(path: "_database", bytes: pin.databaseBytes)],
            narrow: { table, choice, filter, directory throws(DatabaseError) in
                guard let pinned = pin.tables.first(where: { $0.definition.id == table.id }) else {
                    return table
                }
                let narrowing = TableNarrowing(
                    storage: storage, pin: pin, table: pinned, directory: directory)
                return try narrowing.run(choice, filter)
            },
            release: { pin.release() })
    }
}

/// Makes of a pinned table one with some of its partitions and rows.
private struct TableNarrowing {
    let storage: Storage
    let pin: DiskPin
    let table: PinnedTable
    /// Where files with fewer rows are written.
    let directory: String

    func run(_ choice: PartitionChoice, _ filter: RowFilter?) throws(DatabaseError)
        -> PinnedDatabase.Table
    {
        var entries: [SegmentEntry] = []
        var sources: [String: String] = [:]
        for entry in table.segments where choice.contains(entry.partition) {
            guard let filter else {
                entries.append(entry)
                continue
            }
            switch try filter.rows(of: storage.run(of: entry, pinnedIn: table)) {
            case .all: entries.append(entry)
            case .some(let rows):
                if rows.rowCount == 0 { continue }
                let cut = try storage.writeSegment(
                    rows, like: entry, of: table.definition, into: directory)
                entries.append(cut.entry)
                sources[cut.entry.id] = cut.path
            }
        }
        return PinnedDatabase.Table(
            table.withSegments(entries, at: pin.lsn), directory: pin.databaseDirectory,
            sources: sources)
    }
}

extension PinnedDatabase.Table {
    fileprivate init(
        _ table: PinnedTable, directory: String, sources: [String: String] = [:]
    ) {
        self.init(
            id: table.definition.id, schema: table.definition.schema,
            name: table.definition.name, directory: table.directoryName,
            manifest: PinnedDatabase.SmallFile(
                path: table.directoryName + "/" + table.manifestName, bytes: table.manifestBytes),
            segments: table.segments.map { entry in
                let path = table.relativePath(of: entry)
                return PinnedDatabase.Segment(
                    id: entry.id, partition: entry.partition, rows: entry.rows,
                    minTimestamp: entry.minTimestamp, maxTimestamp: entry.maxTimestamp,
                    bytes: entry.bytes, sha256: entry.sha256,
                    source: sources[entry.id] ?? Path.join(directory, path), path: path)
            })
    }
}
