package import Catalog
package import Diagnostics
package import Platform
import Values

/// A root opened where it lies, only to be read: a backup, or a database that nobody writes to.
///
/// Nothing in it is created or changed. Where the root has a lock file, a shared lock is held, so
/// that no server may open it for writing meanwhile; a backup no server ever ran on has none.
package final class ReadableRoot: Sendable {
    /// A table of the root.
    package struct Table: Sendable {
        package let view: TableView
        /// The name of its directory below `db/`.
        package let directoryName: String

        package var definition: TableDefinition { view.definition }
        package var segments: [SegmentEntry] { view.segments }
        /// Whether rows are only in the root's log: those of a server that did not stop properly.
        package var hasUnflushedRows: Bool { view.runs.contains(where: \.isInMemory) }

        /// Where a segment lies below `db/`.
        package func relativePath(of segment: SegmentEntry) -> String {
            "\(directoryName)/\(segment.relativePath)"
        }
    }

    package let identity: DatabaseIdentity
    /// The newest commit inside.
    package let lsn: LSN
    /// The directory of the tables.
    package let databaseDirectory: String
    /// All tables, ordered by id.
    package let tables: [Table]
    /// Its schemas and sequences, ordered by id.
    package let relations: [TableDefinition]
    private let storage: Storage
    private let snapshot: Snapshot

    /// Reads manifests, and the log where there is one.
    ///
    /// - Throws: 55006 while a server has it open for writing, XX001 for damage, 0A000 for a newer
    ///   format, 58P01 when there is no root.
    package init(root: String, platform: Platform) throws(DatabaseError) {
        var settings = StorageSettings()
        settings.isReadOnly = true
        storage = try Storage.open(root: root, platform: platform, settings: settings)
        if let damage = storage.damage { throw damage }
        snapshot = storage.snapshot()
        identity = storage.identity
        lsn = snapshot.lsn
        databaseDirectory = storage.databaseDirectory
        tables = snapshot.tables.map { Table(view: $0, directoryName: $0.version.directory) }
        relations = snapshot.otherRelations
    }

    /// The table with the rows that are only in the root's log as segments too, which are written
    /// below another directory, each at its `relativePath`. The root stays as it is.
    ///
    /// - Throws: 53100 when there is no room for them.
    package func settling(_ table: Table, in directory: String) throws(DatabaseError)
        -> (table: Table, written: [SegmentEntry])
    {
        var rows: [Batch] = []
        let columns = Array(table.definition.columns.indices)
        for run in table.view.runs where run.isInMemory {
            rows.append(try run.batch(columns: columns, rows: 0..<run.rowCount))
        }
        let visible = try UpsertResolution(table.definition)?.visibleRows(of: rows) ?? rows
        let writer = MemtableFlush(
            platform: storage.platform, directory: directory, definition: table.definition,
            limit: storage.settings.segmentSize)
        let written = try writer.write(visible, firstLSN: lsn, lastLSN: lsn)
        let version = TableVersion(
            definition: table.definition, directory: table.view.version.directory,
            segments: table.view.version.segments + written, memory: [])
        let settled = Table(view: TableView(version: version), directoryName: table.directoryName)
        return (settled, written.map(\.entry))
    }

    deinit { close() }

    /// Gives the root back. Idempotent; rows cannot be read any more afterwards.
    package func close() {
        snapshot.release()
        // A root that is open for reading has nothing to write when it is closed.
        do throws(DatabaseError) { try storage.close() } catch _ {}
    }
}
