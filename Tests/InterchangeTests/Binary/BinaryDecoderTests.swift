import Bytes
import Diagnostics
import Testing
import Values

@testable import Interchange

@Suite struct BinaryDecoderTests {
    private static let types: [ValueType] = [
        .timestamp, .long, .symbol, .double, .boolean, .binary,
    ]
    private let columns = types.map { RecordColumn(name: $0.name, type: $0) }

    private var batch: Batch {
        var builders = Self.types.map { ColumnBuilder(type: $0) }
        for row in 0..<5 {
            let values: [Value] = [
                .timestamp(Int64(row) * 1_000_003), .integer(Int64(row) - 2), .string("s\(row)"),
                .double(Double(row) / 3), .boolean(row % 2 == 0), .binary([UInt8(row), 0]),
            ]
            for (index, value) in values.enumerated() {
                builders[index].append((row + index) % 4 == 0 ? .null : value)
            }
        }
        return Batch(rowCount: 5, columns: builders.map { $0.makeVector() })
    }

    private var bytes: [UInt8] {
        var writer = ByteWriter()
        var cell = ByteWriter()
        writer.append(BinaryEncoder.header)
        for row in 0..<5 { BinaryEncoder.append(batch, row: row, cell: &cell, to: &writer) }
        writer.append(BinaryEncoder.trailer)
        return writer.bytes
    }

    private func rows(_ batch: Batch) -> [[Value]] {
        (0..<batch.rowCount).map { row in batch.columns.map { $0.value(at: row) } }
    }

    @Test("what is written reads back, cut at every byte")
    func everyCut() throws {
        let bytes = bytes
        for cut in 0...bytes.count {
            var decoder = BinaryDecoder(columns: columns)
            try decoder.append(Array(bytes[..<cut]))
            try decoder.append(Array(bytes[cut...]))
            try decoder.finish()
            #expect(rows(decoder.takeBatch()) == rows(batch))
        }
    }

    @Test("a stream that ends early is refused")
    func cuts() throws {
        let bytes = bytes
        for length in 0..<19 {
            var decoder = BinaryDecoder(columns: columns)
            try decoder.append(Array(bytes[..<length]))
            #expect(throws: DatabaseError.self) { try decoder.finish() }
        }
        var decoder = BinaryDecoder(columns: columns)
        try decoder.append(Array(bytes[..<40]))
        #expect(throws: DatabaseError.self) { try decoder.finish() }
    }

    @Test("every flipped bit is refused or another value, never a crash")
    func flippedBits() throws {
        let bytes = bytes
        for offset in bytes.indices {
            var damaged = bytes
            damaged[offset] ^= 1 << UInt8(offset & 7)
            var decoder = BinaryDecoder(columns: columns)
            // A refusal is a good answer.
            _ = try? decoder.append(damaged)
            _ = try? decoder.finish()
            #expect(decoder.takeBatch().columns.count == columns.count)
        }
    }

    @Test("other numbers of columns and data behind the end are refused")
    func wrongShape() throws {
        var narrow = BinaryDecoder(columns: Array(columns.dropLast()))
        #expect(throws: DatabaseError.self) { try narrow.append(bytes) }
        var decoder = BinaryDecoder(columns: columns)
        try decoder.append(bytes)
        #expect(throws: DatabaseError.self) { try decoder.append([0]) }
    }
}
