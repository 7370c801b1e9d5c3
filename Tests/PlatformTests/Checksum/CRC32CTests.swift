import Testing

@testable import Platform

@Suite("CRC32C and XXH64")
struct CRC32CTests {
    @Test("the published check values come out")
    func checkValues() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xe306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(CRC32C.checksum([UInt8]()) == 0)
        #expect(XXH64.hash([]) == 0xef46_db37_51d8_e999)
        #expect(XXH64.hash(Array("abc".utf8)) == 0x44bc_2cf5_ad77_0999)
    }

    @Test(
        "instruction, table and parts agree at every length",
        arguments: [0, 1, 7, 8, 9, 63, 3071, 3072, 3073, 6144, 10_000, 100_001])
    func agrees(_ length: Int) {
        var random = SeededRandom(seed: UInt64(length))
        let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let whole = CRC32C.checksum(bytes)

        #expect(whole == CRC32C.checksumByTable(bytes))
        let cut = length / 3
        let first = CRC32C.checksum(bytes[..<cut])
        #expect(whole == CRC32C.checksum(bytes[cut...], seed: first))
    }
}
