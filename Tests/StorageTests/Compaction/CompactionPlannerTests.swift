import Catalog
import Platform
import Testing

@testable import Storage

/// The planner against entries that stand for files: what it merges, and what it leaves alone.
@Suite struct CompactionPlannerTests {
    private let planner = CompactionPlanner(size: SegmentSize(rows: 4_096))
    private let definition = TradesTable.definition(id: 1)

    private func entry(_ number: Int, _ times: ClosedRange<Int64>, rows: Int) -> SegmentEntry {
        SegmentEntry(
            id: "s\(number)", partition: "1970-01-01", rows: rows, minTimestamp: times.lowerBound,
            maxTimestamp: times.upperBound, firstLSN: LSN(UInt64(number + 1)),
            lastLSN: LSN(UInt64(number + 1)), bytes: rows * 10, sha256: [])
    }

    private func ids(_ job: CompactionJob?) -> [String] { job?.inputs.map(\.id) ?? [] }

    @Test("crumbs that follow each other wait until they are many, unless the partition is idle")
    func crumbs() {
        let many = CompactionPlanner.crumbs
        let entries = (0..<many).map { entry($0, Int64($0 * 100)...Int64($0 * 100 + 99), rows: 10) }

        #expect(ids(planner.jobs(definition, entries).first) == entries.map(\.id))
        #expect(planner.jobs(definition, Array(entries.dropLast())).isEmpty)
        let idle = planner.jobs(definition, Array(entries.prefix(3))) { _ in true }
        #expect(ids(idle.first) == ["s0", "s1", "s2"])
    }

    @Test("late rows are merged among themselves and leave the large segments alone")
    func lateRows() {
        var entries: [SegmentEntry] = []
        for flush in 0..<4 {
            let begin = Int64(flush) * 1_000
            if flush > 0 { entries.append(entry(flush * 2, 0...begin - 1, rows: 100)) }
            entries.append(entry(flush * 2 + 1, begin...begin + 999, rows: 4_000))
        }
        #expect(planner.jobs(definition, entries).isEmpty)
        entries.append(entry(8, 0...3_999, rows: 100))

        let job = planner.jobs(definition, entries).first

        #expect(ids(job) == ["s2", "s4", "s6", "s8"])
        #expect(job?.place == .last)
    }

    @Test("many tiny runs are put together at once, large ones a few at a time")
    func tinyRuns() {
        let tiny = (0..<200).map { entry($0, 0...99, rows: 2) }
        let large = (0..<40).map { number in
            SegmentEntry(
                id: "l\(number)", partition: "1970-01-01", rows: 1_000, minTimestamp: 0,
                maxTimestamp: 99, firstLSN: LSN(1), lastLSN: LSN(2), bytes: 1 << 20, sha256: [])
        }

        #expect(planner.jobs(definition, tiny).first?.inputs.count == 200)
        #expect(planner.jobs(definition, large).first?.inputs.count == 16)
    }

    @Test("an idle partition takes in its late rows when they are many and not when they are few")
    func idle() {
        let base = (0..<3).map { entry($0, Int64($0 * 100)...Int64($0 * 100 + 99), rows: 4_096) }

        let few = planner.jobs(definition, base + [entry(9, 0...299, rows: 50)]) { _ in true }
        let many = planner.jobs(definition, base + [entry(9, 0...299, rows: 1_000)]) { _ in true }
        let near = planner.jobs(definition, base + [entry(9, 250...299, rows: 500)]) { _ in true }

        #expect(few.isEmpty)
        #expect(ids(many.first) == ["s0", "s1", "s2", "s9"])
        #expect(ids(near.first) == ["s2", "s9"])
    }

    @Test("an idle partition that is one run is left for ever")
    func settled() {
        let base = (0..<9).map { entry($0, Int64($0 * 100)...Int64($0 * 100 + 99), rows: 4_096) }

        #expect(planner.jobs(definition, base) { _ in true }.isEmpty)
    }

