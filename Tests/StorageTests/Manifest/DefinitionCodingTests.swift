import Bytes
import Catalog
import Testing
import Values

@testable import Storage

@Suite struct DefinitionCodingTests {
    private static let full = TableDefinition(
        id: 9, schema: "sales", name: "weird \"name\" ü", version: 7,
        columns: [
            ColumnDefinition(id: 4, name: "ts", type: .timestamp, isNullable: false),
            ColumnDefinition(
                id: 2, name: "s", type: .symbol,
                symbolOptions: SymbolOptions(
                    capacity: 256, isCached: false, isIndexed: true, indexCapacity: 64)),
            ColumnDefinition(
                id: 11, name: "n", type: .long, isNullable: false,
                defaultValue: .sequence(schema: "sales", name: "n_seq", .always)),
            ColumnDefinition(
                id: 12, name: "d", type: .double, defaultValue: .expression("1 + 0.5")),
            ColumnDefinition(
                id: 13, name: "v", type: .varchar,
                modifier: .length(TextLength(characters: 300, isBlankTrimmed: false))),
            ColumnDefinition(
                id: 14, name: "c", type: .varchar,
                modifier: .length(
                    TextLength(characters: TextLength.most, isBlankTrimmed: true)),
                isNullable: false),
            ColumnDefinition(
                id: 15, name: "p", type: .timestamp,
                modifier: .precision(TimePrecision(digits: 3))),
        ], nextColumnID: 40, timestampIndex: 0, partitionUnit: .week,
        timeToLive: TimeToLive(value: 3, unit: .week), dedupKeys: [4, 2],
        checks: [CheckConstraint(name: "d_check", text: "d > 0")],
        keys: [KeyConstraint(name: "pk", isPrimary: true, columns: [11, 2])],
        ingestionHints: IngestionHints(
            maxUncommittedRows: 500_000, o3MaxLagMicroseconds: 10_000_000))

    private static let all: [TableDefinition] = [
        full, TradesTable.definition(id: 1), .schema(id: 3, name: "sales"),
        .sequence(id: 4, schema: "public", name: "numbers", SequenceDefinition()),
        .sequence(
            id: 5, schema: "public", name: "down",
            SequenceDefinition(
                start: -1, increment: -2, minimum: .min, maximum: -1, isCycling: true,
                reserved: -99, owner: 9)),
    ]

    private func encode(_ definition: TableDefinition) -> [UInt8] {
        var writer = ByteWriter()
        DefinitionCoding.encode(definition, into: &writer)
        return writer.bytes
    }

    @Test("a definition comes back as it was", arguments: all)
    func roundTrip(definition: TableDefinition) throws {
        var reader = ByteReader(encode(definition))

        #expect(try DefinitionCoding.decode(&reader) == definition)
        #expect(reader.isAtEnd)
    }

    @Test("a definition cut anywhere is refused", arguments: all)
    func everyCut(definition: TableDefinition) {
        let bytes = encode(definition)

        for length in 0..<bytes.count {
            var reader = ByteReader(bytes[..<length])
            #expect(throws: DecodeFailure.self) { try DefinitionCoding.decode(&reader) }
        }
    }

    @Test("no byte changed makes it trap", arguments: all)
    func everyByte(definition: TableDefinition) {
        let bytes = encode(definition)

        for index in bytes.indices {
            for value in [UInt8(0), 1, 0x7f, 0x80, 0xff] {
                var damaged = bytes
                damaged[index] = value
                var reader = ByteReader(damaged)
                // Either it is refused or it is another definition: both are well.
                _ = try? DefinitionCoding.decode(&reader)
            }
        }
    }

    @Test("a key of a column that is not there is refused")
    func strayKey() {
        let table = TableDefinition(
            id: 1, name: "t", columns: [ColumnDefinition(id: 1, name: "a", type: .long)],
            timestampIndex: nil, partitionUnit: .none, dedupKeys: [2])
        var reader = ByteReader(encode(table))

        #expect(throws: DecodeFailure.self) { try DefinitionCoding.decode(&reader) }
    }

    @Test("a column id at or above the next is refused")
    func usedID() {
        let table = TableDefinition(
            id: 1, name: "t", columns: [ColumnDefinition(id: 5, name: "a", type: .long)],
            nextColumnID: 5, timestampIndex: nil, partitionUnit: .none)
        var reader = ByteReader(encode(table))

        #expect(throws: DecodeFailure.self) { try DefinitionCoding.decode(&reader) }
    }
}
