import Catalog
import Diagnostics
import Platform
import Storage

/// Decides what a restore does, without doing any of it.
struct RestorePlanner {
    let request: RestoreRequest
    let source: RestoreSource
    /// The tables as they are; those the restore may change have all their rows in segments.
    let live: Snapshot
    let storage: Storage
    /// Issues the id of a table to be created: a real one only when it is going to be.
    let makeTableID: () -> UInt64
    let countsLostRows: Bool
    let checkCancelled: () throws(DatabaseError) -> Void

    /// - Throws: 42P01 and 42704 for what the backup lacks, 22023 for options that contradict each
    ///   other. What stands in the way is part of the plan.
    func plan() throws(DatabaseError) -> RestorePlan {
        let chosen = try choose()
        try checkPartitions(chosen)
        var tables: [RestorePlan.Table] = []
        for table in chosen { tables.append(try plan(table.stored, table.named)) }
        let sequences = try RestoredRelations(
            request: request, source: source, live: live,
            isSameDatabase: source.root.identity.uuid == storage.identity.uuid,
            makeTableID: makeTableID
        ).bind(&tables)
        return RestorePlan(tables: tables, relations: sequences)
    }

    /// The live tables that a restore looks at: their rows in memory are to be flushed before.
    static func affectedTables(_ request: RestoreRequest, _ source: RestoreSource, _ live: Snapshot)
        throws(DatabaseError) -> [UInt64]
    {
        if case .existingTable(let table) = request.target {
            let found = live.table(schema: table.schema ?? "public", name: table.name)
            return found.map { [$0.definition.id] } ?? []
        }
        if case .newTable = request.target { return [] }
        switch request.scope {
        case .database:
            return source.tables.compactMap {
                live.table(schema: $0.definition.schema, name: $0.definition.name)?.definition.id
            }
        case .tables(let names):
            return names.compactMap {
                live.table(schema: $0.schema ?? "public", name: $0.name)?.definition.id
            }
        }
    }

    // MARK: - Choosing

    private typealias Chosen = (stored: ReadableRoot.Table, named: RestoreRequest.Table?)

    private func choose() throws(DatabaseError) -> [Chosen] {
        switch request.scope {
        case .database:
            guard request.target == .original else {
                throw .restoreOptions("a whole database takes neither AS nor INTO")
            }
            return source.tables.map { ($0, nil) }
        case .tables(let names):
            guard request.target == .original || names.count == 1 else {
                throw .restoreOptions("AS and INTO need exactly one table")
            }
            if case .newTable = request.target, request.mode != .refuse {
                throw .restoreOptions("AS makes a new table, FULL and INCREMENTAL are for others")
            }
            var chosen: [Chosen] = []
            for name in names {
                let table = try source.table(name)
                let isKnown = chosen.contains { $0.stored.definition.id == table.definition.id }
                if !isKnown { chosen.append((table, name)) }
            }
            return chosen
        }
    }

    private func checkPartitions(_ chosen: [Chosen]) throws(DatabaseError) {
        let known = Set(chosen.flatMap { $0.stored.segments.map(\.partition) })
        if let missing = request.partitions.missing(from: known) {
            throw .backupLacksPartition(missing, backup: source.name)
        }
    }

    // MARK: - One table

    private func plan(_ stored: ReadableRoot.Table, _ named: RestoreRequest.Table?)
        throws(DatabaseError) -> RestorePlan.Table
    {
        switch request.target {
        case .original:
            let own = live.table(schema: stored.definition.schema, name: stored.definition.name)
            guard let own else {
                let other = live.relation(
                    schema: stored.definition.schema, name: stored.definition.name)
                // A sequence has the name: nothing that a restore of rows should replace.
                if let other {
                    return obstructed(
                        other,
                        .restoreOntoTable(other.name, in: request.scope, at: named?.position))
                }
                return try create(stored, stored.definition, replacing: nil)
            }
            switch request.mode {
            case .refuse:
                return obstructed(
                    own.definition,
                    .restoreOntoTable(own.name, in: request.scope, at: named?.position))
            case .replace where request.partitions == .all:
                return try create(stored, stored.definition, replacing: own)
            case .replace, .differing: return try change(own, stored)
            }
        case .newTable(let name):
            guard !name.name.isEmpty, name.name.utf8.count <= Limits.nameBytes else {
                throw .restoreNameInvalid(name.name, at: name.position)
            }
            let schema = name.schema ?? "public"
            if schema != "public", live.relation(schema: "", name: schema) == nil {
                throw .restoreSchemaMissing(schema, at: name.position)
            }
            if let own = live.relation(schema: schema, name: name.name) {
                return obstructed(own, .restoreAsTable(own.name, at: name.position))
            }
            let definition = stored.definition.copied(id: 0, schema: schema, name: name.name)
            return try create(stored, definition, replacing: nil)
        case .existingTable(let name):
            let found = live.table(schema: name.schema ?? "public", name: name.name)
            guard let own = found else {
                throw live.damage(schema: name.schema ?? "public", name: name.name)
                    ?? .restoreTargetMissing(name.name, at: name.position)
            }
            return try change(own, stored)
        }
    }

