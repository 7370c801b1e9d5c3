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
    ]

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
