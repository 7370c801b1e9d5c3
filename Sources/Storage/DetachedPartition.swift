package import Catalog
import Bytes
package import Diagnostics
import Platform
import Synchronization

/// A partition that was taken out of its table and kept: a directory `<partition>.detached` below
/// the table's, with hard links to the segments and a manifest of them.
///
/// The directory is complete before the commit that takes the segments out of the table, and goes
/// after the commit that brings them back: a crash leaves it beside the attached partition, never
/// neither. What is left behind so is named by that commit's `ForgottenPartition`, and the log is kept
/// until it has gone; besides it is known by its segments, which are in the table.
package struct DetachedPartition: Sendable, Equatable {
    package static let suffix = ".detached"
    static let manifestName = "_detached"
    /// Says that the directory counts no more, where a prepared snapshot keeps it from going.
    static let markName = "_attached"

    package let partition: String
    /// The table as it was when the partition left.
    package let definition: TableDefinition
    package let segments: [SegmentEntry]
    /// The last commit before its directory was made; zero for one that an earlier format made.
    private(set) var keptAt = LSN.zero

    package var rows: Int { segments.reduce(0) { $0 + $1.rows } }
    package var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }

    private var manifest: Manifest {
        Manifest(
            definition: definition, lsn: keptAt, completeTo: .zero, isDropped: false,
            segments: segments)
    }

    fileprivate func encode(keptAt: LSN) -> [UInt8] {
        var copy = self
        copy.keptAt = keptAt
        return copy.manifest.encode()
    }

    init(_ manifest: Manifest, partition: String) {
        self.partition = partition
        definition = manifest.definition
        segments = manifest.segments
        keptAt = manifest.lsn
    }

    package init(partition: String, definition: TableDefinition, segments: [SegmentEntry]) {
        self.partition = partition
        self.definition = definition
        self.segments = segments
    }

    /// Reads what a directory holds; nil when it was never finished.
    static func read(_ directory: String, _ files: any FileSystem) throws(DatabaseError)
        -> DetachedPartition?
    {
        if try files.info(Path.join(directory, markName)) != nil { return nil }
        return try readMarked(directory, files)
    }

    /// The same, whether or not it counts by now.
    static func readMarked(_ directory: String, _ files: any FileSystem) throws(DatabaseError)
        -> DetachedPartition?
    {
        let path = Path.join(directory, manifestName)
        guard try files.info(path) != nil else { return nil }
        let bytes = try files.readAll(path, upTo: Limits.manifestBytes)
        let name = Path.name(of: directory).dropLast(suffix.count)
        return DetachedPartition(
            try Manifest.decode(bytes, path: path), partition: String(name))
    }

    /// Removes what a crash left: a directory that was not finished, or whose rows are in the table or
    /// were before they were deleted.
    ///
    /// - Parameter forgotten: the commit that the log calls its end, if there is one.
    static func sweep(
        _ directory: String, of segments: [SegmentEntry], forgottenAt forgotten: LSN?,
        now: LSN, _ files: any FileSystem
    ) throws(DatabaseError) {
        if let found = try read(directory, files) {
            let isForgotten = forgotten.map { found.keptAt < $0 } ?? false
            guard isForgotten || found.isAttached(to: segments) else { return }
        }
        try remove(directory, goneAt: forgotten ?? now, files)
    }

    /// The manifest goes first: without it the directory is nothing. Where removals are held it is
    /// marked, and goes when somebody needs its place or at a later start; one that never had a
    /// manifest stays as it is.
    ///
    /// - Parameter lsn: a commit at which it counted no more.
    static func remove(_ directory: String, goneAt lsn: LSN, _ files: any FileSystem)
        throws(DatabaseError)
    {
        let manifest = Path.join(directory, manifestName)
        if try files.info(manifest) != nil {
            try files.remove(manifest)
            if try files.info(manifest) != nil {
                let mark = Path.join(directory, markName)
                if try files.info(mark) == nil {
                    try files.publish(Array("\(lsn)".utf8), as: mark)
                }
                try files.syncDirectory(directory)
                return
            }
        }
        // A process that was killed may have removed it and not told the disk.
        try files.syncDirectory(directory)
        for name in try files.list(directory) {
            let path = Path.join(directory, name)
            try files.removeTree(path)
            if try files.info(path) != nil { return }
        }
        try files.removeDirectory(directory)
        try files.syncDirectory(Path.directory(of: directory))
    }

    /// Whether a file belongs to a detached partition: it is never removed later than it was asked
    /// for, since another partition may have its name by then.
    static func holds(_ path: String) -> Bool { Path.directory(of: path).hasSuffix(suffix) }

    /// Whether it lay beside its table at a commit, as far as the directory tells: it may have been made
    /// for a commit that came later.
    func isOlder(than lsn: LSN) -> Bool {
        // An earlier format does not tell. What was written after the commit left after it.
        keptAt == .zero ? segments.allSatisfy { $0.lastLSN <= lsn } : keptAt < lsn
    }

    /// Whether its mark says that a directory counted no more at a commit. That of an earlier build
    /// does not tell.
    static func wasGone(_ directory: String, at lsn: LSN, _ files: any FileSystem)
        throws(DatabaseError) -> Bool
    {
        let mark = Path.join(directory, markName)
        guard try files.info(mark)?.kind == .file else { return false }
        let bytes = try files.readAll(mark, upTo: Limits.detachedMarkBytes)
        return UInt64(String(decoding: bytes, as: UTF8.self)).map { $0 <= lsn.value } ?? false
    }

    /// Whether a table has these rows: the directory is left over from a crash, or from an error
    /// while it was removed. Their files may have been rewritten since, which keeps their commits:
    /// what is written into the partition while it is away is of later ones.
    func isAttached(to current: [SegmentEntry]) -> Bool {
        if segments.isEmpty { return false }
        let digests = Set(current.map(\.sha256))
        if segments.allSatisfy({ digests.contains($0.sha256) }) { return true }
        guard let last = segments.map(\.lastLSN).max() else { return false }
        return current.contains { $0.partition == partition && $0.firstLSN <= last }
    }
}

