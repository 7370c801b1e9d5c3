import Catalog
import Diagnostics
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

@Suite struct StorageTests {
    private let world = SimulatedPlatform(seed: 1)

    private func open(_ settings: StorageSettings = StorageSettings()) throws -> Storage {
        try Storage.open(root: "/root", platform: world.platform, settings: settings)
    }

    @Test("rows read back equal what was committed, from memory, from segments and after reopening")
    func roundTrip() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        let expected = (0..<3_000).map { TradesTable.row($0, time: $0 * 1_000_000) }

        _ = try storage.commit(TradesTable.append(id, 0..<3_000))
        let inMemory = try TradesTable.rows(storage.snapshot().table(id: id))
        try storage.flush()
        let inSegments = try TradesTable.rows(storage.snapshot().table(id: id))
        try storage.close()
        let reopened = try open()
        let after = try TradesTable.rows(
            reopened.snapshot().table(schema: "PUBLIC", name: "Trades"))
        try reopened.close()

        #expect(inMemory == expected)
        #expect(inSegments == expected)
        #expect(after == expected)
    }

    @Test("a part of a run has the same rows as the whole, at every offset")
    func partsOfRuns() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<100))
        try storage.flush()
        let snapshot = storage.snapshot()
        let run = try #require(snapshot.table(id: id)?.runs.first)
        let whole = try run.batch(columns: [0, 1, 2, 3, 4, 5, 6], rows: 0..<100)

        for begin in 0..<20 {
            let part = try run.batch(columns: [0, 1, 2, 3, 4, 5, 6], rows: begin..<begin + 33)
            for column in 0..<7 {
                for row in 0..<33 {
                    let left = part.columns[column].value(at: row)
                    #expect(left == whole.columns[column].value(at: begin + row))
                }
            }
        }
        try storage.close()
    }

    @Test("late rows are sorted stably and cut into the partitions they belong to")
    func lateRows() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        let day: Int64 = 86_400_000_000

        _ = try storage.commit(TradesTable.append(id, [1, 2, 4, 5]) { $0 < 4 ? day : 0 })
        try storage.flush()

        let table = try #require(storage.snapshot().table(id: id))
        #expect(table.version.segments.map(\.entry.partition) == ["1970-01-01", "1970-01-02"])
        let numbers = try TradesTable.rows(table).map { $0[1] }
        #expect(numbers == [.integer(4), .integer(5), .integer(1), .integer(2)])
        try storage.close()
    }

    @Test("a snapshot sees neither later rows nor the end of its table")
    func snapshotsStay() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<10))
        try storage.flush()
        let before = storage.snapshot()

        _ = try storage.commit(TradesTable.append(id, 10..<20))
        _ = try storage.commit(Transaction(edits: [.truncateTable(id: id)]))
        _ = try storage.commit(Transaction(edits: [.dropTable(id: id)]))
        try storage.flush()

        #expect(try TradesTable.numbers(before.table(id: id)) == Array(0..<10))
        #expect(storage.snapshot().table(id: id) == nil)
        before.release()
        try storage.flush()
        world.runUntilIdle()
        #expect(!world.disk.paths().contains { $0.hasPrefix("/root/db/trades~") })
        try storage.close()
    }

    @Test("a name in use, a stale definition, a missing table and a forbidden NULL are refused")
    func refusals() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        let stale = Append(table: id, definitionVersion: 9, batch: TradesTable.batch([1]))
        var times = ColumnBuilder(type: .timestamp)
        times.append(.null)
        let good = TradesTable.batch([1])
        let withNull = Batch(rowCount: 1, columns: [times.makeVector()] + good.columns.dropFirst())
        let null = Append(table: id, definitionVersion: 1, batch: withNull)

        let states = [
            failure { _ = try storage.makeTrades("TRADES") },
            failure { _ = try storage.commit(Transaction(appends: [stale])) },
            failure { _ = try storage.commit(TradesTable.append(99, [1])) },
            failure { _ = try storage.commit(Transaction(appends: [null])) },
        ].map { $0?.state.code }

        #expect(states == ["42P07", "40001", "42P01", "23502"])
        #expect(storage.lastLSN == LSN(1))
        try storage.close()
    }

    @Test("an edit and an append of one transaction become visible together")
    func oneTransaction() throws {
        let storage = try open()
        let id = storage.reserveTableID()
        var transaction = TradesTable.append(id, 0..<5)
        transaction.edits = [.createTable(TradesTable.definition(id: id))]

        let result = try storage.commit(transaction)

        #expect(result.lsn == LSN(1))
        #expect(try TradesTable.numbers(storage.snapshot().table(id: id)) == Array(0..<5))
        try storage.close()
    }

    @Test("a pinned cut copied elsewhere opens by itself, and adopting it begins a new timeline")
    func pinnedCut() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<50))
        let pin = try storage.pinOnDisk(owner: "test")
        _ = try storage.commit(TradesTable.append(id, 50..<60))
        let files = world.platform.files

        try files.makeDurableDirectory("/copy/db")
        try files.publish(pin.databaseBytes, as: "/copy/db/_database")
        for table in pin.tables {
            let directory = "/copy/db/\(table.directoryName)"
            try files.makeDurableDirectory(directory)
            try files.publish(table.manifestBytes, as: "\(directory)/\(table.manifestName)")
            for segment in table.segments {
                let path = table.relativePath(of: segment)
                try files.makeDurableDirectory(Path.directory(of: "/copy/db/\(path)"))
                let bytes = try files.readAll("/root/db/\(path)", upTo: segment.bytes)
                #expect(SHA256.digest(bytes) == segment.sha256)
                try files.publish(bytes, as: "/copy/db/\(path)", permissions: 0o400)
            }
        }
        pin.release()
        try storage.close()
        var readOnly = StorageSettings()
        readOnly.isReadOnly = true
        let before = world.disk.paths()
        let looked = try Storage.open(root: "/copy", platform: world.platform, settings: readOnly)
        #expect(try TradesTable.numbers(looked.snapshot().table(id: id)) == Array(0..<50))
        #expect(looked.snapshot().lsn == pin.lsn)
        #expect(failure { _ = try looked.makeTrades("other") }?.state == .readOnlyTransaction)
        try looked.close()
        #expect(world.disk.paths() == before)

        let adopted = try Storage.adopt(root: "/copy", platform: world.platform)
        let copy = try Storage.open(root: "/copy", platform: world.platform)
        _ = try copy.commit(TradesTable.append(id, 60..<61))

        #expect(adopted.uuid == storage.identity.uuid)
        #expect(adopted.timeline != storage.identity.timeline)
        #expect(copy.identity == adopted)
        #expect(try TradesTable.numbers(copy.snapshot().table(id: id)) == Array(0..<50) + [60])
        try copy.close()
    }

    @Test("after a failed sync nothing is acknowledged any more, and the server is told once")
    func failedSync() throws {
        let told = Mutex<[DatabaseError]>([])
        let storage = try Storage.open(root: "/root", platform: world.platform) { error in
            told.withLock { $0.append(error) }
        }
        let id = try storage.makeTrades()
        world.disk.fail(.fsync, pathContaining: "_wal", with: 5)

        let first = failure { _ = try storage.commit(TradesTable.append(id, 0..<5)) }
        world.disk.clearFaults()
        let second = failure { _ = try storage.commit(TradesTable.append(id, 5..<9)) }

        #expect(first?.state == .inputOutput)
        #expect(second?.state == .inputOutput)
        #expect(told.withLock { $0.count } == 1)
        #expect(try TradesTable.numbers(storage.snapshot().table(id: id)).isEmpty)
        _ = failure { try storage.close() }
    }

    @Test("a full disk refuses the commit, and the next one works when there is room again")
    func fullDisk() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        world.disk.fail(.write, pathContaining: "_wal", with: 28)

        let full = failure { _ = try storage.commit(TradesTable.append(id, 0..<5)) }
        world.disk.clearFaults()
        _ = try storage.commit(TradesTable.append(id, 5..<9))
        try storage.close()
        let reopened = try open()

        #expect(full?.state == .diskFull)
        #expect(try TradesTable.numbers(reopened.snapshot().table(id: id)) == [5, 6, 7, 8])
        try reopened.close()
    }

    @Test("commits, flushes and small log files leave a log that holds only what is needed")
    func logIsTrimmed() throws {
        var settings = StorageSettings()
        settings.walFileBytes = 4_096
        settings.flushRows = 200
        let storage = try open(settings)
        let id = try storage.makeTrades()

        for step in 0..<50 {
            let begin = Int64(step * 20)
            _ = try storage.commit(TradesTable.append(id, begin..<begin + 20))
        }
        try storage.flush()

        let logs = world.disk.paths().filter { $0.hasSuffix(".wal") }
        #expect(logs.count == 1)
        try storage.close()
        let reopened = try open(settings)
        #expect(try TradesTable.numbers(reopened.snapshot().table(id: id)) == Array(0..<1_000))
        try reopened.close()
    }
}
