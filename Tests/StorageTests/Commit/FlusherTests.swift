import Catalog
import Diagnostics
import Machines
import Platform
import Testing
import Values

@testable import Storage

/// Rows on their way from memory to segments, and what holds on to them.
@Suite struct FlusherTests {
    private let world = SimulatedPlatform(seed: 5)
    private let noSpace: Int32 = 28

    private func open(_ change: (inout StorageSettings) -> Void = { _ in }) throws -> Storage {
        var settings = StorageSettings()
        change(&settings)
        return try Storage.open(root: "/root", platform: world.platform, settings: settings)
    }

    @Test("rows stay visible while their flush fails, commits go on, and a later flush heals it")
    func failedFlush() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<10))
        world.disk.fail(.write, pathContaining: "1970-", times: 2, with: noSpace)

        let first = failure { try storage.flush(tables: [id]) }
        _ = try storage.commit(TradesTable.append(id, 10..<20))
        let during = try TradesTable.numbers(storage.snapshot().table(id: id))
        world.disk.clearFaults()
        try storage.flush(tables: [id])

        #expect(first?.state == .diskFull)
        #expect(during == Array(0..<20))
        let view = try #require(storage.snapshot().table(id: id))
        #expect(view.runs.allSatisfy { !$0.isInMemory })
        #expect(try TradesTable.numbers(view) == Array(0..<20))
        try storage.close()
        let reopened = try open()
        #expect(try TradesTable.numbers(reopened.snapshot().table(id: id)) == Array(0..<20))
        try reopened.close()
    }

    @Test("when rows cannot be flushed memory fills up to its limit and commits say why")
    func memoryIsBounded() throws {
        let storage = try open {
            $0.writeMemoryBytes = 1 << 20
            $0.flushRows = 500
        }
        let id = try storage.makeTrades()
        world.disk.fail(.write, pathContaining: "1970-", times: 1_000_000, with: noSpace)

        var refusal: DatabaseError?
        var accepted: Int64 = 0
        while refusal == nil, accepted < 100_000 {
            let next = accepted
            refusal = failure { _ = try storage.commit(TradesTable.append(id, next..<next + 100)) }
            if refusal == nil { accepted += 100 }
        }
        let readable = try TradesTable.numbers(storage.snapshot().table(id: id))
        world.disk.clearFaults()
        try storage.flush(tables: [id])
        _ = try storage.commit(TradesTable.append(id, [accepted]))

        #expect(refusal?.state == .diskFull)
        #expect(readable == Array(0..<accepted))
        #expect(try TradesTable.numbers(storage.snapshot().table(id: id)) == Array(0...accepted))
        try storage.close()
    }

    @Test("a table is not removed while a flush from before its TRUNCATE still writes into it")
    func dropAfterTruncateDuringFlush() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            let machine = SimulatedPlatform(seed: seed)
            defer { machine.end() }
            let storage = try Storage.open(root: "/root", platform: machine.platform)
            let id = try storage.makeTrades()
            // Several partitions, so that the flush takes a while.
            _ = try storage.commit(TradesTable.append(id, 0..<10) { $0 * 86_400_000_000 })
            let frozen = Answer<[FlushTask]>(machine.platform.workers)
            storage.submit(.freeze([id], frozen))
            let tasks = try frozen.wait()
            let place = try #require(machine.disk.paths().first { $0.contains("/trades~") })

            _ = try storage.commit(Transaction(edits: [.truncateTable(id: id)]))
            _ = try storage.commit(Transaction(edits: [.dropTable(id: id)]))
            for task in tasks { _ = try? task.outcome.wait() }
            try storage.close()

            #expect(!machine.disk.paths().contains { $0.hasPrefix(place) }, "seed \(seed)")
        }
    }

    @Test("a truncate takes rows away that are being flushed, and their files go")
    func truncateDuringFlush() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<10))
        let before = storage.snapshot()
        let frozen = Answer<[FlushTask]>(world.platform.workers)
        storage.submit(.freeze([id], frozen))
        let tasks = try frozen.wait()

        _ = try storage.commit(Transaction(edits: [.truncateTable(id: id)]))
        for task in tasks { _ = try task.outcome.wait() }
        _ = try storage.commit(TradesTable.append(id, [77]))

        #expect(try TradesTable.numbers(storage.snapshot().table(id: id)) == [77])
        #expect(try TradesTable.numbers(before.table(id: id)) == Array(0..<10))
        before.release()
        try storage.close()
        #expect(world.disk.paths().filter { $0.hasSuffix(".seg") }.count == 1)
        let reopened = try open()
        #expect(try TradesTable.numbers(reopened.snapshot().table(id: id)) == [77])
        try reopened.close()
    }

    @Test("a pin on disk holds exactly its LSN while commits go on")
    func cut() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        let result = try storage.commit(TradesTable.append(id, 0..<10))

        let pin = try storage.pinOnDisk(owner: "backup of today")
        _ = try storage.commit(TradesTable.append(id, 10..<20))

        #expect(pin.lsn == result.lsn)
        #expect(pin.tables.first?.segments.reduce(0) { $0 + $1.rows } == 10)
        #expect(storage.pins.map(\.owner) == ["backup of today"])
        pin.release()
        #expect(storage.pins.isEmpty)
        try storage.close()
    }

    @Test("who waits for a flush may stop waiting: no pin is left, and the rows become segments")
    func cancelledPin() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<10))

        let error = failure {
            _ = try storage.pinOnDisk(owner: "backup") { () throws(DatabaseError) in
                throw DatabaseError(.cancelled, "enough")
            }
        }
        let prepared = failure {
            _ = try storage.prepareSnapshot(.snapshot, preparedAt: 1) {
                () throws(DatabaseError) in throw DatabaseError(.cancelled, "enough")
            }
        }

        // The second finds nothing to wait for any more, or ends in the same way.
        #expect(error?.state == .cancelled)
        #expect(prepared == nil || prepared?.state == .cancelled)
        if prepared == nil { _ = try storage.completeSnapshot(.snapshot) }
        #expect(storage.pins.isEmpty)
        #expect(storage.snapshotStatus.prepared == nil)
        let pin = try storage.pinOnDisk(owner: "backup")
        #expect(pin.tables.first?.segments.reduce(0) { $0 + $1.rows } == 10)
        pin.release()
        try storage.close()
    }

    @Test("an answer that does not come is asked for until the check ends it")
    func cancelledWait() {
        let answer = Answer<Int>(world.platform.workers)
        var checks = 0
        let error = failure {
            _ = try answer.wait { () throws(DatabaseError) in
                checks += 1
                if checks == 5 { throw DatabaseError(.cancelled, "enough") }
            }
        }
        answer.give(.success(1))

        #expect(error?.state == .cancelled)
        #expect(checks == 5)
        #expect(throws: Never.self) { try answer.wait { () throws(DatabaseError) in } }
    }

    @Test("a pin says how many bytes are only there because of it")
    func retainedBytes() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<10))
        let pin = try storage.pinOnDisk(owner: "backup")
        let bytes = pin.tables.flatMap(\.segments).reduce(0) { $0 + $1.bytes }

        _ = try storage.commit(Transaction(edits: [.truncateTable(id: id)]))
        try storage.flush()

        #expect(bytes > 0)
        #expect(storage.pins.first?.retainedBytes == bytes)
        pin.release()
        try storage.close()
    }

    @Test("many tables are created, flushed and described with a few syncs, and survive a crash")
    func manyTables() throws {
        let storage = try open()
        let ids = (0..<100).map { _ in storage.reserveTableID() }
        let edits = ids.map {
            Edit.createTable(TradesTable.definition(id: $0, name: "t\($0)"))
        }
        let appends = ids.map {
            Append(table: $0, definitionVersion: 1, batch: TradesTable.batch([Int64($0)]))
        }
        _ = try storage.commit(Transaction(edits: edits, appends: appends))
        // No file and no directory of a table is synced by itself.
        for call in [FileCall.fsync, .syncDirectory] {
            world.disk.fail(call, pathContaining: "/db/t", times: 1_000, with: noSpace)
        }
        try storage.flush()
        world.disk.clearFaults()

        world.crash()
        let reopened = try open()
        let snapshot = reopened.snapshot()
        for id in ids {
            #expect(try TradesTable.numbers(snapshot.table(id: id)) == [Int64(id)])
        }
        #expect(snapshot.tables.allSatisfy { $0.runs.allSatisfy { !$0.isInMemory } })
        snapshot.release()
        try reopened.close()
    }

    @Test("a full disk while many tables are flushed keeps their rows, and nothing half written")
    func manyTablesOnFullDisk() throws {
        let storage = try open()
        let ids = (0..<100).map { _ in storage.reserveTableID() }
        _ = try storage.commit(
            Transaction(
                edits: ids.map {
                    .createTable(TradesTable.definition(id: $0, name: "t\($0)"))
                },
                appends: ids.map {
                    Append(table: $0, definitionVersion: 1, batch: TradesTable.batch([Int64($0)]))
                }))
        world.disk.fail(.write, pathContaining: "1970-", skip: 50, with: noSpace)

        let full = failure { try storage.flush() }
        let during = try TradesTable.numbers(storage.snapshot().table(id: ids[70]))
        try storage.flush()

        #expect(full?.state == .diskFull)
        #expect(during == [Int64(ids[70])])
        try storage.close()
        let segments = world.disk.paths().filter { $0.hasSuffix(".seg") }
        let strays = world.disk.paths().filter { $0.hasSuffix(Path.temporarySuffix) }
        #expect(segments.count == 100)
        #expect(strays.isEmpty)
    }
}
