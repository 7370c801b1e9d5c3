import Catalog
import Diagnostics
import Platform
import Storage
import Testing
import Values

@testable import Backup

@Suite("A backup of a database")
struct BackupOfStorageTests {
    private static let root = "/root"

    private static func definition(_ id: UInt64, _ name: String) -> TableDefinition {
        TableDefinition(
            id: id, name: name,
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                ColumnDefinition(id: 2, name: "sym", type: .symbol),
                ColumnDefinition(id: 3, name: "x", type: .long),
            ], timestampIndex: 0, partitionUnit: .day)
    }

    private static func rows(_ numbers: Range<Int64>) -> Batch {
        var columns = [ColumnBuilder(type: .timestamp), .init(type: .symbol), .init(type: .long)]
        for number in numbers {
            columns[0].append(.timestamp(number * 3_600_000_000))
            columns[1].append(number % 3 == 0 ? .null : .string("s\(number % 5)"))
            columns[2].append(.integer(number))
        }
        return Batch(rowCount: numbers.count, columns: columns.map { $0.makeVector() })
    }

    /// The rows of a table as text, sorted.
    private static func contents(_ storage: Storage, _ name: String) throws -> [String] {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        let table = try #require(snapshot.table(schema: "public", name: name))
        var lines: [String] = []
        for run in table.runs {
            let batch = try run.batch(columns: [0, 1, 2], rows: 0..<run.rowCount)
            for row in 0..<batch.rowCount {
                lines.append("\(batch.columns.map { $0.value(at: row) })")
            }
        }
        return lines.sorted()
    }

    @Test("starts as a root with the rows of its instant, and writing to it changes no other")
    func startsAsARoot() throws {
        let rig = try BackupRig()
        let root = rig.root + "/live"
        let storage = try Storage.open(root: root, platform: rig.platform)
        let id = storage.reserveTableID()
        let definition = Self.definition(id, "trades")
        _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
        func append(_ storage: Storage, _ numbers: Range<Int64>) throws {
            let append = Append(
                table: id, definitionVersion: 1, batch: Self.rows(numbers))
            _ = try storage.commit(Transaction(appends: [append]))
        }
        try append(storage, 0..<100)
        let service = BackupService(
            storage: storage, platform: rig.platform, settings: BackupSettings(root: root))

        let full = try service.backup(.init(scope: .database, name: "full"))
        try append(storage, 100..<150)
        let next = try service.backup(
            .init(scope: .database, kind: .incremental(from: "full"), name: "next"))
        _ = try storage.commit(Transaction(edits: [.dropTable(id: id)]))
        try storage.close()

        #expect(full.rows == 100)
        #expect(next.rows == 150)
        #expect(next.bytesLinked > 0)
        #expect(try BackupService.isBackup(root: full.path, platform: rig.platform))
        var reading = StorageSettings()
        reading.isReadOnly = true
        let reader = try Storage.open(root: full.path, platform: rig.platform, settings: reading)
        let served = failure { () throws(DatabaseError) in try service.drop("full") }
        #expect(served?.state == .inUse)
        try reader.close()
        let copy = try Storage.open(root: full.path, platform: rig.platform)
        #expect(try Self.contents(copy, "trades").count == 100)
        try append(copy, 500..<600)
        try copy.close()
        _ = try service.verify("next")
        let other = try Storage.open(root: next.path, platform: rig.platform)
        #expect(try Self.contents(other, "trades").count == 150)
        try other.close()
        #expect(try service.list().first { $0.name == "full" }?.isAdopted == true)
        // It is a database with rows of its own now, which no tidying up may take along.
        let error = failure { () throws(DatabaseError) in try service.drop("full") }
        #expect(error?.state == .notInPrerequisiteState)
        let kept = try Storage.open(root: full.path, platform: rig.platform)
        #expect(try Self.contents(kept, "trades").count == 200)
        try kept.close()
    }
}
