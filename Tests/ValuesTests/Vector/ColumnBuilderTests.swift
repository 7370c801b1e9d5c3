import Testing
import Values

@Suite struct ColumnBuilderTests {
    static let samples: [(ValueType, [Value])] = [
        (.boolean, [.boolean(true), .null, .boolean(false)]),
        (.byte, [.integer(-128), .null, .integer(127)]),
        (.short, [.integer(-32768), .null, .integer(32767)]),
        (.int, [.integer(-2_147_483_648), .null, .integer(7)]),
        (.long, [.integer(.min), .null, .integer(.max)]),
        (.float, [.double(1.5), .null, .double(-0.25)]),
        (.double, [.double(.infinity), .null, .double(0.1)]),
        (.date, [.date(-1), .null, .date(1)]),
        (.timestamp, [.timestamp(.min), .null, .timestamp(.max)]),
        (.symbol, [.string("a"), .null, .string("a"), .string("")]),
        (.varchar, [.string(""), .null, .string("grüße")]),
        (.binary, [.binary([]), .null, .binary([0, 255])]),
        (.uuid, [.uuid(1, 2), .null, .uuid(.max, 0)]),
        (.char, [.string("x"), .null, .string("\u{FFFF}")]),
        (.timestampNanos, [.timestampNanos(.min), .null, .timestampNanos(.max)]),
        (.ipv4, [.integer(0), .null, .integer(0xffff_ffff)]),
        (
            .long256,
            [.long256(Long256(1, 2, 3, 4)), .null, .long256(Long256(.max, .max, .max, .max))]
        ),
        (
            .decimal(DecimalShape(38, 2)),
            [
                .decimal(DecimalValue(units: -Int128(PowersOfTen.unsigned[38]) + 1, scale: 2)),
                .null,
                .decimal(DecimalValue(units: Int128(PowersOfTen.unsigned[38]) - 1, scale: 2)),
            ]
        ),
        (.geohash(bits: 1), [.integer(0), .null, .integer(1)]),
        (.geohash(bits: 7), [.integer(0), .null, .integer(127)]),
        (.geohash(bits: 15), [.integer(0), .null, .integer(32767)]),
        (.geohash(bits: 31), [.integer(0), .null, .integer(0x7fff_ffff)]),
        (.geohash(bits: 60), [.integer(0), .null, .integer((1 << 60) - 1)]),
        (
            .array(.double, dimensions: 1),
            [
                .array(ArrayValue(.double, [])), .null,
                .array(ArrayValue(.double, [.double(1.5), .null, .double(-.infinity)])),
            ]
        ),
        (
            .array(.long, dimensions: 2),
            [
                .array(
                    ArrayValue(
                        .long, lengths: [2, 1], [.integer(.min), .integer(.max)])), .null,
            ]
        ),
        (
            .array(of: .varchar),
            [.array(ArrayValue(.varchar, [.string(""), .null, .string("grüße")])), .null]
        ),
        (
            .interval,
            [.interval(IntervalValue(months: -1, days: 2, microseconds: .min)), .null]
        ),
    ]

    /// One value of a type, for tests that need any.
    static func sample(of type: ValueType) -> Value {
        if let shape = type.decimalShape {
            return .decimal(DecimalValue(units: -7, scale: shape.scale))
        }
        if type.geohashBits != nil { return .integer(1) }
        if case .array(let element, let dimensions) = type {
            let number: Value = element == .double ? .double(2.5) : .integer(-7)
            let lengths = [Int](repeating: 1, count: Int(dimensions) - 1) + [2]
            return .array(ArrayValue(element, lengths: lengths, [number, .null]))
        }
        let found = samples.first { $0.0 == type }?.1.first { $0 != .null }
        return type == .timestamp
            ? .timestamp(-5)
            : type == .timestampNanos
                ? .timestampNanos(-5000) : found ?? .null
    }

    @Test("values of every type come back, with NULL and the ends of the range", arguments: samples)
    func roundTrip(type: ValueType, values: [Value]) {
        var builder = ColumnBuilder(type: type)

        for value in values { builder.append(value) }
        let vector = builder.makeVector()

        #expect(vector.count == values.count)
        #expect((0..<values.count).map { vector.value(at: $0) } == values)
    }

    @Test("a vector without NULL has no validity")
    func noValidity() {
        var builder = ColumnBuilder(type: .long)

        builder.append(.integer(1))

        #expect(builder.makeVector().validity == nil)
    }
}