/// A partition that lay beside its table and is gone with a commit: it came back, and its rows may be
/// deleted by now, so that nothing in the table tells.
///
/// The directory that is meant was made before the commit. Another one of its name, made later on, says
/// that it was: segments may come back under their ids, so that these do not tell.
package struct ForgottenPartition: Sendable, Hashable {
    package let table: UInt64
    package let partition: String

    package init(table: UInt64, partition: String) {
        self.table = table
        self.partition = partition
    }
}

extension Storage {
    private func directory(of partition: String, _ table: TableDefinition) -> String {
        Path.join(tableDirectory(table), partition + DetachedPartition.suffix)
    }

    /// The partitions that were detached from a table, by name.
    ///
    /// - Parameter current: the table's segments.
    package func detachedPartitions(of table: TableDefinition, current: [SegmentEntry])
        throws(DatabaseError) -> [DetachedPartition]
    {
        let place = tableDirectory(table)
        guard try files.info(place) != nil else { return [] }
        var found: [DetachedPartition] = []
        for name in try files.list(place) where name.hasSuffix(DetachedPartition.suffix) {
            guard let detached = try DetachedPartition.read(Path.join(place, name), files) else {
                continue
            }
            if !detached.isAttached(to: current) { found.append(detached) }
        }
        return found
    }

    /// Keeps the segments of a partition beside the table; durable afterwards. Blocks.
    ///
    /// The caller commits a replacement that removes them, and calls `forget` when that fails.
    package func keep(_ detached: DetachedPartition, of table: TableDefinition)
        throws(DatabaseError)
    {
        try forget(detached.partition, of: table)
        let place = directory(of: detached.partition, table)
        if try files.info(place) == nil {
            try files.makeDurableDirectory(place)
        } else {
            // What a crash left of it and a prepared snapshot keeps from going, perhaps not durable.
            try files.syncDirectory(Path.directory(of: place))
        }
        for name in [DetachedPartition.manifestName, DetachedPartition.markName]
        where try files.info(Path.join(place, name)) != nil {
            throw .detachedPlaceHeld(detached.partition)
        }
        for entry in detached.segments { try link(entry, of: table, into: place) }
        try files.syncDirectory(place)
        try files.publish(
            detached.encode(keptAt: lastLSN), as: Path.join(place, DetachedPartition.manifestName))
    }

