import Catalog

/// Decides which segments of a table are worth rewriting. Pure: the same table, the same answer.
///
/// The segments of a partition are dealt into *runs*: segments that follow each other in time
/// without overlap. Rows that come in order make one long run; late rows make short ones beside it.
/// Two rules follow, each of which moves a row up a level of size:
/// - four runs of one level are merged into one (they overlap, or they would be one run);
/// - many small neighbours inside a run, which cost a reader little, are put together.
/// Late rows are thus merged among themselves, about log4 of their number times, and leave the long
/// run alone. A partition that has been idle gets everything at once, unless so few rows are late
/// that they are not worth it, or so much was written for the table already that it may not be.
///
/// A segment may pass another in the table's order only when they do not overlap in time: ties
/// must stay in the order of their commits.
struct CompactionPlanner {
    /// How many runs of one level make the next.
    static let fan = 4
    /// How many small neighbours of one level are put together.
    static let crumbs = Limits.compactionCrumbs

    let size: SegmentSize
    /// Most bytes read by one job.
    let inputBytes: Int
    /// Whether nothing may overlap in the end, however few the rows are that do.
    var isThorough = false
    /// So many small neighbours are worth putting together.
    var mostCrumbs = Limits.compactionCrumbs
    /// Most bytes of an idle partition that may be rewritten because of late rows.
    var spareBytes = Int.max

    init(
        size: SegmentSize = SegmentSize(), inputBytes: Int = Limits.compactionBytes
    ) {
        self.size = size
        self.inputBytes = inputBytes
    }

    /// Jobs that do not touch each other's segments, the smallest first.
    ///
    /// - Parameter idle: partitions that nothing was written to for long.
    /// - Parameter excluded: ids of segments that cannot be read.
    func jobs(
        _ definition: TableDefinition, _ segments: [SegmentEntry],
        idle: (String) -> Bool = { _ in false }, excluded: Set<String> = []
    ) -> [CompactionJob] {
        var partitions: [String: [PlannedSegment]] = [:]
        for (place, entry) in segments.enumerated() {
            partitions[entry.partition, default: []].append(
                PlannedSegment(
                    entry: entry, place: place, isExcluded: excluded.contains(entry.id)))
        }
        var jobs: [CompactionJob] = []
        for (name, members) in partitions where members.count > 1 {
            // With keys even a shared moment must be looked into.
            let partition = PlannedPartition(
                members, of: definition, isStrict: !definition.dedupKeys.isEmpty)
            if let job = job(partition, isIdle: idle(name)) { jobs.append(job) }
        }
        return jobs.sorted { ($0.bytes, $0.partition) < ($1.bytes, $1.partition) }
    }

    private func job(_ partition: PlannedPartition, isIdle: Bool) -> CompactionJob? {
        for group in overlapping(partition) + crumbs(partition, isIdle: false) {
            if let job = partition.job(of: group, upTo: inputBytes) { return job }
        }
        guard isIdle else { return nil }
        for group in remains(partition) + crumbs(partition, isIdle: true) {
            if let job = partition.job(of: group, upTo: inputBytes) { return job }
        }
        return nil
    }

    /// Level 0 up to 1/4096 of a full segment, then one more for each factor of four.
    private func level(_ rows: Int) -> Int {
        var level = 0
        var rest = rows / max(1, size.rows / 4_096)
        while rest >= Self.fan {
            rest /= Self.fan
            level += 1
        }
        return level
    }

    /// Runs of one level, when there are enough of them.
    private func overlapping(_ partition: PlannedPartition) -> [[PlannedSegment]] {
        var levels: [Int: [PlannedRun]] = [:]
        for run in partition.runs { levels[level(run.rows), default: []].append(run) }
        return levels.sorted { $0.key < $1.key }.compactMap { _, runs in
            guard runs.count >= Self.fan else { return nil }
            return chosen(of: runs).flatMap(\.segments)
        }
    }

    /// The first runs, more of them where they are tiny: then they cost their number, not their
    /// bytes, and should be gone with one rewriting.
    private func chosen(of runs: [PlannedRun]) -> ArraySlice<PlannedRun> {
        var bytes = 0
        let tiny = runs.prefix(Limits.compactionTinyRuns).prefix { run in
            bytes += run.segments.reduce(0) { $0 + $1.entry.bytes }
            return bytes <= Limits.compactionTinyBytes
        }
        return runs.prefix(max(Limits.compactionRuns, tiny.count))
    }

    /// Small neighbours inside a run: when many of one level lie side by side, or all at last.
    private func crumbs(_ partition: PlannedPartition, isIdle: Bool) -> [[PlannedSegment]] {
        var groups: [[PlannedSegment]] = []
        for run in partition.runs {
            for stretch in run.segments.split(whereSeparator: { !isSmall($0, partition) }) {
                groups += isIdle ? whole(stretch, partition) : levels(stretch)
            }
        }
        return groups.sorted { $0.rowCount < $1.rowCount }
    }

    private func isSmall(_ segment: PlannedSegment, _ partition: PlannedPartition) -> Bool {
        !segment.isExcluded && segment.entry.rows < fullRows([segment], partition) / 2
    }

    /// Rows of a full segment that is made of others.
    private func fullRows(_ group: [PlannedSegment], _ partition: PlannedPartition) -> Int {
        size.rows(
            of: partition.definition, madeOf: group.rowCount,
            fileBytes: group.reduce(0) { $0 + $1.entry.bytes })
    }

