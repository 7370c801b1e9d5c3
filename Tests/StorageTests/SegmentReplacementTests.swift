import Catalog
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

/// Segments that leave and join a table, and new definitions of it.
@Suite struct SegmentReplacementTests {
    private let world = SimulatedPlatform(seed: 3)

    private func open() throws -> Storage {
        try Storage.open(root: "/root", platform: world.platform)
    }

    private func replace(
        _ storage: Storage, _ id: UInt64, removed: [String], numbers: [Int64]
    ) throws -> SegmentReplacement {
        let definition = try #require(storage.snapshot().table(id: id)?.definition)
        let added = try storage.writeSegments([TradesTable.batch(numbers)], of: definition)
        return SegmentReplacement(
            table: id, definitionVersion: definition.version, removed: removed, added: added)
    }

    @Test("segments are exchanged at once, before and after reopening")
    func exchange() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<10))
        try storage.flush(tables: [id])
        let before = storage.snapshot()
        let old = try #require(before.table(id: id)).segments.map(\.id)

        let edit = try replace(storage, id, removed: old, numbers: [100, 101])
        let result = try storage.commit(Transaction(edits: [.replaceSegments(edit)]))
        _ = try storage.commit(TradesTable.append(id, [200]))

        let now = try #require(storage.snapshot().table(id: id))
        #expect(try TradesTable.numbers(now) == [100, 101, 200])
        #expect(now.segments.first?.firstLSN == result.lsn)
        #expect(try TradesTable.numbers(before.table(id: id)) == Array(0..<10))
        before.release()
        try storage.close()
        let reopened = try open()
        #expect(try TradesTable.numbers(reopened.snapshot().table(id: id)) == [100, 101, 200])
        try reopened.close()
    }

    @Test("a segment that somebody else replaced makes the commit fail and change nothing")
    func stale() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<4))
        try storage.flush(tables: [id])
        let old = try #require(storage.snapshot().table(id: id)).segments.map(\.id)
        let first = try replace(storage, id, removed: old, numbers: [1])
        let second = try replace(storage, id, removed: old, numbers: [2])

        _ = try storage.commit(Transaction(edits: [.replaceSegments(first)]))
        let error = failure {
            _ = try storage.commit(
                Transaction(
                    edits: [.replaceSegments(second)],
                    appends: TradesTable.append(id, [7]).appends))
        }

        #expect(error?.state == .serializationFailure)
        #expect(try TradesTable.numbers(storage.snapshot().table(id: id)) == [1])
        let definition = try #require(storage.snapshot().table(id: id)?.definition)
        storage.discardSegments(second.added, of: definition)
        let path = storage.segmentPath(try #require(second.added.first), of: definition)
        #expect(try world.platform.files.info(path) == nil)
        try storage.close()
    }

    @Test("two edits of one transaction cannot take the same segment, nor one that is gone")
    func staleWithin() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<4))
        try storage.flush(tables: [id])
        let old = try #require(storage.snapshot().table(id: id)).segments.map(\.id)
        let edit = try replace(storage, id, removed: old, numbers: [1])

        let twice = failure {
            _ = try storage.commit(
                Transaction(edits: [.replaceSegments(edit), .replaceSegments(edit)]))
        }
        let emptied = failure {
            _ = try storage.commit(
                Transaction(edits: [.truncateTable(id: id), .replaceSegments(edit)]))
        }

        #expect(twice?.state == .serializationFailure)
        #expect(emptied?.state == .serializationFailure)
        #expect(try TradesTable.numbers(storage.snapshot().table(id: id)) == [0, 1, 2, 3])
        try storage.close()
    }

    @Test("a table is created and filled, or replaced under its name, by one transaction")
    func createAndFill() throws {
        let storage = try open()
        let old = try storage.makeTrades()
        let definition = TradesTable.definition(id: storage.reserveTableID())
        let added = try storage.writeSegments([TradesTable.batch([5, 6])], of: definition)
        let edit = SegmentReplacement(
            table: definition.id, definitionVersion: 1, removed: [], added: added)

        _ = try storage.commit(
            Transaction(edits: [
                .dropTable(id: old), .createTable(definition), .replaceSegments(edit),
            ]))

        let view = storage.snapshot().table(schema: "public", name: "trades")
        #expect(view?.definition.id == definition.id)
        #expect(try TradesTable.numbers(view) == [5, 6])
        try storage.close()
    }

    @Test(
        "a new definition finds no rows in memory, shows old rows and refuses rows of the old one")
    func alter() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<3))
        let old = TradesTable.definition(id: id)
        let wider = TableDefinition(
            id: id, name: "renamed", version: 2,
            columns: old.columns + [ColumnDefinition(id: 8, name: "extra", type: .int)],
            timestampIndex: 0, partitionUnit: .day)

        _ = try storage.commit(Transaction(edits: [.alterTable(wider)]))
        let refused = failure { _ = try storage.commit(TradesTable.append(id, [9])) }

        #expect(refused?.state == .serializationFailure)
        #expect(storage.snapshot().table(schema: "public", name: "trades") == nil)
        let view = try #require(storage.snapshot().table(schema: "public", name: "renamed"))
        #expect(try TradesTable.rows(view).map { $0[7] } == [.null, .null, .null])
        #expect(try TradesTable.numbers(view) == [0, 1, 2])
        // Without `close` the log alone brings it back.
        world.crash()
        let reopened = try open()
        #expect(reopened.snapshot().table(id: id)?.definition == wider)
        try reopened.close()
    }

    @Test("an alteration of an older version, or to a name in use, is refused")
    func alterRefused() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        _ = try storage.makeTrades("other")

        let stale = failure {
            let same = TradesTable.definition(id: id, version: 1)
            _ = try storage.commit(Transaction(edits: [.alterTable(same)]))
        }
        let taken = failure {
            let other = TradesTable.definition(id: id, name: "OTHER", version: 2)
            _ = try storage.commit(Transaction(edits: [.alterTable(other)]))
        }

        #expect(stale?.state == .serializationFailure)
        #expect(taken?.state == .duplicateTable)
        try storage.close()
    }

    @Test("a segment of another table is read through its column map")
    func columnMap() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        let definition = try #require(storage.snapshot().table(id: id)?.definition)
        let entries = try storage.writeSegments([TradesTable.batch([1, 2])], of: definition)
        // The table's `number` is not in the segment; its `ts` is.
        let mapped = entries.map {
            $0.with(columnMap: [ColumnLink(table: 1, segment: 1)])
        }

        _ = try storage.commit(
            Transaction(edits: [
                .replaceSegments(
                    SegmentReplacement(
                        table: id, definitionVersion: 1, removed: [], added: mapped))
            ]))
        try storage.close()

        let reopened = try open()
        let rows = try TradesTable.rows(reopened.snapshot().table(id: id))
        #expect(rows.map { $0[0] } == [.timestamp(1_000_000), .timestamp(2_000_000)])
        #expect(rows.map { $0[1] } == [.null, .null])
        try reopened.close()
    }

    @Test("names and columns that could not be read back never get into the log")
    func limits() throws {
        let storage = try open()
        let id = try storage.makeTrades()
        let long = String(repeating: "ü", count: 128)

        let create = failure { _ = try storage.makeTrades(long) }
        let rename = failure {
            let altered = TradesTable.definition(id: id, name: long, version: 2)
            _ = try storage.commit(Transaction(edits: [.alterTable(altered)]))
        }
        let empty = failure { _ = try storage.makeTrades("") }
        let columns = (0...4_096).map {
            ColumnDefinition(id: UInt32($0) + 1, name: "c\($0)", type: .int)
        }
        let wide = failure {
            _ = try storage.commit(
                Transaction(edits: [
                    .createTable(
                        TableDefinition(
                            id: storage.reserveTableID(), name: "wide", columns: columns,
                            timestampIndex: nil, partitionUnit: .none))
                ]))
        }

        #expect(create?.state == .nameTooLong)
        #expect(rename?.state == .nameTooLong)
        #expect(empty?.state == .invalidName)
        #expect(wide?.state == .limitExceeded)
        world.crash()
        let reopened = try open()
        #expect(reopened.snapshot().tables.map(\.name) == ["trades"])
        try reopened.close()
    }
}