    private func obstructed(_ own: TableDefinition, _ conflict: DatabaseError)
        -> RestorePlan.Table
    {
        RestorePlan.Table(
            change: .partitions, definition: own, partitions: [], conflict: conflict,
            bytesDropped: 0)
    }

    /// A table that is made anew, perhaps in the place of another.
    private func create(
        _ stored: ReadableRoot.Table, _ definition: TableDefinition, replacing own: TableView?
    ) throws(DatabaseError) -> RestorePlan.Table {
        let definition = definition.copied(id: makeTableID(), name: definition.name)
        let comparison = SchemaComparison(theirs: stored.definition, ours: definition)
        let builder = RestoreFileBuilder(
            source: source, stored: stored, definition: definition, comparison: comparison,
            storage: storage, isLinked: request.isLinked, isSameTable: true, liveLSN: live.lsn,
            own: own.map { LiveSegments($0, in: storage) })
        var partitions: [RestorePlan.Partition] = []
        for name in partitionNames(stored) {
            let entries = stored.segments.filter { $0.partition == name }
            partitions.append(
                RestorePlan.Partition(
                    name: name, action: own == nil ? .add : .replace,
                    files: builder.files(entries), removed: [], rowsLost: nil, conflict: nil))
        }
        guard let own else {
            return RestorePlan.Table(
                change: .create, definition: definition, partitions: partitions, conflict: nil,
                bytesDropped: 0)
        }
        let lost = try countLost(&partitions, own, stored)
        return RestorePlan.Table(
            change: .replace(id: own.definition.id), definition: definition,
            partitions: partitions, conflict: nil,
            bytesDropped: own.segments.reduce(0) { $0 + $1.bytes }, rowsLost: lost)
    }

    /// Counts what goes with a table that is replaced, and adds the partitions that go with it.
    ///
    /// - Returns: the loss of the whole table where its partitions are not cut as the backup's are.
    private func countLost(
        _ partitions: inout [RestorePlan.Partition], _ own: TableView,
        _ stored: ReadableRoot.Table
    ) throws(DatabaseError) -> RestorePlan.LostRows? {
        let isCutAlike = own.definition.partitionUnit == stored.definition.partitionUnit
        let ours = Dictionary(grouping: own.segments, by: \.partition)
        for index in partitions.indices where isCutAlike {
            let name = partitions[index].name
            partitions[index].rowsLost = try lostRows(
                ours[name] ?? [], stored.segments.filter { $0.partition == name }, own, stored)
        }
        for name in Set(ours.keys).subtracting(partitions.map(\.name)).sorted() {
            let lost = isCutAlike ? try lostRows(ours[name] ?? [], [], own, stored) : nil
            partitions.append(
                RestorePlan.Partition(
                    name: name, action: .drop, files: [], removed: [], rowsLost: lost,
                    conflict: nil))
        }
        for detached in detachedPartitions(of: own) {
            let lost = RestorePlan.LostRows(count: detached.rows, isExact: true)
            partitions.append(
                RestorePlan.Partition(
                    name: detached.partition + DetachedPartition.suffix, action: .drop, files: [],
                    removed: [], rowsLost: lost, conflict: nil))
        }
        return isCutAlike ? nil : try lostRows(own.segments, stored.segments, own, stored)
    }

    /// What lies beside a table and goes with it.
    private func detachedPartitions(of own: TableView) -> [DetachedPartition] {
        do throws(DatabaseError) {
            return try storage.detachedPartitions(of: own.definition, current: own.segments)
        } catch _ {
            // One that cannot be read must not keep FULL from repairing the table.
            return []
        }
    }

    private func partitionNames(_ stored: ReadableRoot.Table) -> [String] {
        Set(stored.segments.map(\.partition)).filter(request.partitions.contains).sorted()
    }

    /// A table that stays and gets partitions; those that the backup lacks stay too.
    private func change(_ own: TableView, _ stored: ReadableRoot.Table) throws(DatabaseError)
        -> RestorePlan.Table
    {
        let comparison = SchemaComparison(theirs: stored.definition, ours: own.definition)
        if let difference = comparison.firstDifference {
            return obstructed(
                own.definition, .restoreSchemaDiffers(own.name, difference, in: request.scope))
        }
        let builder = RestoreFileBuilder(
            source: source, stored: stored, definition: own.definition, comparison: comparison,
            storage: storage, isLinked: request.isLinked,
            isSameTable: source.root.identity == storage.identity
                && stored.definition.id == own.definition.id,
            liveLSN: live.lsn, own: LiveSegments(own, in: storage))
        var partitions: [RestorePlan.Partition] = []
        for name in partitionNames(stored) {
            partitions.append(try change(name, of: own, stored, builder))
        }
        return RestorePlan.Table(
            change: .partitions, definition: own.definition, partitions: partitions, conflict: nil,
            bytesDropped: 0, origin: stored.definition)
    }

