import Bytes
import Catalog
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

@Suite struct SegmentStatisticsTests {
    /// Every type that has bounds.
    private static let types = ValueType.storable.filter { $0.bounds != .none }

    private let world = SimulatedPlatform(seed: 11)

    /// Values of a type, with its extremes; every fifth is NULL where asked for.
    private func values(_ type: ValueType, count: Int, nulls: Bool) -> [Value] {
        var random = SeededNumbers(seed: 77)
        return (0..<count).map { row in
            nulls && row % 5 == 3 ? .null : value(type, row, random.next(), random.next())
        }
    }

    private func value(_ type: ValueType, _ row: Int, _ bits: UInt64, _ more: UInt64) -> Value {
        switch type {
        case .boolean: return .boolean(bits & 1 == 1)
        case .byte: return .integer(Int64(Int8(truncatingIfNeeded: bits)))
        case .short: return .integer(Int64(Int16(truncatingIfNeeded: bits)))
        case .int: return .integer(Int64(Int32(truncatingIfNeeded: bits)))
        case .ipv4: return .integer(Int64(UInt32(truncatingIfNeeded: bits)))
        case .long: return .integer(row % 7 == 0 ? .min : Int64(bitPattern: bits))
        case .geohash(let width): return .integer(Int64(bits >> UInt64(64 - width)))
        case .date: return .date(Int64(bitPattern: bits))
        case .timestamp: return .timestamp(Int64(row) * 1_000_003)
        case .timestampNanos: return .timestampNanos(Int64(bitPattern: bits))
        case .float: return .double(row % 11 == 0 ? .nan : Double(Float(bits >> 40)))
        case .double: return .double(row % 11 == 0 ? .nan : Double(bits >> 20) * 1e-3)
        case .char: return .string(["a", "Z", "é", "漢"][Int(bits % 4)])
        case .symbol: return .string("symbol \(bits % 300)")
        case .varchar: return .string(String(repeating: "x", count: Int(bits % 40)) + "\(bits)")
        case .binary: return .binary((0..<Int(bits % 50)).map { UInt8($0) &+ UInt8(bits & 7) })
        case .uuid: return .uuid(bits % 3, more)
        case .long256: return .long256(Long256(more, bits, bits % 3, more % 5))
        case .decimal(let shape):
            let limit: Int64 = shape.precision == 1 ? 9 : 99_999
            return .decimal(
                DecimalValue(units: Int128(Int64(bits >> 33) % limit), scale: shape.scale))
        default: return .null
        }
    }

    private func statistics(_ type: ValueType, _ values: [Value]) throws -> [SegmentStatistics] {
        let definition = TableDefinition(
            id: 1, name: "t", columns: [ColumnDefinition(id: 1, name: "c", type: type)],
            timestampIndex: nil, partitionUnit: .none)
        var builder = ColumnBuilder(type: type)
        for value in values { builder.append(value) }
        let batch = Batch(rowCount: values.count, columns: [builder.makeVector()])
        let bytes = SegmentWriter.encode(
            batch, definition: definition, firstLSN: LSN(1), lastLSN: LSN(1))
        let path = "/segments/\(type.name)-\(world.platform.chance.next()).seg"
        try world.platform.files.makeDurableDirectory("/segments")
        try world.platform.files.publish(bytes, as: path)
        let reader = try SegmentReader(path: path, files: world.platform.files, expected: nil)
        try reader.verifyAll()
        let column = definition.columns[0]
        let vector = try reader.vector(for: column, id: 1, rows: 0..<values.count)
        for row in values.indices where !values[row].isNaN {
            #expect(vector.value(at: row) == values[row])
        }
        return try reader.statistics(for: column, id: 1)
    }

