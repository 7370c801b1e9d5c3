import Bytes
import Catalog
import Diagnostics
import Platform
import Storage
import Values

/// Opens a root of many tables and segments: what a start costs before anything is asked.
struct OpenBench {
    private static let rowsOfSegment = 10

    private let root: String
    private let tables: Int
    private let segmentsOfTable: Int
    private let platform: Platform

    init(folder: String, tables: Int, segmentsOfTable: Int) {
        platform = .linux(log: SilentLog())
        root = "\(folder)/root-\(platform.chance.next())"
        self.tables = tables
        self.segmentsOfTable = segmentsOfTable
    }

    func run() throws(DatabaseError) -> [String] {
        try platform.files.makeDurableDirectory(root)
        var lines = [try measure("make") { () throws(DatabaseError) in try fill() }]
        for name in ["open", "open again"] {
            var storage: Storage?
            lines.append(
                try measure(name) { () throws(DatabaseError) in
                    storage = try Storage.open(root: root, platform: platform)
                })
            let found = storage?.snapshot().tables.reduce(0) { $0 + $1.segments.count }
            precondition(found == tables * segmentsOfTable, "every segment is there")
            try storage?.close()
        }
        try platform.files.removeTree(root)
        return lines
    }

    private func fill() throws(DatabaseError) {
        let storage = try Storage.open(root: root, platform: platform)
        for number in 0..<tables {
            let definition = TableDefinition(
                id: storage.reserveTableID(), name: "table\(number)",
                columns: [
                    ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                    ColumnDefinition(id: 2, name: "n", type: .long),
                ], timestampIndex: 0, partitionUnit: .day)
            var segments: [SegmentEntry] = []
            for segment in 0..<segmentsOfTable {
                segments += try storage.writeSegments([batch(segment)], of: definition)
            }
            let replacement = SegmentReplacement(
                table: definition.id, definitionVersion: 1, removed: [], added: segments)
            _ = try storage.commit(
                Transaction(edits: [.createTable(definition), .replaceSegments(replacement)]))
        }
        try storage.close()
    }

    private func batch(_ segment: Int) -> Batch {
        var times = ColumnBuilder(type: .timestamp)
        var numbers = ColumnBuilder(type: .long)
        for row in 0..<Self.rowsOfSegment {
            times.append(.timestamp(Int64(segment) * 86_400_000_000 + Int64(row)))
            numbers.append(.integer(Int64(row)))
        }
        return Batch(
            rowCount: Self.rowsOfSegment, columns: [times.makeVector(), numbers.makeVector()])
    }

    private func measure(_ name: String, _ body: () throws(DatabaseError) -> Void)
        throws(DatabaseError) -> String
    {
        let begin = platform.clock.monotonicNanoseconds()
        try body()
        let nanoseconds = platform.clock.monotonicNanoseconds() - begin
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("tables")
        writer.integer(tables)
        writer.key("segments")
        writer.integer(tables * segmentsOfTable)
        writer.key("milliseconds")
        writer.double(Double(nanoseconds / 1_000) / 1_000)
        writer.endObject()
        return String(decoding: writer.take(), as: UTF8.self)
    }
}
