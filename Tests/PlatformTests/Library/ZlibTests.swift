import Diagnostics
import Testing

@testable import Platform

/// Bytes that compress somewhat.
private func sample(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 / 7) * ($0 % 5)) }
}

@Suite("Zlib") struct ZlibTests {
    @Test("what is decompressed is what was compressed", arguments: [0, 1, 1000, 1_000_000])
    func roundTrip(count: Int) throws {
        let zlib = try Zlib()
        let bytes = sample(count)

        for format in [Zlib.Format.gzip, .zlib, .raw] {
            let small = zlib.compress(bytes, level: 9, format: format)
            #expect(try zlib.decompress(small, limit: count, format: format) == bytes)
        }
        #expect(zlib.compress(bytes).starts(with: [0x1f, 0x8b]))
    }

    @Test("gzip members after each other are one")
    func members() throws {
        let zlib = try Zlib()

        let bytes = zlib.compress([1, 2]) + zlib.compress([]) + zlib.compress([3])

        #expect(try zlib.decompress(bytes, limit: 3) == [1, 2, 3])
    }

    @Test("every cut and what is no gzip is corruption")
    func damage() throws {
        let zlib = try Zlib()
        let bytes = zlib.compress(sample(100))

        for count in 0..<bytes.count {
            let error = #expect(throws: DatabaseError.self) {
                _ = try zlib.decompress(Array(bytes[..<count]), limit: 1000)
            }
            #expect(error?.state == .corrupted)
        }
        #expect(throws: DatabaseError.self) { _ = try zlib.decompress([1, 2, 3], limit: 1000) }
        #expect(throws: DatabaseError.self) {
            _ = try zlib.decompress(
                zlib.compress([1], format: .zlib) + [0], limit: 9, format: .zlib)
        }
    }

    @Test("output above the limit is refused")
    func limit() throws {
        let zlib = try Zlib()
        let bomb = zlib.compress([UInt8](repeating: 0, count: 10_000_000))

        let error = #expect(throws: DatabaseError.self) {
            _ = try zlib.decompress(bomb, limit: 1_000_000)
        }

        #expect(error?.state == .limitExceeded)
    }
}
