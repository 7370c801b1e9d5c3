import Catalog
import Diagnostics
import Storage
import Testing
import Values

@testable import Engine

/// With 32 MiB for writes a load gathers 2 MiB, 1 MiB is worth a segment, and 4 MiB are much for all.
@Suite("BulkRows")
struct BulkRowsTests {
    private static let rowsOfBatch = 8_192
    private static let bytesOfBatch = 16 * rowsOfBatch

    private let rig: EngineRig
    private let table: TableDefinition
    private let batch: Batch

    init() throws {
        var settings = StorageSettings()
        settings.writeMemoryBytes = 32 << 20
        rig = try EngineRig(settings: settings)
        try rig.connect().run("CREATE TABLE t (a LONG, b LONG)")
        let snapshot = rig.engine.storage.snapshot()
        defer { snapshot.release() }
        table = try #require(snapshot.table(schema: "public", name: "t")?.definition)
        var builder = ColumnBuilder(type: .long)
        for number in 0..<Self.rowsOfBatch { builder.append(.integer(Int64(number))) }
        let column = builder.makeVector()
        batch = Batch(rowCount: Self.rowsOfBatch, columns: [column, column])
    }

    private func append(_ bytes: Int, to rows: inout BulkRows) throws {
        for _ in 0..<(bytes / Self.bytesOfBatch) { try rows.append(batch) }
    }

    @Test("a large load gathers a sixteenth of the memory for each segment")
    func large() throws {
        var rows = BulkRows(rig.engine, table: table)

        try append(5 << 20, to: &rows)
        try rows.finish()

        #expect(rows.entries.map { $0.rows * 16 / (1 << 20) } == [2, 2, 1])
        rows.discard()
    }

    @Test("what is worth a segment at the end becomes one, and less stays in memory")
    func end() throws {
        var worth = BulkRows(rig.engine, table: table)
        var less = BulkRows(rig.engine, table: table)

        try append(1 << 20, to: &worth)
        try append(1 << 20 - Self.bytesOfBatch, to: &less)
        let before = worth.entries.count
        try worth.finish()
        try less.finish()

        #expect(before == 0)
        #expect(worth.entries.count == 1 && worth.batches.isEmpty)
        #expect(less.entries.isEmpty && less.batches.count == 7)
        worth.discard()
    }

    @Test("no segment has more rows than a segment may")
    func rowLimit() throws {
        var settings = StorageSettings()
        settings.segmentRows = 3 * Self.rowsOfBatch
        let rig = try EngineRig(settings: settings)
        try rig.connect().run("CREATE TABLE t (a LONG, b LONG)")
        var rows = BulkRows(rig.engine, table: table)

        try append(7 * Self.bytesOfBatch, to: &rows)
        try rows.finish()

        #expect(rows.entries.map { $0.rows / Self.rowsOfBatch } == [3, 3, 1])
        rows.discard()
    }

    @Test("when all loads together hold much, each writes what is worth a segment")
    func crowded() throws {
        let memory = rig.engine.loadMemory
        var loads = (0..<6).map { _ in BulkRows(rig.engine, table: table) }
        var most = 0

        for _ in 0..<24 {
            for index in loads.indices {
                try loads[index].append(batch)
                most = max(most, memory.bytes)
            }
        }

        // None gathered 2 MiB, as alone; one more batch each is what the limit does not see.
        #expect(loads.allSatisfy { $0.entries.allSatisfy { $0.rows * 16 < 2 << 20 } })
        #expect(loads.allSatisfy { $0.entries.allSatisfy { $0.rows * 16 >= 1 << 20 } })
        #expect(loads.contains { !$0.entries.isEmpty })
        #expect(most <= 6 << 20)
        for index in loads.indices { loads[index].discard() }
        #expect(memory.bytes == 0)
    }

    @Test("a load that goes without an end gives its memory back")
    func gone() throws {
        func begin() throws {
            var rows = BulkRows(rig.engine, table: table)
            try rows.append(batch)
            #expect(rig.engine.loadMemory.bytes == Self.bytesOfBatch)
        }

        try begin()

        #expect(rig.engine.loadMemory.bytes == 0)
    }
}