    @Test("what stands between in the table's order and overlaps is taken along")
    func obstacles() {
        // s4 is large and lies, in order and time, between the small ones.
        let entries = [
            entry(0, 0...99, rows: 10), entry(1, 0...99, rows: 10), entry(4, 0...99, rows: 4_000),
            entry(2, 0...99, rows: 10), entry(3, 0...99, rows: 10),
        ]

        #expect(ids(planner.jobs(definition, entries).first) == ["s0", "s1", "s4", "s2", "s3"])
    }

    @Test("a damaged segment is no input and nothing passes it")
    func damaged() {
        let entries = (0..<5).map { entry($0, 0...99, rows: 10) }

        #expect(planner.jobs(definition, entries, excluded: ["s2"]).isEmpty)
        #expect(ids(planner.jobs(definition, entries, excluded: ["s4"]).first).count == 4)
    }

    @Test("a job reads no more than its limit, beginning with the oldest rows")
    func bounded() {
        let small = CompactionPlanner(
            size: SegmentSize(rows: 4_096), inputBytes: 45_000)
        let entries = (0..<8).map { entry($0, Int64($0)...Int64($0 + 500), rows: 1_000) }

        #expect(ids(small.jobs(definition, entries).first) == ["s0", "s1", "s2", "s3"])
    }

    @Test("without timestamps neighbours are put together and never change places")
    func withoutTimestamps() {
        let many = CompactionPlanner.crumbs
        let entries = (0..<many + 6).map { number in
            SegmentEntry(
                id: "s\(number)", partition: "default", rows: 10, minTimestamp: nil,
                maxTimestamp: nil, firstLSN: LSN(1), lastLSN: LSN(1), bytes: 100, sha256: [])
        }

        #expect(ids(planner.jobs(definition, entries).first) == entries.prefix(many).map(\.id))
        #expect(planner.jobs(definition, entries, excluded: ["s\(many / 2)"]).isEmpty)
    }

    @Test("where too much was written already, late rows stay apart from what they overlap")
    func spared() {
        var spent = planner
        spent.spareBytes = 10_000
        let base = (0..<3).map { entry($0, Int64($0 * 100)...Int64($0 * 100 + 99), rows: 4_096) }
        let late = [entry(8, 0...299, rows: 1_000), entry(9, 0...299, rows: 1_000)]

        let one = spent.jobs(definition, base + [late[0]]) { _ in true }
        let two = spent.jobs(definition, base + late) { _ in true }
        spent.isThorough = true
        let asked = spent.jobs(definition, base + [late[0]]) { _ in true }

        #expect(one.isEmpty)
        #expect(ids(two.first) == ["s8", "s9"])
        #expect(ids(asked.first) == ["s0", "s1", "s2", "s8"])
    }

    @Test("what may still be written depends on what came in, before the start too")
    func spareBytes() {
        let fresh = TableCounters(flushed: 1_000, replaced: 500)
        let restarted = TableCounters()

        #expect(fresh.spareBytes(holding: 1_000) == 1_300)
        #expect(restarted.spareBytes(holding: 1_000) == 2_800)
        #expect(TableCounters(flushed: 1_000, replaced: 5_000).spareBytes(holding: 10) == 0)
    }

    @Test("segments that are full by their bytes are left, whatever they take on disk")
    func fullByBytes() {
        // Rows of the table take 45 bytes in memory, with 4 for a string; 400 fill a segment.
        let tight = CompactionPlanner(size: SegmentSize(rows: 4_096, bytes: 22_500))
        let full = tight.size.rows(of: definition, madeOf: 400, fileBytes: 400)
        let entries = (0..<8).map { entry($0, Int64($0)...Int64($0), rows: full) }

        #expect(full < 500)
        #expect(tight.jobs(definition, entries) { _ in true }.isEmpty)
        #expect(!planner.jobs(definition, entries) { _ in true }.isEmpty)
    }
}
