import Bytes
import Catalog
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

/// Columns of every type on their way from the log through memory into a segment.
@Suite struct MemtableTests {
    /// The ends of a type's range.
    private static func ends(_ type: ValueType) -> [Value] {
        switch type {
        case .boolean: [.boolean(false), .boolean(true)]
        case .byte, .short, .int, .long:
            [type.integerRange?.lowerBound, type.integerRange?.upperBound].map {
                .integer($0 ?? 0)
            }
        case .float: [.double(Double(-Float.greatestFiniteMagnitude)), .double(.infinity)]
        case .double: [.double(-.greatestFiniteMagnitude), .double(.infinity)]
        case .date: [.date(.min), .date(.max)]
        case .timestamp: [.timestamp(.min), .timestamp(.max)]
        case .timestampNanos: [.timestampNanos(.min), .timestampNanos(.max)]
        case .char: [.string("\u{1}"), .string("\u{FFFF}")]
        case .symbol, .varchar: [.string(""), .string(String(repeating: "ü", count: 100))]
        case .binary: [.binary([]), .binary([0, 255])]
        case .uuid: [.uuid(0, 0), .uuid(.max, .max)]
        case .ipv4: [.integer(0), .integer(0xffff_ffff)]
        case .long256: [.long256(Long256(0, 0, 0, 0)), .long256(Long256(.max, .max, .max, .max))]
        case .decimal(let shape):
            [Int128(-1), 1].map {
                let most = Int128(PowersOfTen.unsigned[Int(shape.precision)]) - 1
                return .decimal(DecimalValue(units: $0 * most, scale: shape.scale))
            }
        case .geohash(let bits): [.integer(0), .integer((1 << Int64(bits)) - 1)]
        case .array(let element, let dimensions):
            [
                .array(ArrayValue(element, [])),
                .array(
                    ArrayValue(
                        element,
                        lengths: [Int](repeating: 1, count: Int(dimensions) - 1) + [9],
                        (0..<9).map { $0 == 8 ? .null : ends(element.type)[$0 % 2] })),
            ]
        case .interval, .catalogName, .objectID, .registered, .catalogChar, .shortVector, .record,
            .json, .void:
            []
        }
    }

    private static func batch(_ type: ValueType, _ values: [Value]) -> Batch {
        var times = ColumnBuilder(type: .timestamp)
        var column = ColumnBuilder(type: type)
        for (row, value) in values.enumerated() {
            times.append(.timestamp(Int64(row)))
            column.append(value)
        }
        return Batch(rowCount: values.count, columns: [times.makeVector(), column.makeVector()])
    }

    @Test(
        "every type comes back from log, memory and segment, with NULL at the edges",
        arguments: ValueType.storable)
    func everyType(type: ValueType) throws {
        let world = SimulatedPlatform(seed: 1)
        let values: [Value] = [.null] + Self.ends(type) + [.null]
        var storage = try Storage.open(root: "/root", platform: world.platform)
        let id = storage.reserveTableID()
        let definition = TableDefinition(
            id: id, name: "t",
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp, isNullable: false),
                ColumnDefinition(id: 2, name: "c", type: type),
            ], timestampIndex: 0, partitionUnit: .none)
        func found() throws -> [Value] {
            try TradesTable.rows(storage.snapshot().table(id: id)).map { $0[1] }
        }
        #expect(values.count == 4)

        _ = try storage.commit(
            Transaction(
                edits: [.createTable(definition)],
                appends: [
                    Append(table: id, definitionVersion: 1, batch: Self.batch(type, values))
                ]))
        let inMemory = try found()
        world.crash()
        storage = try Storage.open(root: "/root", platform: world.platform)
        let fromLog = try found()
        try storage.flush()
        let inSegment = try found()
        try storage.close()
        storage = try Storage.open(root: "/root", platform: world.platform)
        let reopened = try found()
        try storage.close()

        #expect(inMemory == values)
        #expect(fromLog == values)
        #expect(inSegment == values)
        #expect(reopened == values)
    }

    @Test("a type that no column may have is refused before it reaches the log")
    func unstorable() throws {
        let world = SimulatedPlatform(seed: 1)
        let storage = try Storage.open(root: "/root", platform: world.platform)
        let definition = TableDefinition(
            id: storage.reserveTableID(), name: "t",
            columns: [ColumnDefinition(id: 1, name: "i", type: .interval)], timestampIndex: nil,
            partitionUnit: .none)

        let error = failure {
            _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
        }
        try storage.close()

        #expect(error?.state == .featureNotSupported)
        try Storage.open(root: "/root", platform: world.platform).close()
    }

    @Test("the log's form of a batch is refused wherever it is cut", arguments: ValueType.storable)
    func cuts(type: ValueType) throws {
        var writer = ByteWriter()
        BatchCoding.encode(Self.batch(type, [.null] + Self.ends(type)), into: &writer)

        for length in 0..<writer.count {
            var reader = ByteReader(Array(writer.bytes.prefix(length)))
            #expect(throws: DecodeFailure.self) { try BatchCoding.decode(&reader) }
        }
    }

    @Test("a decimal beyond its precision in the log is damage")
    func hostileDecimal() throws {
        var builder = ColumnBuilder(type: .decimal(DecimalShape(38, 0)))
        builder.append(.decimal(DecimalValue(units: 100, scale: 0)))
        var writer = ByteWriter()
        BatchCoding.encode(Batch(rowCount: 1, columns: [builder.makeVector()]), into: &writer)
        // Rows, columns, the type's code, then its precision.
        #expect(writer.bytes[3] == 38)
        writer.bytes[3] = 2

        var reader = ByteReader(writer.bytes)
        #expect(throws: DecodeFailure.self) { try BatchCoding.decode(&reader) }
    }
}
