import Bytes
import Testing

@Suite struct MemoryRegionTests {
    @Test("a region holds the bytes it was made from")
    func holdsBytes() {
        let region = MemoryRegion([1, 2, 3])

        // SAFETY: index 2 lies inside the three bytes.
        let third = unsafe region.bytes.withUnsafeBytes { unsafe $0[2] }

        #expect(region.count == 3)
        #expect(third == 3)
    }

    @Test("a fresh region is zero")
    func zeroed() {
        let region = MemoryRegion(zeroed: 100)

        // SAFETY: the closure reads inside the buffer it is given.
        let sum = unsafe region.bytes.withUnsafeBytes { unsafe $0.reduce(0) { $0 + Int($1) } }

        #expect(sum == 0)
    }
}