    /// Does nothing when the directory has the very same file already.
    private func link(_ entry: SegmentEntry, of table: TableDefinition, into place: String)
        throws(DatabaseError)
    {
        let source = segmentPath(entry, of: table)
        let target = Path.join(place, "\(entry.id).seg")
        guard let there = try files.info(target) else {
            return try files.link(source, to: target)
        }
        guard let file = try files.info(source), file.inode == there.inode,
            file.device == there.device
        else { throw .detachedPlaceHeld(entry.partition) }
    }

    /// Links a detached partition's segments back under new names; durable afterwards. Blocks.
    ///
    /// The ids are new because files of the old names may still wait to be unlinked. The caller
    /// commits a replacement that adds them, or discards them.
    package func linkBack(_ detached: DetachedPartition, to table: TableDefinition)
        throws(DatabaseError) -> [SegmentEntry]
    {
        let place = directory(of: detached.partition, table)
        var linked: [SegmentEntry] = []
        do throws(DatabaseError) {
            for entry in detached.segments {
                let source = Path.join(place, "\(entry.id).seg")
                guard try files.info(source) != nil else { throw .detachedFileMissing(source) }
                try SegmentExamination.checkFrame(of: source, like: entry, files: files)
                let renamed = entry.withID(
                    Hexadecimal.text(platform.chance.bytes(16)),
                    columnMap: detached.columnMap(of: entry, in: table))
                let target = segmentPath(renamed, of: table)
                try files.makeDurableDirectory(Path.directory(of: target))
                try files.link(source, to: target)
                linked.append(renamed)
                try files.syncDirectory(Path.directory(of: target))
            }
        } catch {
            discardSegments(linked, of: table)
            throw error
        }
        return linked
    }

    /// Removes a detached partition's directory, if there is one; what readers map stays readable.
    package func forget(_ partition: String, of table: TableDefinition) throws(DatabaseError) {
        let place = directory(of: partition, table)
        if try files.info(place) != nil {
            try DetachedPartition.remove(place, goneAt: lastLSN, files)
        }
        let forgotten = ForgottenPartition(table: table.id, partition: partition)
        core.state.withLock { _ = $0.forgotten.remove(forgotten) }
    }
}

extension SegmentEntry {
    /// The same rows in another file, or with other columns.
    package func withID(_ id: String, columnMap: [ColumnLink]) -> SegmentEntry {
        SegmentEntry(
            id: id, partition: partition, rows: rows, minTimestamp: minTimestamp,
            maxTimestamp: maxTimestamp, firstLSN: firstLSN, lastLSN: lastLSN, bytes: bytes,
            sha256: sha256, columnMap: columnMap)
    }
}

extension DetachedPartition {
    /// The column of the partition whose values a column of the table gets back: the very same, or
    /// one of its name and type, if the type was changed and changed back since.
    private func column(for column: ColumnDefinition, in table: TableDefinition) -> UInt32? {
        if definition.columnIndex(id: column.id) != nil { return column.id }
        guard let index = definition.columnIndex(named: column.name) else { return nil }
        let old = definition.columns[index]
        return old.type == column.type && table.columnIndex(id: old.id) == nil ? old.id : nil
    }

    /// Where a segment's values are found when the table has it again.
    fileprivate func columnMap(of entry: SegmentEntry, in table: TableDefinition) -> [ColumnLink] {
        let sources = table.columns.map { ($0.id, column(for: $0, in: table)) }
        if sources.allSatisfy({ $1 == nil || $1 == $0 }) { return entry.columnMap }
        return sources.compactMap { id, source in
            source.flatMap { entry.segmentColumn(of: $0) }.map {
                ColumnLink(table: id, segment: $0)
            }
        }
    }

    /// The table as it was when the partition left, with the upsert keys that it has now. A column of
    /// them that the partition lacks is NULL in all of its rows and tells none from another.
    package func definition(withKeysOf table: TableDefinition) -> TableDefinition {
        definition.withDedupKeys(
            table.dedupKeys.compactMap { id in
                table.columnIndex(id: id).flatMap { column(for: table.columns[$0], in: table) }
            })
    }

    /// The first column whose values the table has no place for, though it has a column of its name.
    package func misfit(in table: TableDefinition) -> ColumnDefinition? {
        let taken = Set(table.columns.compactMap { column(for: $0, in: table) })
        return definition.columns.first {
            !taken.contains($0.id) && table.columnIndex(named: $0.name) != nil
        }
    }
}
