import Bytes
import Diagnostics
import Testing
import Values

@Suite("parameters of a client")
struct ValueParameterTests {
    private static let numeric: UInt32 = 1700

    private func binary(_ text: String) throws -> [UInt8] {
        let shape = try #require(WrittenNumber(text)?.shape)
        let value = try Value.parse(text, as: .decimal(shape))
        var writer = ByteWriter()
        value.appendBinary(as: .decimal(shape), to: &writer)
        return writer.bytes
    }

    private func state(_ body: () throws(DatabaseError) -> Value) -> String? {
        do throws(DatabaseError) { _ = try body() } catch { return error.state.code }
        return nil
    }

    @Test(
        "a NUMERIC keeps the digits it came with, in both forms",
        arguments: [
            "1.234567890123456789012345678901", "12345678901234567890123456789012345678",
            "-9999999999999999999999999999.9999999999", "0.00000000000000000000000000000000000001",
            "1.50", "0", "-0.001", "1000000",
        ])
    func ownDigits(text: String) throws {
        let typed = try Value.parseParameter(Array(text.utf8), as: .openDecimal)
        let sent = try Value.parseBinary(
            try binary(text), declared: Self.numeric, as: .openDecimal)

        #expect(typed.text(as: .openDecimal) == text)
        #expect(sent == typed)
    }

    @Test("digits beyond 38 go from the end, those before the point are 22003")
    func tooMany() throws {
        let long = "1.2345678901234567890123456789012345678901"

        let kept = try Value.parseParameter(Array(long.utf8), as: .openDecimal)

        #expect(kept.text(as: .openDecimal) == "1.2345678901234567890123456789012345679")
        for text in [
            "123456789012345678901234567890123456789", "1e38",
            "99999999999999999999999999999999999999.9",
        ] {
            #expect(
                state { () throws(DatabaseError) in
                    try Value.parseParameter(Array(text.utf8), as: .openDecimal)
                } == "22003")
        }
        #expect(
            state { () throws(DatabaseError) in
                try Value.parseParameter(Array("NaN".utf8), as: .openDecimal)
            } == "22P02")
    }

    @Test("a decimal with a shape has the digits of the shape")
    func shaped() throws {
        let type = ValueType.decimal(DecimalShape(10, 2))

        #expect(
            try Value.parseParameter(Array("1.009".utf8), as: type).text(as: type) == "1.01")
    }

    @Test(
        "a NUL byte in a text is 22021, in both forms",
        arguments: [ValueType.varchar, .symbol, .char, .json, .uuid, .int, .array(of: .varchar)])
    func nullByte(type: ValueType) {
        let bytes = Array("a\0b".utf8)
        #expect(
            state { () throws(DatabaseError) in try Value.parseParameter(bytes, as: type) }
                == "22021")
        guard type.isText else { return }
        #expect(
            state { () throws(DatabaseError) in
                try Value.parseBinary(bytes, declared: 0, as: type)
            } == "22021")
    }

    @Test("a NUL byte in an element of an array is 22021")
    func nullByteInArray() {
        var writer = ByteWriter()
        for number in [Int32(1), 0, 25, 1, 1, 3] { writer.bigEndian(number) }
        writer.bytes += Array("a\0b".utf8)
        let bytes = writer.bytes

        #expect(
            state { () throws(DatabaseError) in
                try Value.parseBinary(bytes, declared: 1009, as: .array(of: .varchar))
            } == "22021")
    }
}
