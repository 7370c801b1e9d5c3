import Catalog
import Diagnostics
import Storage
import Values

/// Opens a root of many tables and segments: what a start costs before anything is asked.
struct OpenBench {
    private static let rowsOfSegment = 10

    let root: BenchRoot
    let tables: Int
    let segmentsOfTable: Int

    func run() throws(DatabaseError) -> [String] {
        try root.use { () throws(DatabaseError) in try makeAndOpen() }
    }

    private func makeAndOpen() throws(DatabaseError) -> [String] {
        var lines = [try measure("make") { () throws(DatabaseError) in try fill() }]
        for name in ["open", "open again"] {
            var storage: Storage?
            lines.append(
                try measure(name) { () throws(DatabaseError) in
                    storage = try Storage.open(root: root.path, platform: root.platform)
                })
            let found = storage?.snapshot().tables.reduce(0) { $0 + $1.segments.count }
            precondition(found == tables * segmentsOfTable, "every segment is there")
            try storage?.close()
        }
        return lines
    }

    private func fill() throws(DatabaseError) {
        let storage = try Storage.open(root: root.path, platform: root.platform)
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
        var measurement = Measurement(name)
        measurement.add(milliseconds: try root.time(body))
        measurement.add("tables", tables)
        measurement.add("segments", tables * segmentsOfTable)
        return measurement.line
    }
}
