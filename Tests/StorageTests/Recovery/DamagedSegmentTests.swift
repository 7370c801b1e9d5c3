import Catalog
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

@Suite("Segments that are missing or damaged")
struct DamagedSegmentTests {
    private let world = SimulatedPlatform(seed: 33)
    private static let day: Int64 = 86_400_000_000

    private func open() throws -> Storage {
        try Storage.open(root: "/root", platform: world.platform)
    }

    /// A table with ten rows on each of two days, and the files of these.
    private func prepare() throws -> (first: String, second: String) {
        let storage = try open()
        let id = try storage.makeTrades()
        for day in 0..<Int64(2) {
            _ = try storage.commit(
                TradesTable.append(id, day * 10..<day * 10 + 10) { $0 + day * Self.day })
        }
        try storage.close()
        let files = world.disk.paths().filter { $0.hasSuffix(".seg") }.sorted()
        return (try #require(files.first), try #require(files.last))
    }

    private func table(_ storage: Storage) throws -> TableView {
        try #require(storage.snapshot().table(schema: "public", name: "trades"))
    }

    /// The numbers of one partition.
    private func numbers(_ storage: Storage, day: Int) throws -> [Int64] {
        let view = try table(storage)
        return try view.runs.filter { run in
            run.minTimestamp.map { $0 / Self.day == Int64(day) } ?? false
        }.flatMap { try TradesTable.rows($0, view.definition) }.compactMap { row in
            if case .integer(let number) = row[1] { number } else { nil }
        }
    }

    private func damaged(_ storage: Storage) throws -> [DamagedSegment] {
        let id = try table(storage).definition.id
        let found = storage.damagedSegments(of: id)
        #expect(storage.metrics(of: id)?.damagedSegments == found.count)
        return found
    }

    @Test("one that is missing at the start marks its table before anybody reads it")
    func missingAtStart() throws {
        let files = try prepare()
        try world.platform.files.remove(files.first)

        let storage = try open()

        let found = try damaged(storage)
        #expect(found.map(\.path) == [files.first])
        #expect(found.map(\.partition) == ["1970-01-01"])
        #expect(found.first?.error.state == .corrupted)
        #expect(found.first?.error.message.contains(files.first) == true)
        try storage.close()
    }

    @Test("its table is read, written and compacted in all other parts")
    func othersWork() throws {
        let files = try prepare()
        try world.platform.files.remove(files.first)
        let storage = try open()
        let id = try table(storage).definition.id

        let error = failure { _ = try numbers(storage, day: 0) }
        _ = try storage.commit(TradesTable.append(id, 20..<30) { $0 + Self.day })
        try storage.flush()
        _ = try storage.commit(TradesTable.append(id, 30..<40) { $0 })
        try storage.flush()
        try storage.compact()

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains(files.first) == true)
        #expect(try numbers(storage, day: 1).sorted() == Array(10..<30))
        #expect(try damaged(storage).map(\.path) == [files.first])
        try storage.close()
        let again = try open()
        #expect(try damaged(again).map(\.path) == [files.first])
        try again.close()
    }

    @Test("one that vanishes behind the server's back is marked by whoever reads it first")
    func missingLater() throws {
        let files = try prepare()
        let storage = try open()
        try world.platform.files.remove(files.second)
        #expect(try damaged(storage).isEmpty)

        #expect(try numbers(storage, day: 0).count == 10)
        #expect(try damaged(storage).isEmpty)
        #expect(failure { _ = try numbers(storage, day: 1) }?.state == .corrupted)

        #expect(try damaged(storage).map(\.path) == [files.second])
        try storage.close()
    }

    @Test("compaction that meets one marks it and does not come back to it")
    func missingForCompaction() throws {
        let files = try prepare()
        let storage = try open()
        let id = try table(storage).definition.id
        _ = try storage.commit(TradesTable.append(id, 30..<40) { $0 })
        try storage.flush()
        try world.platform.files.remove(files.first)

        try storage.compact()

        #expect(try damaged(storage).map(\.path) == [files.first])
        try storage.close()
    }

    @Test("a file that is put back takes the mark away, at the next read or start")
    func putBack() throws {
        let files = try prepare()
        let bytes = try #require(world.disk.contents(of: files.first))
        try world.platform.files.remove(files.first)
        let storage = try open()
        #expect(try damaged(storage).count == 1)

        try world.platform.files.makeDurableDirectory(Path.directory(of: files.first))
        try world.platform.files.publish(bytes, as: files.first)

        #expect(try numbers(storage, day: 0) == Array(0..<10))
        #expect(try damaged(storage).isEmpty)
        try storage.close()
        let again = try open()
        #expect(try damaged(again).isEmpty)
        try again.close()
    }

    @Test("a damaged block marks its segment when it is read")
    func damagedBlock() throws {
        let files = try prepare()
        world.disk.flipBit(files.first, offset: 64)
        let storage = try open()
        #expect(try damaged(storage).isEmpty)

        #expect(failure { _ = try numbers(storage, day: 0) }?.state == .corrupted)

        #expect(try damaged(storage).map(\.path) == [files.first])
        #expect(try numbers(storage, day: 1) == Array(10..<20))
        try storage.close()
    }

    @Test("a partition that cannot be read may be given up, and the mark goes with it")
    func givenUp() throws {
        let files = try prepare()
        try world.platform.files.remove(files.first)
        let storage = try open()
        let view = try table(storage)

        let gone = view.segments.filter { $0.partition == "1970-01-01" }.map(\.id)
        _ = try storage.commit(
            Transaction(edits: [
                .replaceSegments(
                    SegmentReplacement(
                        table: view.definition.id, definitionVersion: view.definition.version,
                        removed: gone, added: []))
            ]))

        #expect(try damaged(storage).isEmpty)
        #expect(try TradesTable.numbers(try table(storage)) == Array(10..<20))
        try storage.close()
    }
}
