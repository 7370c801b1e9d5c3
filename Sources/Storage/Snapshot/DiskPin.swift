package import Catalog
import Synchronization

/// A table inside a `DiskPin`: a manifest of exactly its LSN and the files that it names.
package struct PinnedTable: Sendable {
    package let definition: TableDefinition
    /// The name of the table's directory below `db/`.
    package let directoryName: String
    /// The name the manifest gets inside the directory.
    package let manifestName: String
    package let manifestBytes: [UInt8]
    package let segments: [SegmentEntry]

    /// Where a segment lies below `db/`.
    package func relativePath(of segment: SegmentEntry) -> String {
        "\(directoryName)/\(segment.relativePath)"
    }
}

/// A cut of the whole database that lies completely on disk.
///
/// A directory with `db/_database` of `databaseBytes` and, per table, the manifest and the segments
/// is a root that starts by itself. Nothing named here is removed before `release`.
package final class DiskPin: Sendable {
    package let lsn: LSN
    package let identity: DatabaseIdentity
    package let owner: String
    /// The directory below which the files lie now.
    package let databaseDirectory: String
    package let databaseBytes: [UInt8]
    package let tables: [PinnedTable]
    private let pin: UInt64
    private let core: StorageCore
    private let isReleased = Atomic(false)

    /// - Parameter written: the segments that the flushes of the cut have become.
    init(
        _ cut: FrozenCut, written: [UInt64: [SegmentEntry]], owner: String,
        databaseDirectory: String, core: StorageCore
    ) {
        lsn = cut.lsn
        identity = cut.identity
        self.owner = owner
        self.databaseDirectory = databaseDirectory
        databaseBytes = cut.databaseBytes
        tables = cut.tables.map { table in
            let manifest = Manifest(
                definition: table.definition, lsn: cut.lsn, completeTo: cut.lsn,
                isDropped: false,
                segments: table.segments + (written[table.definition.id] ?? []))
            return PinnedTable(
                definition: table.definition, directoryName: table.directory,
                manifestName: manifest.name, manifestBytes: manifest.encode(),
                segments: manifest.segments)
        }
        pin = cut.pin
        self.core = core
    }

    deinit { release() }

    /// Gives the pin back. Idempotent, from any thread.
    package func release() {
        if isReleased.exchange(true, ordering: .acquiringAndReleasing) { return }
        core.unpin(pin)
    }
}