    @Test(
        "statistics say of every type what its values say one by one",
        arguments: Self.types, [true, false])
    func everyType(type: ValueType, nulls: Bool) throws {
        let values = values(type, count: SegmentStatistics.rowsPerEntry + 1_237, nulls: nulls)

        let entries = try statistics(type, values)

        #expect(entries.count == 2)
        var begin = 0
        for entry in entries {
            let part = values[begin..<begin + entry.rows]
            begin += entry.rows
            let kept = part.filter { $0 != .null && !$0.isNaN }
            #expect(entry.nulls == part.count { $0 == .null })
            #expect(entry.nans == part.count { $0.isNaN })
            let low = kept.min { $0.isBefore($1) } ?? .null
            let high = kept.max { $0.isBefore($1) } ?? .null
            #expect(entry.minimum == low.cutForStatistics)
            #expect(entry.maximum == high.cutUpwards)
            #expect(entry.integerSum == kept.reduce(Int128(0)) { $0 + $1.integerPart })
            let sum = kept.reduce(0) { $0 + $1.doublePart }
            #expect(abs(entry.doubleSum + entry.compensation - sum) <= abs(sum) * 1e-9)
            if let first = part.first, !first.isNaN {
                #expect(entry.first == first.cutForStatistics)
            }
            if let last = part.last, !last.isNaN { #expect(entry.last == last.cutForStatistics) }
        }
        #expect(begin == values.count)
    }

    @Test("sums of doubles lose nothing that cancels out")
    func compensatedSum() throws {
        let numbers = (0..<4_000).map { Value.double([1e16, 1, -1e16, 1][$0 % 4]) }

        let entry = try #require(try statistics(.double, numbers).first)

        #expect(entry.doubleSum + entry.compensation == 2_000)
    }

    @Test("a sum with an infinity has no compensation")
    func infinity() throws {
        let numbers = (0..<20).map { Value.double($0 == 3 ? .infinity : 1) }

        let entry = try #require(try statistics(.double, numbers).first)

        #expect(entry.doubleSum == .infinity)
        #expect(entry.compensation == 0)
        #expect(entry.maximum == .double(.infinity))
    }

    @Test("rows without a value have no bounds", arguments: ValueType.storable)
    func onlyNulls(type: ValueType) throws {
        let nulls = [Value](repeating: .null, count: 9)

        let entry = try #require(try statistics(type, nulls).first)

        #expect(entry == SegmentStatistics(nulls: 9))
    }

    @Test("a string without a bound above it says so")
    func noUpperBound() throws {
        let high = [UInt8](repeating: 255, count: 40)

        let entry = try #require(try statistics(.binary, [.binary(high), .binary([1])]).first)

        #expect(entry.minimum == .binary([1]))
        #expect(entry.maximum == .null)
        #expect(entry.hasValues)
    }

    @Test("every flipped bit of an entry is refused or harmless, never a crash")
    func flippedBits() throws {
        for type in Self.types {
            let column = values(type, count: 40, nulls: true)
            let entry = try #require(try statistics(type, column).first)
            var writer = ByteWriter()
            entry.encode(into: &writer)
            for offset in writer.bytes.indices {
                for bit in 0..<8 {
                    var damaged = writer.bytes
                    damaged[offset] ^= 1 << UInt8(bit)
                    var reader = ByteReader(damaged)
                    let read = try? SegmentStatistics.decode(&reader, type: type, rows: 40)
                    if let read { #expect(read.nulls + read.nans <= read.rows) }
                }
            }
        }
    }

    @Test("an entry of another type or number of rows is refused")
    func mismatch() throws {
        let entry = try #require(try statistics(.long, [.integer(7), .integer(9)]).first)
        var writer = ByteWriter()
        entry.encode(into: &writer)

        for (type, rows) in [(ValueType.long, 3), (.double, 2), (.varchar, 2), (.boolean, 2)] {
            var reader = ByteReader(writer.bytes)
            #expect(throws: DecodeFailure.self) {
                try SegmentStatistics.decode(&reader, type: type, rows: rows)
            }
        }
    }
}

/// Numbers that are the same in every run.
struct SeededNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

extension Value {
    fileprivate var isNaN: Bool {
        if case .double(let number) = self { return number.isNaN }
        return false
    }

    fileprivate var integerPart: Int128 {
        switch self {
        case .integer(let number), .date(let number), .timestamp(let number),
            .timestampNanos(let number):
            Int128(number)
        case .boolean(let flag): flag ? 1 : 0
        default: 0
        }
    }

    fileprivate var doublePart: Double {
        if case .double(let number) = self { return number }
        return 0
    }
}
