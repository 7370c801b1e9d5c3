import Bytes
import Diagnostics
import Testing
import Values

@Suite("Text, binary and JSON forms of values")
struct ValueTextTests {
    @Test(
        "floating point is written as PostgreSQL does",
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (0.1, "0.1"), (-2.5, "-2.5"), (1e15, "1e+15"),
            (123_456_789_012_345, "123456789012345"), (1e-4, "0.0001"), (1e-5, "1e-05"),
            (1.5e300, "1.5e+300"), (.infinity, "Infinity"), (-.infinity, "-Infinity"),
            (.nan, "NaN"), (.leastNonzeroMagnitude, "5e-324"), (100, "100"),
        ] as [(Double, String)])
    func doubles(number: Double, text: String) {
        #expect(Value.double(number).text(as: .double) == text)
    }

    @Test(
        "text is read as its type",
        arguments: [
            ("t", .boolean, .boolean(true)), ("off", .boolean, .boolean(false)),
            (" 42 ", .int, .integer(42)), ("-128", .byte, .integer(-128)),
            ("1.", .double, .double(1)), (".5", .double, .double(0.5)),
            ("1e3", .double, .double(1000)), ("-Infinity", .double, .double(-.infinity)),
            ("\\x0aff", .binary, .binary([10, 255])), ("hé", .varchar, .string("hé")),
            ("1970-01-01T00:00:00.001Z", .date, .date(1)),
            (
                "11111111-2222-3333-4444-555555555555", .uuid,
                .uuid(0x1111_1111_2222_3333, 0x4444_5555_5555_5555)
            ),
        ] as [(String, ValueType, Value)])
    func parse(text: String, type: ValueType, value: Value) throws {
        #expect(try Value.parse(text, as: type) == value)
    }

    @Test(
        "text that is no value names its state",
        arguments: [
            ("x", .int, "22P02"), ("", .int, "22P02"), ("300", .byte, "22003"),
            ("99999999999999999999", .long, "22003"), ("1e999", .double, "22003"),
            ("0x10", .double, "22P02"), ("maybe", .boolean, "22P02"),
            ("yesterday", .timestamp, "22007"), ("\\xabc", .binary, "22P02"),
            ("12", .uuid, "22P02"),
        ] as [(String, ValueType, String)])
    func refuse(text: String, type: ValueType, state: String) {
        let error = #expect(throws: DatabaseError.self) { try Value.parse(text, as: type) }
        #expect(error?.state.code == state)
    }

    @Test("the binary form is read back", arguments: ValueType.storable)
    func binary(type: ValueType) throws {
        let value = ColumnBuilderTests.sample(of: type)
        var writer = ByteWriter()

        value.appendBinary(as: type, to: &writer)

        #expect(try Value.parseBinary(writer.bytes, as: type) == value)
        if type.postgresLength > 0 {
            #expect(writer.count == Int(type.postgresLength))
            #expect(throws: DatabaseError.self) { try Value.parseBinary([1, 2, 3], as: type) }
        }
    }

    @Test("JSON knows no NaN and no control characters")
    func json() {
        func json(_ value: Value, _ type: ValueType) -> String {
            var writer = ByteWriter()
            value.appendJSON(as: type, to: &writer)
            return String(decoding: writer.bytes, as: UTF8.self)
        }

        #expect(json(.double(.nan), .double) == "null")
        #expect(json(.string("a\"\n\u{1}"), .varchar) == #""a\"\n\u0001""#)
        #expect(json(.timestamp(0), .timestamp) == #""1970-01-01T00:00:00.000000Z""#)
        #expect(json(.null, .int) == "null")
    }

    @Test("a vector writes a string as it lies")
    func vector() {
        var builder = ColumnBuilder(type: .varchar)
        builder.append(.string("ab"))
        builder.append(.string("zoë"))
        var writer = ByteWriter()

        builder.makeVector().appendText(1, to: &writer)

        #expect(String(decoding: writer.bytes, as: UTF8.self) == "zoë")
    }
}
