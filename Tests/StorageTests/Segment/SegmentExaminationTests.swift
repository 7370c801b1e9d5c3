import Catalog
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

@Suite struct SegmentExaminationTests {
    private let world = SimulatedPlatform(seed: 6)
    private let definition = TradesTable.definition(id: 1)

    private func publish(_ rows: Range<Int64>, _ name: String) throws -> (String, SegmentEntry) {
        let bytes = SegmentWriter.encode(
            TradesTable.batch(rows), definition: definition, firstLSN: LSN(1), lastLSN: LSN(2))
        try world.platform.files.makeDurableDirectory("/segments")
        let path = "/segments/\(name)"
        try world.platform.files.publish(bytes, as: path)
        let entry = SegmentEntry(
            id: String(repeating: "a", count: 32), partition: "1970-01-01", rows: rows.count,
            minTimestamp: rows.lowerBound * 1_000_000,
            maxTimestamp: (rows.upperBound - 1) * 1_000_000, firstLSN: LSN(1), lastLSN: LSN(2),
            bytes: bytes.count, sha256: SHA256.digest(bytes))
        return (path, entry)
    }

    @Test("a segment as it was written is sound, over several entries of statistics")
    func sound() throws {
        let (path, entry) = try publish(0..<40_000, "sound.seg")

        try SegmentExamination.examine(
            path, entry: entry, of: definition, files: world.platform.files)
    }

    @Test("statistics of other rows are found, column by column")
    func otherStatistics() throws {
        let (path, _) = try publish(0..<100, "one.seg")
        let (otherPath, _) = try publish(1..<101, "two.seg")
        let reader = try SegmentReader(path: path, files: world.platform.files, expected: nil)
        let other = try SegmentReader(path: otherPath, files: world.platform.files, expected: nil)

        for column in definition.columns where column.type != .symbol {
            let vector = try other.vector(for: column, id: column.id, rows: 0..<100)
            let error = failure {
                try SegmentExamination.checkStatistics(
                    vector, of: column, id: column.id, reader)
            }
            #expect(error?.state == .corrupted, "\(column.name)")
            #expect(error?.message.contains("\(column.name).statistics") == true)
        }
    }

    @Test("bounds, partition and rows that the manifest tells otherwise are found")
    func otherManifest() throws {
        let (path, entry) = try publish(0..<100, "three.seg")
        let wrong = [
            SegmentEntry(
                id: entry.id, partition: "1970-01-02", rows: 100,
                minTimestamp: entry.minTimestamp, maxTimestamp: entry.maxTimestamp,
                firstLSN: LSN(1), lastLSN: LSN(2), bytes: entry.bytes, sha256: entry.sha256),
            SegmentEntry(
                id: entry.id, partition: entry.partition, rows: 100, minTimestamp: 1,
                maxTimestamp: entry.maxTimestamp, firstLSN: LSN(1), lastLSN: LSN(2),
                bytes: entry.bytes, sha256: entry.sha256),
            SegmentEntry(
                id: entry.id, partition: entry.partition, rows: 99,
                minTimestamp: entry.minTimestamp, maxTimestamp: entry.maxTimestamp,
                firstLSN: LSN(1), lastLSN: LSN(2), bytes: entry.bytes, sha256: entry.sha256),
        ]

        for entry in wrong {
            let error = failure {
                try SegmentExamination.examine(
                    path, entry: entry, of: definition, files: world.platform.files)
            }
            #expect(error?.state == .corrupted)
            #expect(error?.message.contains(path) == true)
        }
    }
}
