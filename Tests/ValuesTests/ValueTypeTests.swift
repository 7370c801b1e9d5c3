import Bytes
import Testing
import Values

@Suite struct ValueTypeTests {
    @Test("a type is found by its own name and by PostgreSQL's", arguments: ValueType.storable)
    func ownName(type: ValueType) {
        #expect(ValueType.named(type.name) == type)
    }

    @Test("synonyms are found in any case")
    func synonyms() {
        #expect(ValueType.named("BigInt") == .long)
        #expect(ValueType.named("double precision") == .double)
        #expect(ValueType.named("money") == nil)
    }

    @Test(
        "parameters are read with the name",
        arguments: [
            ("decimal(10, 2)", .decimal(DecimalShape(10, 2))),
            ("NUMERIC(5)", .decimal(DecimalShape(5, 0))), ("numeric", .openDecimal),
            ("geohash(5c)", .geohash(bits: 25)), ("GEOHASH(7b)", .geohash(bits: 7)),
            ("float8[]", .array(of: .double)), ("bigint[][]", .array(.long, dimensions: 2)),
            ("varchar(10)", .varchar), ("char(3)", .varchar), ("char(1)", .char),
            ("timestamptz", .timestamp),
        ] as [(String, ValueType)])
    func parameters(name: String, type: ValueType) {
        #expect(ValueType.named(name) == type)
    }

    @Test(
        "parameters outside their limits name nothing",
        arguments: [
            "decimal(39)", "decimal(5,6)", "decimal(0)", "decimal(1,2,3)", "decimal(-1)",
            "geohash(0b)", "geohash(61b)", "geohash(13c)", "geohash", "geohash(5)",
            "double[][][][][][][]", "binary[]",
        ])
    func limits(name: String) {
        #expect(ValueType.named(name) == nil)
    }

    @Test("a type's bytes are read back", arguments: ValueType.storable)
    func coding(type: ValueType) throws {
        var writer = ByteWriter()
        type.encode(into: &writer)
        var reader = ByteReader(writer.bytes)

        #expect(try ValueType.decode(&reader) == type)
        #expect(reader.isAtEnd)
        for length in 0..<writer.count {
            var cut = ByteReader(Array(writer.bytes.prefix(length)))
            #expect(throws: DecodeFailure.self) { try ValueType.decode(&cut) }
        }
    }

    @Test(
        "bytes that are no type of a column are refused",
        arguments: [
            [0], [18, 0, 0], [18, 39, 0], [18, 5, 6], [19, 0], [19, 61], [20, 7, 0], [20, 7, 7],
            [20, 11, 1], [20, 99, 1], [21], [32], [33], [255],
        ] as [[UInt8]])
    func hostileBytes(bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        #expect(throws: DecodeFailure.self) { try ValueType.decode(&reader) }
    }

    @Test(
        "every type that a client may send by its object id is found", arguments: ValueType.storable
    )
    func objectIDs(type: ValueType) {
        let found = ValueType.withOID(type.oid)

        #expect(found?.oid == type.oid || type == .char)
    }
}
