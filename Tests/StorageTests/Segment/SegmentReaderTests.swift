import Catalog
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

@Suite struct SegmentReaderTests {
    private let world = SimulatedPlatform(seed: 5)

    private func publish(_ bytes: [UInt8], _ name: String) throws -> String {
        try world.platform.files.makeDurableDirectory("/segments")
        let path = "/segments/\(name)"
        try world.platform.files.publish(bytes, as: path)
        return path
    }

    private func segment(_ rows: Range<Int64>) -> [UInt8] {
        SegmentWriter.encode(
            TradesTable.batch(rows), definition: TradesTable.definition(id: 1), firstLSN: LSN(1),
            lastLSN: LSN(2))
    }

    @discardableResult
    private func readAll(_ path: String) throws -> [[Value]] {
        let reader = try SegmentReader(path: path, files: world.platform.files, expected: nil)
        var values: [[Value]] = []
        for column in TradesTable.definition(id: 1).columns {
            let vector = try reader.vector(for: column, id: column.id, rows: 0..<reader.footer.rows)
            values.append((0..<vector.count).map { vector.value(at: $0) })
        }
        return values
    }

    @Test("every flipped bit of a segment is refused with its name or harmless, never a crash")
    func flippedBits() throws {
        let bytes = segment(0..<20)
        let values = try readAll(try publish(bytes, "sound.seg"))
        for offset in bytes.indices {
            var damaged = bytes
            damaged[offset] ^= 1 << UInt8(offset & 7)
            let path = try publish(damaged, "\(offset).seg")

            var found: [[Value]] = []
            if let error = failure({ found = try readAll(path) }) {
                #expect(error.state == .corrupted)
                #expect(error.message.contains(path))
            } else {
                #expect(found == values, "a bit of byte \(offset) gave other rows")
            }
        }
    }

    @Test("every cut of a segment is refused")
    func cuts() throws {
        let bytes = segment(0..<20)
        for length in stride(from: 0, to: bytes.count, by: 13) {
            let path = try publish(Array(bytes.prefix(length)), "\(length).seg")
            #expect(failure { try readAll(path) }?.state == .corrupted)
        }
    }

    @Test("a column that came after the segment reads as NULL")
    func missingColumn() throws {
        let path = try publish(segment(0..<9), "a.seg")
        let reader = try SegmentReader(path: path, files: world.platform.files, expected: nil)

        for type in ValueType.storable {
            let column = ColumnDefinition(id: 99, name: "later", type: type)
            let vector = try reader.vector(for: column, id: 99, rows: 2..<9)
            #expect((0..<7).allSatisfy { vector.value(at: $0) == .null })
        }
    }

    @Test("a dictionary above 256 strings has wider codes and the same rows")
    func wideDictionary() throws {
        var times = ColumnBuilder(type: .timestamp)
        var symbols = ColumnBuilder(type: .symbol)
        for row in 0..<1_000 {
            times.append(.timestamp(Int64(row)))
            symbols.append(row % 5 == 0 ? .null : .string("symbol \(row % 700)"))
        }
        let definition = TableDefinition(
            id: 1, name: "t",
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                ColumnDefinition(id: 2, name: "s", type: .symbol),
            ], timestampIndex: 0, partitionUnit: .none)
        let batch = Batch(rowCount: 1_000, columns: [times.makeVector(), symbols.makeVector()])
        let path = try publish(
            SegmentWriter.encode(
                batch, definition: definition, firstLSN: LSN(1), lastLSN: LSN(1)), "wide.seg")

        let reader = try SegmentReader(path: path, files: world.platform.files, expected: nil)
        let vector = try reader.vector(for: definition.columns[1], id: 2, rows: 0..<1_000)

        #expect(reader.footer.columns[1].valueWidth == 2)
        for row in 0..<1_000 { #expect(vector.value(at: row) == batch.columns[1].value(at: row)) }
    }

    @Test("a column of equal bits is kept once and reads as before", arguments: ValueType.storable)
    func constantColumns(type: ValueType) throws {
        let values: Set<Value> = [.null, sample(type)]
        for value in values {
            var builder = ColumnBuilder(type: type)
            for _ in 0..<1_000 { builder.append(value) }
            let column = ColumnDefinition(id: 1, name: "c", type: type)
            let definition = TableDefinition(
                id: 1, name: "t", columns: [column], timestampIndex: nil, partitionUnit: .none)
            let bytes = SegmentWriter.encode(
                Batch(rowCount: 1_000, columns: [builder.makeVector()]), definition: definition,
                firstLSN: LSN(1), lastLSN: LSN(1))
            let path = try publish(bytes, "\(type.name)-\(value == .null).seg")

            let reader = try SegmentReader(path: path, files: world.platform.files, expected: nil)
            let block = try #require(reader.footer.columns[0].block(.values))
            let hasOffsets = type.width == nil && value != .null && sample(type) != .null
            #expect((block.encoding == .constant) == !hasOffsets)
            try reader.verifyAll()
            for range in [0..<1_000, 3..<4, 501..<1_000] {
                let vector = try reader.vector(for: column, id: 1, rows: range)
                #expect((0..<range.count).allSatisfy { vector.value(at: $0) == value })
            }
        }
    }

    private func sample(_ type: ValueType) -> Value {
        switch type.layout {
        case .boolean: .boolean(true)
        case .int8, .int16, .int32, .uint32: .integer(1)
        case .int64:
            switch type {
            case .date: .date(-5)
            case .timestamp: .timestamp(1_763_649_000_000_000)
            case .timestampNanos: .timestampNanos(7)
            default: .integer(77)
            }
        case .float, .double: .double(0.5)
        case .uint16: .string("é")
        case .int128: .decimal(DecimalValue(units: 5, scale: type.decimalShape?.scale ?? 0))
        case .symbol, .text: .string("one")
        case .bytes: .binary([1, 2, 3])
        case .uuid: .uuid(1, 2)
        case .long256: .long256(Long256(1, 2, 3, 4))
        case .array, .interval: .null
        }
    }

    @Test("inspecting tells rows, columns and blocks")
    func inspect() throws {
        let path = try publish(segment(0..<20), "b.seg")

        let lines = try SegmentInspector.describe(
            path, files: world.platform.files, isLong: false)

        #expect(lines.contains("rows 20"))
        #expect(lines.contains { $0.hasPrefix("column 3 symbol SYMBOL: values 20@") })
        #expect(lines.last == "all checksums are right")
    }
}
