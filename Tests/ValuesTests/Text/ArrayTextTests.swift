import Bytes
import Diagnostics
import Testing
import Values

/// The error that a body throws.
func failure<R>(_ body: () throws -> R) -> DatabaseError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? DatabaseError
    }
}

@Suite("Text forms of addresses, hashes, places, spans and arrays")
struct ArrayTextTests {
    @Test(
        "text is read and written as its type writes it",
        arguments: [
            ("0.0.0.0", "0.0.0.0", .ipv4), ("255.255.255.255", "255.255.255.255", .ipv4),
            (" 010.1.02.3 ", "10.1.2.3", .ipv4), ("0x0", "0x00", .long256),
            ("0X1fF", "0x01ff", .long256),
            (
                "0x" + String(repeating: "f", count: 64), "0x" + String(repeating: "f", count: 64),
                .long256
            ),
            (
                "FFFFFFFF-ffff-ffff-ffff-ffffffffffff", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                .uuid
            ),
            ("u33d", "u33d", .geohash(bits: 20)), ("U33D", "u33d", .geohash(bits: 20)),
            ("#u33dc", "u33d", .geohash(bits: 20)), ("##0110", "0110", .geohash(bits: 4)),
            ("0110110", "0110110", .geohash(bits: 7)), ("u3", "1101000", .geohash(bits: 7)),
            ("zzzzzzzzzzzz", "zzzzzzzzzzzz", .geohash(bits: 60)),
            ("2026-01-02T03:04:05.1Z", "2026-01-02 03:04:05.1", .timestampNanos),
            (
                "2026-01-02 03:04:05.123456789+01:00", "2026-01-02 02:04:05.123456789",
                .timestampNanos
            ),
            ("{}", "{}", .array(of: .double)), (" { 1 , 2.5 } ", "{1,2.5}", .array(of: .double)),
            ("{{1,2},{3,NULL}}", "{{1,2},{3,NULL}}", .array(.long, dimensions: 2)),
            (
                #"{"a,b",c\,d,"NULL",NULL,""}"#, #"{"a,b","c,d","NULL",NULL,""}"#,
                .array(of: .varchar)
            ),
            ("1 year -2 mons 3 days 04:05:06.5", "10 mons 3 days 04:05:06.5", .interval),
            ("90 minutes ago", "-01:30:00", .interval), ("1.5 days", "1 day 12:00:00", .interval),
            ("0 days", "00:00:00", .interval), ("1 3 -7", "1 3 -7", .shortVector),
        ] as [(String, String, ValueType)])
    func roundTrip(text: String, written: String, type: ValueType) throws {
        let value = try Value.parse(text, as: type)

        #expect(value.text(as: type) == written)
        #expect(try Value.parse(written, as: type) == value)
    }

    @Test(
        "text that is no value is quoted in the error",
        arguments: [
            ("1.2.3", .ipv4), ("1.2.3.4.5", .ipv4), ("1.2.3.256", .ipv4), ("1.2.3.-4", .ipv4),
            ("1.2.3.", .ipv4), ("a.b.c.d", .ipv4), ("1f", .long256), ("0x", .long256),
            ("0xg", .long256), ("0x1" + String(repeating: "0", count: 64), .long256),
            ("u3", .geohash(bits: 20)), ("a33d", .geohash(bits: 20)), ("##011", .geohash(bits: 4)),
            ("zzzzzzzzzzzzz", .geohash(bits: 60)), ("", .char), ("😀", .char), ("ab", .ipv4),
            ("1,2", .array(of: .double)), ("{1,2", .array(of: .double)),
            ("{1,}", .array(of: .double)), ("{1}{2}", .array(of: .double)),
            ("{1,{2}}", .array(of: .double)), ("{{1},2}", .array(.double, dimensions: 2)),
            ("{{1},{2,3}}", .array(.double, dimensions: 2)),
            ("{{}}", .array(.double, dimensions: 2)),
            ("{{1}}", .array(of: .double)), (#"{"a}"#, .array(of: .varchar)),
            (String(repeating: "{", count: 10_000), .array(of: .double)),
            ("tomorrow", .interval), ("1 fortnight", .interval), ("1e300 years", .interval),
            ("4294967296:00", .interval),
        ] as [(String, ValueType)])
    func refuse(text: String, type: ValueType) {
        let error = failure { try Value.parse(text, as: type) }

        #expect(error?.state == .badText)
        #expect(error?.message.contains("\"\(text.prefix(100))\"") == true)
    }

    @Test("an element that is no value is named itself")
    func element() {
        let error = failure { try Value.parse("{1,x}", as: .array(of: .long)) }

        #expect(error?.message == "invalid input syntax for type bigint: \"x\"")
    }

    @Test(
        "JSON is what /exec answers",
        arguments: [
            (.integer(0x0102_0304), .ipv4, #""1.2.3.4""#), (.string("\""), .char, #""\"""#),
            (.timestampNanos(1), .timestampNanos, #""1970-01-01T00:00:00.000000001Z""#),
            (
                .decimal(DecimalValue(units: -150, scale: 2)), .decimal(DecimalShape(5, 2)),
                #""-1.50""#
            ),
            (.integer(27), .geohash(bits: 5), #""v""#),
            (.long256(Long256(255, 0, 0, 0)), .long256, #""0xff""#),
            (
                .array(ArrayValue(.double, lengths: [1, 3], [.double(1), .double(.nan), .null])),
                .array(.double, dimensions: 2), "[[1.0,null,null]]"
            ),
            (.array(ArrayValue(.long, [])), .array(of: .long), "[]"),
        ] as [(Value, ValueType, String)])
    func json(value: Value, type: ValueType, text: String) {
        var writer = ByteWriter()

        value.appendJSON(as: type, to: &writer)

        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test("an array's binary form is PostgreSQL's, byte for byte")
    func arrayBinary() throws {
        let type = ValueType.array(of: .double)
        let value = Value.array(ArrayValue(.double, [.double(1.5), .null]))
        let bytes: [UInt8] =
            [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 2, 0xbd, 0, 0, 0, 2, 0, 0, 0, 1]
            + [0, 0, 0, 8, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]
        var writer = ByteWriter()

        value.appendBinary(as: type, to: &writer)

        #expect(writer.bytes == bytes)
        #expect(try Value.parseBinary(bytes, as: type) == value)
        for length in 0..<bytes.count {
            let error = failure { try Value.parseBinary(Array(bytes.prefix(length)), as: type) }
            #expect(error?.state == .badBinary)
        }
    }

    @Test("an array of other elements is cast, as drivers send int4[] for bigint[]")
    func otherElements() throws {
        let bytes: [UInt8] =
            [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9]

        #expect(
            try Value.parseBinary(bytes, as: .array(of: .long))
                == .array(ArrayValue(.long, [.integer(9)])))
    }

    @Test("lengths that lie are refused before anything is allocated")
    func hugeLengths() {
        let bytes: [UInt8] =
            [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2, 0xbd]
            + [0x7f, 255, 255, 255, 0, 0, 0, 1, 0x7f, 255, 255, 255, 0, 0, 0, 1]

        #expect(
            failure { try Value.parseBinary(bytes, as: .array(.double, dimensions: 2)) }?.state
                == .badBinary)
    }

    @Test("nanoseconds travel as the microsecond before them")
    func nanosecondsBinary() {
        var writer = ByteWriter()

        Value.timestampNanos(Value.postgresEpoch * 1000 - 1).appendBinary(
            as: .timestampNanos, to: &writer)

        #expect(writer.bytes == [UInt8](repeating: 255, count: 8))
    }
}