    /// All of a stretch, when fewer segments can hold its rows.
    private func whole(_ stretch: ArraySlice<PlannedSegment>, _ partition: PlannedPartition)
        -> [[PlannedSegment]]
    {
        let group = Array(stretch.prefix(Self.crumbs))
        let rows = fullRows(group, partition)
        let fewest = (group.rowCount + rows - 1) / rows
        return group.count > 1 && group.count > fewest ? [group] : []
    }

    /// The first neighbours of the lowest level that are enough for the next.
    private func levels(_ stretch: ArraySlice<PlannedSegment>) -> [[PlannedSegment]] {
        for level in Set(stretch.map { self.level($0.entry.rows) }).sorted() {
            let parts = stretch.split { self.level($0.entry.rows) > level }
            for part in parts {
                let count = part.count { self.level($0.entry.rows) == level }
                if count >= mostCrumbs { return [Array(part.prefix(Self.crumbs))] }
            }
        }
        return []
    }

    /// What an idle partition still has beside its longest run; with the part of that run that it
    /// overlaps, when it is more than a few rows.
    private func remains(_ partition: PlannedPartition) -> [[PlannedSegment]] {
        guard let longest = partition.runs.max(by: { $0.rows < $1.rows }),
            partition.runs.count > 1
        else { return [] }
        let late = partition.runs.filter { $0.segments[0].place != longest.segments[0].place }
            .flatMap(\.segments)
        let touched = longest.segments.filter { segment in
            late.contains { $0.overlaps(segment) }
        }
        let bytes = (late + touched).reduce(0) { $0 + $1.entry.bytes }
        let isWorth =
            late.rowCount * Limits.lateRowShare >= touched.rowCount && bytes <= spareBytes
        if isWorth || isThorough { return [late + touched] }
        return partition.runs.count > 2 ? [late] : []
    }
}

/// A segment with its place in the table's order.
struct PlannedSegment {
    let entry: SegmentEntry
    let place: Int
    let isExcluded: Bool

    /// Without timestamps the order of the table is the only one.
    var first: Int64 { entry.minTimestamp ?? Int64(place) }
    var last: Int64 { entry.maxTimestamp ?? Int64(place) }

    func overlaps(_ other: PlannedSegment) -> Bool { first <= other.last && other.first <= last }
}

extension [PlannedSegment] {
    var rowCount: Int { reduce(0) { $0 + $1.entry.rows } }
}

/// Segments in the order of time that do not overlap.
struct PlannedRun {
    private(set) var segments: [PlannedSegment]
    private(set) var rows: Int

    init(_ segment: PlannedSegment) {
        segments = [segment]
        rows = segment.entry.rows
    }

    /// Puts a segment that is later in the table's order where there is room for it in time.
    ///
    /// - Parameter isStrict: whether neighbours may not even share a moment.
    mutating func insert(_ segment: PlannedSegment, isStrict: Bool) -> Bool {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            // A tie goes behind: the other was committed before.
            if segments[middle].last <= segment.first { low = middle + 1 } else { high = middle }
        }
        if low < segments.count, segment.last >= segments[low].first { return false }
        if isStrict, low > 0, segments[low - 1].last == segment.first { return false }
        segments.insert(segment, at: low)
        rows += segment.entry.rows
        return true
    }
}

/// The segments of one partition, dealt into runs.
struct PlannedPartition {
    let segments: [PlannedSegment]
    let definition: TableDefinition
    let runs: [PlannedRun]

    init(_ segments: [PlannedSegment], of definition: TableDefinition, isStrict: Bool = false) {
        self.segments = segments
        self.definition = definition
        var runs: [PlannedRun] = []
        for segment in segments {
            var isPlaced = false
            for index in runs.indices where !isPlaced {
                isPlaced = runs[index].insert(segment, isStrict: isStrict)
            }
            if !isPlaced { runs.append(PlannedRun(segment)) }
        }
        self.runs = runs
    }

    /// Makes a job of a group: of its first part in time when it is too large, and of more than it
    /// when others stand in the way. Nil when nothing would be gained.
    func job(of group: [PlannedSegment], upTo limit: Int) -> CompactionJob? {
        var chosen: [PlannedSegment] = []
        var bytes = 0
        for segment in group.sorted(by: { ($0.first, $0.place) < ($1.first, $1.place) })
        where !segment.isExcluded {
            bytes += segment.entry.bytes
            if bytes > limit, chosen.count > 1 { break }
            chosen.append(segment)
        }
        guard chosen.count > 1 else { return nil }
        while true {
            let inputs = chosen.sorted { $0.place < $1.place }
            let obstacles = [CompactionJob.Place.last, .first].map {
                (self.obstacles(inputs, $0), $0)
            }
            for (found, place) in obstacles where found.isEmpty {
                return CompactionJob(
                    partition: inputs[0].entry.partition, inputs: inputs.map(\.entry), place: place)
            }
            guard let fewest = obstacles.min(by: { $0.0.count < $1.0.count })?.0,
                !fewest.contains(where: \.isExcluded)
            else { return nil }
            chosen += fewest
            if chosen.reduce(0, { $0 + $1.entry.bytes }) > 2 * limit { return nil }
        }
    }

    /// Segments that an input would pass in the table's order although they overlap in time.
    private func obstacles(_ inputs: [PlannedSegment], _ place: CompactionJob.Place)
        -> [PlannedSegment]
    {
        guard let first = inputs.first?.place, let last = inputs.last?.place else { return [] }
        let ids = Set(inputs.map(\.place))
        return segments.filter { other in
            guard other.place > first, other.place < last, !ids.contains(other.place) else {
                return false
            }
            return inputs.contains { input in
                let isPassed =
                    place == .last ? input.place < other.place : input.place > other.place
                return isPassed && input.overlaps(other)
            }
        }
    }
}
