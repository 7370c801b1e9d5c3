import Bytes
import Testing
import Values

/// Vectors whose bytes came from a damaged disk.
@Suite struct ColumnVectorTests {
    private func vector(_ type: ValueType, _ bytes: [UInt8], validity: [UInt8]? = nil)
        -> ColumnVector
    {
        ColumnVector(
            type: type, count: 1, values: .init(MemoryRegion(bytes)),
            validity: validity.map { .init(MemoryRegion($0)) })
    }

    private func array(_ heap: [UInt8], dimensions: UInt8 = 1) -> ColumnVector {
        var offsets = ByteWriter()
        offsets.integer(UInt32(0))
        offsets.integer(UInt32(heap.count))
        return ColumnVector(
            type: .array(.double, dimensions: dimensions), count: 1,
            values: .init(MemoryRegion(offsets.bytes)), heap: .init(MemoryRegion(heap)))
    }

    @Test("a decimal with more digits than its precision is none")
    func decimal() {
        var writer = ByteWriter()
        writer.integer(Int128(100))
        let type = ValueType.decimal(DecimalShape(2, 0))

        #expect(!vector(type, writer.bytes).holdsOnlyValues)
        #expect(vector(type, writer.bytes, validity: [0]).holdsOnlyValues)
        #expect(vector(.decimal(DecimalShape(3, 0)), writer.bytes).holdsOnlyValues)
        let least = [UInt8](repeating: 0, count: 15) + [0x80]
        #expect(!vector(.decimal(DecimalShape(38, 0)), least).holdsOnlyValues)
    }

    @Test("a geohash has no more bits than its type, and a char is no surrogate")
    func narrow() {
        #expect(!vector(.geohash(bits: 5), [32]).holdsOnlyValues)
        #expect(!vector(.geohash(bits: 7), [0x80]).holdsOnlyValues)
        #expect(vector(.geohash(bits: 5), [31]).holdsOnlyValues)
        #expect(!vector(.char, [0, 0xd8]).holdsOnlyValues)
        #expect(vector(.char, [0xff, 0xff]).holdsOnlyValues)
    }

    @Test(
        "an array's header and elements must be whole",
        arguments: [
            [], [1, 0, 0], [1, 0, 0, 0], [7, 0, 0, 0], [0, 2, 0, 0], [0, 0, 1, 0],
            [1, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 255, 255, 255, 255],
            [1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3], [0, 0, 0, 0, 9],
            [2, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
            [2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] as [[UInt8]])
    func arrays(heap: [UInt8]) {
        #expect(!array(heap).holdsOnlyValues)
    }

    @Test("an empty array and a whole one are values")
    func wholeArrays() {
        #expect(array([0, 0, 0, 0]).holdsOnlyValues)
        #expect(array([1, 0, 0, 0, 1, 0, 0, 0] + [UInt8](repeating: 9, count: 8)).holdsOnlyValues)
        #expect(
            array([1, 1, 0, 0, 1, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 8)).holdsOnlyValues)
    }
}
