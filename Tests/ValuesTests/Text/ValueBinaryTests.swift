import Bytes
import Diagnostics
import Testing
import Values

@Suite("the binary form of moments")
struct ValueBinaryTests {
    private static let first = Int64.min + Value.postgresEpoch + 1

    private func binary(_ value: Value, as type: ValueType) -> [UInt8] {
        var writer = ByteWriter()
        value.appendBinary(as: type, to: &writer)
        return writer.bytes
    }

    private func bytes(_ number: Int64) -> [UInt8] {
        var writer = ByteWriter()
        writer.bigEndian(number)
        return writer.bytes
    }

    private func column(_ type: ValueType, _ values: [Value]) -> ColumnVector {
        var builder = ColumnBuilder(type: type)
        for value in values { builder.append(value) }
        return builder.makeVector()
    }

    private func state(_ body: () throws(DatabaseError) -> Void) -> SQLState? {
        do throws(DatabaseError) { try body() } catch { return error.state }
        return nil
    }

    @Test(
        "every moment that it can tell comes back",
        arguments: [
            (.timestamp(first), .timestamp), (.timestamp(0), .timestamp),
            (.timestamp(.max), .timestamp), (.date(first / 1000), .date),
            (.date(.max / 1000), .date), (.timestampNanos(1_000), .timestampNanos),
            (.timestampNanos(-9_223_372_036_854_775_000), .timestampNanos),
        ] as [(Value, ValueType)])
    func roundTrip(value: Value, type: ValueType) throws {
        #expect(value.hasBinaryForm)
        #expect(try Value.parseBinary(binary(value, as: type), as: type) == value)
        try column(type, [.null, value]).checkBinary(0..<2)
    }

    @Test(
        "a moment before 290278 BC or beyond 64 bits of microseconds has none: 22008",
        arguments: [
            (.timestamp(first - 1), .timestamp), (.timestamp(.min), .timestamp),
            (.date(.min), .date), (.date(.max), .date), (.date((first - 1) / 1000 - 1), .date),
        ] as [(Value, ValueType)])
    func without(value: Value, type: ValueType) {
        let column = column(type, [value, .null, value])

        #expect(
            state { () throws(DatabaseError) in try column.checkBinary(0..<3) } == .datetimeOverflow
        )
        #expect(state { () throws(DatabaseError) in try column.checkBinary(1..<2) } == nil)
    }

    @Test("the least nanoseconds, cut to the microsecond before them, are read as the least")
    func leastNanoseconds() throws {
        for nanos: Int64 in [.min, .min + 1, .min + 806] {
            let sent = binary(.timestampNanos(nanos), as: .timestampNanos)
            #expect(
                try Value.parseBinary(sent, as: .timestampNanos) == .timestampNanos(.min))
        }
        let before = binary(
            .timestamp(-9_223_372_036_854_777), as: .timestamp)
        #expect(
            state { () throws(DatabaseError) in
                _ = try Value.parseBinary(before, as: .timestampNanos)
            } == .datetimeOverflow)
    }

    @Test("an array of moments is looked into")
    func arrays() {
        let array = ArrayValue(.timestamp, [.timestamp(0), .timestamp(.min)])

        #expect(!Value.array(array).hasBinaryForm)
    }

    @Test(
        "what a client sends beyond the type is 22008, PostgreSQL's infinities too",
        arguments: [
            (.max, .timestamp), (.min, .timestamp), (.max - 1, .date), (.min, .date),
            (.max, .timestampNanos), (.min, .timestampNanos),
            (9_223_372_036_854_775, .timestampNanos),
        ] as [(Int64, ValueType)])
    func hostile(sent: Int64, type: ValueType) {
        #expect(
            state { () throws(DatabaseError) in _ = try Value.parseBinary(bytes(sent), as: type) }
                == .datetimeOverflow)
    }

    @Test("a moment of a wrong length is no moment")
    func length() {
        #expect(
            state { () throws(DatabaseError) in
                _ = try Value.parseBinary([1, 2, 3, 4], as: .timestamp)
            } == .badBinary)
    }

    @Test(
        "a client of the wire gets six digits of a TIMESTAMP_NS at most, anybody else nine",
        arguments: [
            (1_123_456_789, "1970-01-01 00:00:01.123456", "1970-01-01 00:00:01.123456789"),
            (1_120_000_000, "1970-01-01 00:00:01.12", "1970-01-01 00:00:01.12"),
            (-1, "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999999"),
        ] as [(Int64, String, String)])
    func wireText(nanos: Int64, wire: String, text: String) {
        let column = column(.timestampNanos, [.timestampNanos(nanos)])
        var writer = ByteWriter()

        column.appendWireText(0, to: &writer)

        #expect(String(decoding: writer.bytes, as: UTF8.self) == wire)
        #expect(column.value(at: 0).text(as: .timestampNanos) == text)
    }
}
