import Catalog
import Storage
import Values

/// Small segments of a partition that a statement writes anew become one: they are read anyway, and
/// one file costs a fraction of many.
///
/// The order of a table's segments is that of their rows among equal timestamps, and of their upsert
/// keys. A group takes the place of its first segment; a segment joins it only when it overlaps in
/// time none of those that it passes.
struct SegmentFolding {
    /// What is left of a segment.
    struct Part {
        /// Its place in the table's order.
        let index: Int
        let segment: SegmentEntry
        let rest: Batch
    }

    private struct Place {
        let index: Int
        let segment: SegmentEntry
    }

    /// All segments of each partition, in the table's order; empty where nothing is to be folded.
    private var places: [String: [Place]] = [:]
    private var waiting: [String: [Part]] = [:]
    private var waitingBytes = 0

    /// Lets segments be put together.
    ///
    /// - Parameter parts: everything that the statement sees of the table.
    mutating func allow(among parts: [StatementView.Part]) {
        for (index, part) in parts.enumerated() {
            switch part.place {
            case .stored(let segment?), .own(let segment):
                places[segment.partition, default: []].append(
                    Place(index: index, segment: segment))
            case .stored(nil), .batch: break
            }
        }
    }

    /// Takes what is left of a segment, when it may be put together with others.
    mutating func take(_ rest: Batch, of index: Int, _ segment: SegmentEntry) -> Bool {
        // Rows of a transaction's own stay apart: their commit is not known yet.
        guard rest.rowCount > 0, segment.firstLSN != .zero,
            segment.rows <= Limits.foldedRows, segment.bytes <= Limits.foldedBytes,
            places[segment.partition].map({ $0.count > 1 }) == true
        else { return false }
        waiting[segment.partition, default: []].append(
            Part(index: index, segment: segment, rest: rest))
        waitingBytes += segment.bytes
        return true
    }

    /// Whether so much waits that it should be written.
    var isFull: Bool { waitingBytes >= Limits.foldingBytes }

    /// What waits, as groups of which each becomes one segment.
    mutating func takeGroups() -> [[Part]] {
        defer {
            waiting = [:]
            waitingBytes = 0
        }
        return waiting.sorted { $0.key < $1.key }.flatMap { partition, parts in
            groups(parts.sorted { $0.index < $1.index }, among: places[partition] ?? [])
        }
    }

    private func groups(_ parts: [Part], among places: [Place]) -> [[Part]] {
        var groups: [[Part]] = []
        var members: Set<Int> = []
        for part in parts {
            if let first = groups.last?.first,
                !places.contains(where: { other in
                    other.index > first.index && other.index < part.index
                        && !members.contains(other.index) && part.segment.overlaps(other.segment)
                })
            {
                groups[groups.count - 1].append(part)
                members.insert(part.index)
            } else {
                groups.append([part])
                members = [part.index]
            }
        }
        return groups
    }
}

extension SegmentEntry {
    /// Whether they share a moment; without timestamps every row is of the same one.
    fileprivate func overlaps(_ other: SegmentEntry) -> Bool {
        guard let first = minTimestamp, let last = maxTimestamp,
            let begin = other.minTimestamp, let end = other.maxTimestamp
        else { return true }
        return first <= end && begin <= last
    }
}
