import Bytes
import Catalog
import Diagnostics
import Platform
import Values

@testable import Storage

/// The table most tests of this room use, with a column of every kind of layout.
enum TradesTable {
    static func definition(
        id: UInt64, name: String = "trades", unit: PartitionUnit = .day, version: UInt64 = 1
    ) -> TableDefinition {
        TableDefinition(
            id: id, name: name, version: version,
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp, isNullable: false),
                ColumnDefinition(id: 2, name: "number", type: .long),
                ColumnDefinition(id: 3, name: "symbol", type: .symbol),
                ColumnDefinition(id: 4, name: "note", type: .varchar),
                ColumnDefinition(id: 5, name: "price", type: .double),
                ColumnDefinition(id: 6, name: "flag", type: .boolean),
                ColumnDefinition(id: 7, name: "key", type: .uuid),
            ], timestampIndex: 0, partitionUnit: unit)
    }

    /// One row per number; every third is full of NULLs.
    static func batch(_ numbers: some Sequence<Int64>, time: (Int64) -> Int64 = { $0 * 1_000_000 })
        -> Batch
    {
        let types: [ValueType] = [.timestamp, .long, .symbol, .varchar, .double, .boolean, .uuid]
        var builders = types.map { ColumnBuilder(type: $0) }
        for number in numbers {
            let row = row(number, time: time(number))
            for (index, value) in row.enumerated() { builders[index].append(value) }
        }
        return Batch(rowCount: builders[0].count, columns: builders.map { $0.makeVector() })
    }

    static func row(_ number: Int64, time: Int64) -> [Value] {
        if number % 3 == 0 {
            return [.timestamp(time), .integer(number), .null, .null, .null, .null, .null]
        }
        return [
            .timestamp(time), .integer(number), .string("s\(number % 7)"),
            .string("note of \(number)"), .double(Double(number) / 4), .boolean(number % 2 == 0),
            .uuid(UInt64(bitPattern: number), 7),
        ]
    }

    static func append(
        _ table: UInt64, _ numbers: some Sequence<Int64>,
        time: (Int64) -> Int64 = { $0 * 1_000_000 }
    ) -> Transaction {
        Transaction(appends: [
            Append(table: table, definitionVersion: 1, batch: batch(numbers, time: time))
        ])
    }

    /// All rows of a table, run after run.
    static func rows(_ view: TableView?) throws -> [[Value]] {
        guard let view else { return [] }
        return try view.runs.flatMap { try rows($0, view.definition) }
    }

    /// All rows of one run.
    static func rows(_ run: Run, _ definition: TableDefinition) throws -> [[Value]] {
        let columns = Array(definition.columns.indices)
        let batch = try run.batch(columns: columns, rows: 0..<run.rowCount)
        return (0..<batch.rowCount).map { row in batch.columns.map { $0.value(at: row) } }
    }

    /// The `number` column of all rows, sorted.
    static func numbers(_ view: TableView?) throws -> [Int64] {
        try rows(view).compactMap { row in
            if case .integer(let number) = row[1] { number } else { nil }
        }.sorted()
    }
}

extension Storage {
    /// Creates the table and returns its id.
    func makeTrades(_ name: String = "trades", unit: PartitionUnit = .day) throws -> UInt64 {
        let id = reserveTableID()
        let definition = TradesTable.definition(id: id, name: name, unit: unit)
        _ = try commit(Transaction(edits: [.createTable(definition)]))
        return id
    }
}

/// What a body throws, as our own error.
func failure(_ body: () throws -> Void) -> DatabaseError? {
    do { try body() } catch { return error as? DatabaseError }
    return nil
}
