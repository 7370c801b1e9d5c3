import Bytes
package import Catalog
package import Diagnostics
import Platform
package import Values

// A backup of some partitions or rows is a root with another manifest: these make it.
extension PinnedTable {
    /// The same table at the same LSN, consisting of these segments.
    package func withSegments(_ entries: [SegmentEntry], at lsn: LSN) -> PinnedTable {
        let manifest = Manifest(
            definition: definition, lsn: lsn, completeTo: lsn, isDropped: false, segments: entries)
        return PinnedTable(
            definition: definition, directoryName: directoryName, manifestName: manifest.name,
            manifestBytes: manifest.encode(), segments: entries)
    }
}

extension Storage {
    /// The rows of a segment that a disk pin holds.
    package func run(of entry: SegmentEntry, pinnedIn table: PinnedTable) -> Run {
        let handle = SegmentHandle(
            entry: entry, directory: Path.join(databaseDirectory, table.directoryName),
            files: platform.files)
        return Run(.segment(handle, table.definition))
    }

    /// Writes some rows of a segment as a new one with an id of its own, for a backup. Not durable.
    ///
    /// - Requires: the rows stand in the segment's order.
    package func writeSegment(
        _ rows: Batch, like entry: SegmentEntry, of table: TableDefinition, into directory: String
    ) throws(DatabaseError) -> (entry: SegmentEntry, path: String) {
        let bytes = try encode(rows, like: entry, of: table)
        let times = table.timestampIndex.map { rows.columns[$0] }
        let made = SegmentEntry(
            id: Hexadecimal.text(platform.chance.bytes(16)), partition: entry.partition,
            rows: rows.rowCount, minTimestamp: times?.load(0, Int64.self),
            maxTimestamp: times?.load(rows.rowCount - 1, Int64.self), firstLSN: entry.firstLSN,
            lastLSN: entry.lastLSN, bytes: bytes.count, sha256: SHA256.digest(bytes))
        let path = Path.join(directory, "\(made.id).seg")
        try platform.files.open(path, .create, permissions: 0o600).write(bytes, at: 0)
        return (made, path)
    }

    /// The bytes that `writeSegment` would write.
    ///
    /// - Requires: the same.
    package func measureSegment(
        _ rows: Batch, like entry: SegmentEntry, of table: TableDefinition
    ) throws(DatabaseError) -> Int {
        try encode(rows, like: entry, of: table).count
    }

    private func encode(_ rows: Batch, like entry: SegmentEntry, of table: TableDefinition)
        throws(DatabaseError) -> [UInt8]
    {
        let mark = MappedFiles.mark
        let bytes = SegmentWriter.encode(
            rows, definition: table, firstLSN: entry.firstLSN, lastLSN: entry.lastLSN)
        // Rows come from a mapped file, which may not have been readable.
        try MappedFiles.checkFaults(since: mark) { Self.isFile($0, of: table) }
        return bytes
    }
}
