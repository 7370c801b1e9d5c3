import Catalog
import Diagnostics
import Platform
import Storage
import Values

/// TTL: partitions that are wholly older than a table keeps its rows are dropped.
extension Engine {
    /// How often the server calls `enforceTimeToLive`.
    package static var timeToLiveMilliseconds: Int { Limits.timeToLiveMilliseconds }

    /// The partitions of a table that its TTL ends.
    ///
    /// A partition is over when its end is at least the TTL before the table's highest timestamp.
    /// A timestamp in the future counts as now: one wrong clock must not end everything. The
    /// partition with the highest timestamp stays.
    static func expired(_ segments: [SegmentEntry], of table: TableDefinition, now: Int64)
        -> Set<String>
    {
        guard let timeToLive = table.timeToLive,
            let last = segments.compactMap(\.maxTimestamp).max().map(table.microseconds)
        else { return [] }
        let newest = min(last, now)
        let kept = PartitionName.partition(of: last, unit: table.partitionUnit).name
        var names: Set<String> = []
        for segment in segments where segment.partition != kept {
            guard
                let end = segment.maxTimestamp.map({
                    PartitionName.partition(
                        of: table.microseconds(of: $0), unit: table.partitionUnit
                    ).range.upperBound
                })
            else { continue }
            if timeToLive.isOver(from: end, at: newest) { names.insert(segment.partition) }
        }
        return names
    }

    /// Drops what is over, in the given tables or in all. Blocks; what fails is logged and tried
    /// again the next time.
    package func enforceTimeToLive(of tables: [UInt64]? = nil) {
        for view in storage.snapshot().tables {
            let table = view.definition
            guard table.timeToLive != nil, tables?.contains(table.id) ?? true else { continue }
            do throws(DatabaseError) {
                try enforceTimeToLive(table)
            } catch {
                // Somebody was faster: there is a next time.
                if error.state == .serializationFailure || error.state == .undefinedTable {
                    continue
                }
                platform.log.log(
                    .error, "engine", "cannot drop partitions older than TTL: \(error)")
            }
        }
    }

    private func enforceTimeToLive(_ table: TableDefinition) throws(DatabaseError) {
        // Rows in memory count: without them the highest timestamp is not known.
        let now = platform.clock.now()
        guard let view = storage.snapshot().table(id: table.id),
            !Self.expired(view.segments, of: view.definition, now: now).isEmpty
                || view.runs.contains(where: { $0.segment == nil })
        else { return }
        if locks.isHeld(table.id) { return }
        storage.makeRoomToFree()
        try storage.flush(tables: [table.id])
        guard let view = storage.snapshot().table(id: table.id) else { return }
        let names = Self.expired(view.segments, of: view.definition, now: now)
        let gone = view.segments.filter { names.contains($0.partition) }
        if gone.isEmpty { return }
        let replacement = SegmentReplacement(
            table: table.id, definitionVersion: view.definition.version,
            removed: gone.map(\.id), added: [])
        let commit = try storage.commit(Transaction(edits: [.replaceSegments(replacement)]))
        locks.noteRewrite(of: [table.id], at: commit.lsn)
        platform.log.log(
            .info, "engine",
            "dropped \(names.count) partitions older than TTL of table \(table.name)")
    }
}

extension TimeToLive {
    /// Whether what ended at one moment has been kept long enough at another.
    fileprivate func isOver(from end: Int64, at now: Int64) -> Bool {
        // The partition's last microsecond; its end is the next one.
        let begin = end == .max ? end : end + 1
        switch length {
        case .microseconds(let length):
            let sum = begin.addingReportingOverflow(length)
            return !sum.overflow && sum.partialValue <= now
        case .months(let months):
            let time = CivilTime(microseconds: begin)
            let month = Int64(time.month) - 1 + months
            let year = Int64(time.year) + month / 12
            guard year < 10_000, begin < now else { return false }
            let due = CivilTime.daysSinceEpoch(
                year: Int(year), month: Int(month % 12) + 1, day: 1)
            let day = CivilTime.microsecondsPerDay
            let rest =
                begin - Int64(
                    CivilTime.daysSinceEpoch(
                        year: time.year, month: time.month, day: 1)) * day
            return Int64(due) * day + rest <= now
        }
    }
}
