import Catalog
import Diagnostics
import Platform
package import Storage

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
            pin: { owner throws(DatabaseError) in
                PinnedDatabase(try storage.pinOnDisk(owner: owner))
            })
    }
}

extension PinnedDatabase {
    /// Storage's pin as what a backup copies; released with it.
    init(_ pin: DiskPin) {
        self.init(
            lsn: pin.lsn.value, database: pin.identity.uuid, timeline: pin.identity.timeline,
            tables: pin.tables.map { Table($0, directory: pin.databaseDirectory) },
            files: [SmallFile(path: "_database", bytes: pin.databaseBytes)],
            release: { pin.release() })
    }
}

extension PinnedDatabase.Table {
    fileprivate init(_ table: PinnedTable, directory: String) {
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
                    source: Path.join(directory, path), path: path)
            })
    }
}
