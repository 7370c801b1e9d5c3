import Bytes
import Testing

@Suite struct ByteWriterTests {
    @Test("padding fills with zeros up to the alignment and no further")
    func padding() {
        var writer = ByteWriter()
        writer.integer(UInt8(1))

        writer.pad(to: 8)
        writer.pad(to: 8)

        #expect(writer.bytes == [1, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test("a big-endian length is patched in place")
    func patching() {
        var writer = ByteWriter()
        writer.bigEndian(Int32(0))
        writer.cString("x")

        writer.patchBigEndian(Int32(6), at: 0)

        #expect(writer.bytes == [0, 0, 0, 6, 120, 0])
    }
}