    private func change(
        _ name: String, of own: TableView, _ stored: ReadableRoot.Table,
        _ builder: RestoreFileBuilder
    ) throws(DatabaseError) -> RestorePlan.Partition {
        let theirs = stored.segments.filter { $0.partition == name }
        let ours = own.segments.filter { $0.partition == name }
        let isDamaged = ours.contains { builder.own?.isDamaged($0) == true }
        let isSame = !isDamaged && Set(theirs.map(\.sha256)) == Set(ours.map(\.sha256))
        func partition(_ action: RestorePlan.Partition.Action) -> RestorePlan.Partition {
            let isWritten = action == .add || action == .replace
            return RestorePlan.Partition(
                name: name, action: action, files: isWritten ? builder.files(theirs) : [],
                removed: isWritten ? ours : [], rowsLost: nil, conflict: nil)
        }
        if ours.isEmpty { return partition(.add) }
        switch request.mode {
        case .replace:
            var replaced = partition(.replace)
            replaced.rowsLost = try lostRows(ours, theirs, own, stored)
            return replaced
        case .differing where isSame, .refuse where isSame: return partition(.reuse)
        case .differing:
            var replaced = partition(.replace)
            replaced.rowsLost = try lostRows(ours, theirs, own, stored)
            return replaced
        case .refuse:
            var obstructed = partition(.conflict)
            obstructed.conflict = .restoreOntoPartition(name, of: own.name)
            return obstructed
        }
    }

    /// Rows that only our segments have. Segments that both have need no reading, unless what hides
    /// their rows is elsewhere.
    private func lostRows(
        _ ours: [SegmentEntry], _ theirs: [SegmentEntry], _ own: TableView,
        _ stored: ReadableRoot.Table
    ) throws(DatabaseError) -> RestorePlan.LostRows? {
        guard countsLostRows else { return nil }
        if ours.map(\.sha256) == theirs.map(\.sha256) {
            return RestorePlan.LostRows(count: 0, isExact: true)
        }
        let isUpserted = [own.definition, stored.definition].contains { !$0.dedupKeys.isEmpty }
        let shared =
            isUpserted ? [] : Set(ours.map(\.sha256)).intersection(theirs.map(\.sha256))
        let difference = RowDifference(
            theirs: stored.view, ours: own, checkCancelled: checkCancelled)
        do throws(DatabaseError) {
            return try difference.rowsOnly(
                in: ours.filter { !shared.contains($0.sha256) },
                not: theirs.filter { !shared.contains($0.sha256) })
        } catch {
            // A live file that cannot be read must not keep the restore from repairing it; one of
            // the backup is told when it is copied.
            guard [.corrupted, .missingFile].contains(error.state) else { throw error }
            return RestorePlan.LostRows(
                count: ours.reduce(0) { $0 + $1.rows }, isExact: false)
        }
    }
}

/// Makes the file operations of one table.
struct RestoreFileBuilder {
    let source: RestoreSource
    let stored: ReadableRoot.Table
    /// The table as it will be.
    let definition: TableDefinition
    let comparison: SchemaComparison
    let storage: Storage
    let isLinked: Bool
    let isSameTable: Bool
    let liveLSN: LSN
    /// The live table whose files may be used again.
    let own: LiveSegments?

    /// The operations for the segments of one partition, in their order.
    func files(_ entries: [SegmentEntry]) -> [RestorePlan.File] {
        // Commits of another past, or of a future that was given up, say nothing here: then the
        // segments count as written by the restore, in the order they have.
        let isOurPast =
            source.root.identity == storage.identity
            && entries.allSatisfy { $0.lastLSN <= liveLSN }
        return entries.map { entry in
            let placed = entry.with(
                firstLSN: isOurPast ? nil : .zero, lastLSN: isOurPast ? nil : .zero,
                columnMap: comparison.columnMap(of: entry, isSameTable: isSameTable))
            return RestorePlan.File(
                operation: operation(entry), source: source.path(of: entry, in: stored),
                target: storage.segmentPath(placed, of: definition), entry: placed)
        }
    }

    private func operation(_ entry: SegmentEntry) -> RestorePlan.File.Operation {
        if let own, let twin = own.twin(of: entry) {
            return .reuse(path: storage.segmentPath(twin, of: own.definition))
        }
        return isLinked ? .link : .copy
    }
}

/// The segments of a live table, found by their ids: there may be thousands.
struct LiveSegments {
    let definition: TableDefinition
    private let entries: [String: SegmentEntry]
    /// Names of the files that were found missing or damaged.
    private let damaged: Set<String>

    init(_ view: TableView, in storage: Storage) {
        definition = view.definition
        entries = Dictionary(view.segments.map { ($0.id, $0) }) { first, _ in first }
        damaged = Set(
            storage.damagedSegments(of: view.definition.id).map { Path.name(of: $0.path) })
    }

    /// Whether a segment is known not to have the rows that its entry tells.
    func isDamaged(_ entry: SegmentEntry) -> Bool {
        !damaged.isEmpty && damaged.contains(Path.name(of: entry.relativePath))
    }

    /// The segment that is the same: only with id, length and digest it is, and undamaged.
    func twin(of entry: SegmentEntry) -> SegmentEntry? {
        guard let own = entries[entry.id], own.bytes == entry.bytes, own.sha256 == entry.sha256,
            !isDamaged(own)
        else { return nil }
        return own
    }
}
