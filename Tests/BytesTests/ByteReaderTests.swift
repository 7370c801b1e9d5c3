import Bytes
import Testing

@Suite struct ByteReaderTests {
    private func sample() -> [UInt8] {
        var writer = ByteWriter()
        writer.integer(UInt32(0xDEAD_BEEF))
        writer.bigEndian(Int16(-2))
        writer.varint(UInt64.max)
        writer.double(1.5)
        writer.string("grüße")
        writer.cString("zero")
        return writer.bytes
    }

    private func readSample(_ bytes: [UInt8]) throws(DecodeFailure) -> String {
        var reader = ByteReader(bytes)
        let word = try reader.integer(UInt32.self)
        let short = try reader.bigEndian(Int16.self)
        let long = try reader.varint()
        let real = try reader.double()
        let text = try reader.string(upTo: 100)
        let zero = try reader.cString(upTo: 100)
        return "\(word) \(short) \(long) \(real) \(text) \(zero) \(reader.isAtEnd)"
    }

    @Test("what the writer wrote is read back")
    func roundTrip() throws {
        let text = try readSample(sample())

        #expect(text == "3735928559 -2 18446744073709551615 1.5 grüße zero true")
    }

    @Test("a cut at any byte is an error and never a trap")
    func everyCutThrows() {
        let bytes = sample()

        for length in 0..<bytes.count {
            #expect(throws: DecodeFailure.self) { try readSample(Array(bytes[..<length])) }
        }
    }

    @Test("a count above its limit is refused before anything is allocated")
    func countIsLimited() {
        var writer = ByteWriter()
        writer.varint(1 << 60)
        var reader = ByteReader(writer.bytes)

        #expect(throws: DecodeFailure.self) { try reader.count(upTo: 1000) }
    }

    @Test("a varint of more than 64 bits is refused")
    func varintOverflow() {
        var reader = ByteReader([UInt8](repeating: 0xFF, count: 10))

        #expect(throws: DecodeFailure.self) { try reader.varint() }
    }

    @Test("bytes that are not UTF-8 are no string")
    func invalidText() {
        var reader = ByteReader([2, 0xC3, 0x28])

        #expect(throws: DecodeFailure.invalid(at: 1, what: "string that is not UTF-8")) {
            try reader.string(upTo: 10)
        }
    }
}
