import Bytes
import Diagnostics
import Testing
import Values

@Suite struct DecimalValueTests {
    private func value(_ text: String, _ precision: Int, _ scale: Int) throws -> DecimalValue {
        let parsed = try Value.parse(text, as: .decimal(DecimalShape(precision, scale)))
        guard case .decimal(let number) = parsed else { throw Unexpected() }
        return number
    }

    private struct Unexpected: Error {}

    @Test(
        "text is read in the scale of its type, rounded half away from zero",
        arguments: [
            ("12.345", 10, 2, "12.35"), ("-12.345", 10, 2, "-12.35"), ("0.005", 10, 2, "0.01"),
            ("0.0049", 10, 2, "0.00"), (" 1e3 ", 10, 2, "1000.00"), ("12e-3", 10, 4, "0.0120"),
            (".5", 1, 0, "1"), ("-.4", 1, 0, "0"), ("000123", 3, 0, "123"), ("+7.", 2, 1, "7.0"),
            ("0e9999", 5, 2, "0.00"),
            ("9.99e37", 38, 0, "9990" + String(repeating: "0", count: 34)),
            (
                "0." + String(repeating: "9", count: 38), 38, 38,
                "0." + String(repeating: "9", count: 38)
            ),
        ] as [(String, Int, Int, String)])
    func parse(text: String, precision: Int, scale: Int, written: String) throws {
        #expect(try value(text, precision, scale).description == written)
    }

    @Test(
        "text that is no number or too large names its state",
        arguments: [
            ("", "22P02"), ("1.2.3", "22P02"), ("1e", "22P02"), ("NaN", "22P02"), ("--1", "22P02"),
            ("1_000", "22P02"), ("0x1", "22P02"), ("100000000", "22003"), ("99999999.995", "22003"),
            ("1e300", "22003"), ("1e99999999999999999999", "22P02"),
            ("1e-9223372036854775808", "22P02"),
        ])
    func refuse(text: String, state: String) {
        let error = failure { try Value.parse(text, as: .decimal(DecimalShape(10, 2))) }
        #expect(error?.state.code == state)
    }

    @Test(
        "the binary form is PostgreSQL's, byte for byte",
        arguments: [
            ("0", 1, 0, [0, 0, 0, 0, 0, 0, 0, 0]),
            ("1", 1, 0, [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("-1234.5", 10, 2, [0, 2, 0, 0, 0x40, 0, 0, 2, 4, 0xd2, 0x13, 0x88]),
            ("10000", 10, 0, [0, 1, 0, 1, 0, 0, 0, 0, 0, 1]),
            ("0.0001", 10, 4, [0, 1, 0xff, 0xff, 0, 0, 0, 4, 0, 1]),
            ("0.00001", 10, 5, [0, 1, 0xff, 0xfe, 0, 0, 0, 5, 3, 0xe8]),
            ("100000000.01", 11, 2, [0, 4, 0, 2, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 100]),
        ] as [(String, Int, Int, [UInt8])])
    func binary(text: String, precision: Int, scale: Int, bytes: [UInt8]) throws {
        let type = ValueType.decimal(DecimalShape(precision, scale))
        let parsed = try Value.parse(text, as: type)
        var writer = ByteWriter()

        parsed.appendBinary(as: type, to: &writer)

        #expect(writer.bytes == bytes)
        #expect(try Value.parseBinary(bytes, as: type) == parsed)
    }

    @Test("binary digits above 9999, NaN and cut forms are refused")
    func hostileBinary() {
        let type = ValueType.decimal(DecimalShape(10, 2))
        let bad: [[UInt8]] = [
            [], [0, 1, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10],
            [0, 0, 0, 0, 0xC0, 0, 0, 0], [0xff, 0xff, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0, 0],
        ]
        for bytes in bad {
            let error = failure { try Value.parseBinary(bytes, as: type) }
            #expect(error?.state == .badBinary)
        }
        let large: [UInt8] = [0, 1, 0x7f, 0xff, 0, 0, 0, 0, 0, 1]
        #expect(failure { try Value.parseBinary(large, as: type) }?.state == .numericOutOfRange)
    }

    @Test("numbers of different scales compare as numbers, to the last digit")
    func order() {
        let most = Int128(PowersOfTen.unsigned[38]) - 1
        let large = DecimalValue(units: most, scale: 0)
        let small = DecimalValue(units: most, scale: 38)

        #expect(DecimalValue(units: 150, scale: 2).order(DecimalValue(units: 15, scale: 1)) == 0)
        #expect(small.order(large) < 0)
        #expect(large.order(small) > 0)
        #expect(DecimalValue(units: -most, scale: 38).order(small) < 0)
        #expect(DecimalValue(units: -15, scale: 1).order(DecimalValue(units: -151, scale: 2)) > 0)
    }

    @Test("a quotient is exact in 256 bits and rounds half away from zero")
    func quotient() {
        let most = Int128(PowersOfTen.unsigned[38]) - 1

        #expect(DecimalValue.quotient(1, 3, shift: 20) == 33_333_333_333_333_333_333)
        #expect(DecimalValue.quotient(-2, 3, shift: 2) == -67)
        #expect(DecimalValue.quotient(1, 2, shift: 0) == 1)
        #expect(DecimalValue.quotient(most, most, shift: 38) == Int128(PowersOfTen.unsigned[38]))
        #expect(DecimalValue.quotient(most, 1, shift: 38) == nil)
        #expect(DecimalValue.quotient(1, most, shift: 76) == Int128(PowersOfTen.unsigned[38]) + 1)
        #expect(DecimalValue.quotient(most, 1, shift: 76) == nil)
        #expect(DecimalValue.product(most, most, dividingByTenTo: 0) == nil)
        #expect(DecimalValue.product(most, 10, dividingByTenTo: 1) == most)
        #expect(DecimalValue.product(-15, 1, dividingByTenTo: 1) == -2)
    }

    @Test(
        "a decimal becomes the nearest double", arguments: ["0.1", "-2.5", "123456789.123456789"])
    func double(text: String) throws {
        #expect(try value(text, 38, 18).double == Double(text))
    }

    @Test("casts round, widen and refuse")
    func cast() throws {
        let type = ValueType.decimal(DecimalShape(4, 2))
        let number = Value.decimal(DecimalValue(units: 1250, scale: 2))

        #expect(try number.cast(from: type, to: .int) == .integer(13))
        #expect(try number.cast(from: type, to: .double) == .double(12.5))
        #expect(try number.cast(from: type, to: .varchar) == .string("12.50"))
        #expect(try Value.double(0.1).cast(from: .double, to: type).text(as: type) == "0.10")
        #expect(
            failure { try Value.integer(100).cast(from: .int, to: type) }?.state.code == "22003")
        #expect(
            failure { try Value.double(.nan).cast(from: .double, to: type) }?.state.code == "22003")
    }
}
