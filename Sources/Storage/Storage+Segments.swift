package import Catalog
package import Diagnostics
package import Platform
import Synchronization
package import Values

// Segments made beside the live tables: UPDATE, DELETE, RESTORE and bulk loading write files first
// and commit a `SegmentReplacement` that names them afterwards. A file that no commit names is
// removed by `discardSegments`, or by the next opening after a crash.
extension Storage {
    /// Whether a path leads to a segment of a table.
    package static func isFile(_ path: String, of table: TableDefinition) -> Bool {
        let directory = Path.directory(of: Path.directory(of: path))
        return TableDirectory.id(of: Path.name(of: directory)) == table.id
    }

    /// Blocks until the rows of these tables, as of now, are in segments.
    package func flush(tables: [UInt64]) throws(DatabaseError) {
        if settings.isReadOnly { throw .readOnlyRoot() }
        try flush(only: tables)
    }

    /// Gives up what is kept of a full disk, for a statement that is going to give room back: it may
    /// have to write before.
    package func makeRoomToFree() { core.reserve?.giveUpWhenShort() }

    /// Writes rows as segments: sorted stably by the designated timestamp, cut by partition and
    /// size. Blocks; the files are durable afterwards.
    ///
    /// - Parameter firstLSN: the commits the rows come from; zero for the commit that will name them.
    /// - Throws: 53100 on a full disk; what was written by then is removed.
    package func writeSegments(
        _ rows: [Batch], of table: TableDefinition, firstLSN: LSN = .zero, lastLSN: LSN = .zero
    ) throws(DatabaseError) -> [SegmentEntry] {
        if settings.isReadOnly { throw .readOnlyRoot() }
        let visible = try UpsertResolution(table)?.visibleRows(of: rows) ?? rows
        let directory = tableDirectory(table)
        try platform.files.makeDurableDirectory(directory)
        if directoryName(of: table.id) == nil {
            try StagedTable.begin(directory, platform.files)
        }
        let writer = MemtableFlush(
            platform: platform, directory: directory, definition: table,
            limit: settings.segmentSize)
        let began = platform.clock.monotonicNanoseconds()
        defer {
            let took = platform.clock.monotonicNanoseconds() - began
            core.diskNanoseconds.wrappingAdd(took, ordering: .relaxed)
        }
        return try writer.write(visible, firstLSN: firstLSN, lastLSN: lastLSN).map(\.entry)
    }

    /// Removes files that no commit names and none ever will.
    package func discardSegments(_ entries: [SegmentEntry], of table: TableDefinition) {
        for entry in entries {
            do throws(DatabaseError) {
                try platform.files.remove(segmentPath(entry, of: table))
            } catch {
                // The next opening sweeps what is left.
                platform.log.log(.error, "storage", "cannot remove a discarded segment: \(error)")
            }
        }
    }

    /// Tells compaction which tables to leave alone for a while: those whose segments a transaction
    /// has rewritten and not committed yet. `isRewritten` is asked on compaction's thread.
    package func deferCompaction(while isRewritten: @escaping @Sendable (UInt64) -> Bool) {
        core.state.withLock { $0.isRewritten = isRewritten }
    }

    /// Tells compaction that a table which it was told to leave alone is free again.
    package func resumeCompaction() { core.state.withLock { $0.compactor }?.resume() }

    /// Puts small segments of a table together, when many have come up. Blocks, for a while at most;
    /// for whoever keeps compaction away from the table, has not changed it yet and is going to read
    /// it anew.
    package func relieve(table: UInt64) {
        if settings.isReadOnly || !settings.compaction.isEnabled { return }
        compactor.relieve(table)
    }

    /// The disk as whoever brings files below `db/` must use it: temporary names and removals mind a
    /// prepared SNAPSHOT.
    package var files: any FileSystem { platform.files }

    /// Where those who work on the database's files say what people should know.
    package var log: any LogSink { platform.log }

    /// Where a segment of a table lies, or is to lie before it is committed.
    package func segmentPath(_ entry: SegmentEntry, of table: TableDefinition) -> String {
        Path.join(tableDirectory(table), entry.relativePath)
    }

    /// The directory of a table that exists or is about to be created.
    package func tableDirectory(_ table: TableDefinition) -> String {
        Path.join(databaseDirectory, directoryName(of: table.id) ?? TableDirectory.name(for: table))
    }

    /// Reads a segment that is not committed yet: a transaction sees its own changes through it.
    package func run(of entry: SegmentEntry, table: TableDefinition) -> Run {
        let handle = SegmentHandle(
            entry: entry, directory: tableDirectory(table), files: platform.files)
        return Run(.segment(handle, table))
    }
}
