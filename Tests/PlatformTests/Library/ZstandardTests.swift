import Diagnostics
import Testing

@testable import Platform

/// Bytes that compress somewhat.
private func sample(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 / 7) * ($0 % 5)) }
}

@Suite("Zstandard") struct ZstandardTests {
    @Test("what is decompressed is what was compressed", arguments: [0, 1, 1000, 1_000_000])
    func roundTrip(count: Int) throws {
        let zstandard = try Zstandard()
        let bytes = sample(count)

        let small = zstandard.compress(bytes)

        #expect(try zstandard.decompress(small + small, limit: 2 * count) == bytes + bytes)
        #expect(small.count < count + 32)
    }

    @Test("every cut and what is no frame is corruption")
    func damage() throws {
        let zstandard = try Zstandard()
        let bytes = zstandard.compress(sample(100))

        for count in 0..<bytes.count {
            let error = #expect(throws: DatabaseError.self) {
                _ = try zstandard.decompress(Array(bytes[..<count]), limit: 1000)
            }
            #expect(error?.state == .corrupted)
        }
        #expect(throws: DatabaseError.self) {
            _ = try zstandard.decompress([9, 9, 9, 9, 9], limit: 1000)
        }
    }

    @Test("output above the limit is refused")
    func limit() throws {
        let zstandard = try Zstandard()
        let bomb = zstandard.compress([UInt8](repeating: 0, count: 10_000_000))

        let error = #expect(throws: DatabaseError.self) {
            _ = try zstandard.decompress(bomb, limit: 1_000_000)
        }

        #expect(error?.state == .limitExceeded)
    }
}
