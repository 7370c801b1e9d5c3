import Bytes
import Platform
import Testing

/// Bytes from hexadecimal text.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue.map(UInt8.init) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

@Suite("SHA256") struct SHA256Tests {
    @Test(
        "digests are those of FIPS 180",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ])
    func vectors(text: String, digest: String) {
        #expect(Hexadecimal.text(SHA256.digest(Array(text.utf8))) == digest)
    }

    @Test("pieces give the digest of the whole, and finishing begins anew")
    func pieces() {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var hash = SHA256()

        for start in stride(from: 0, to: bytes.count, by: 333) {
            hash.update(Array(bytes[start..<min(start + 333, bytes.count)]))
        }
        let digest = hash.finish()
        hash.update(bytes)

        #expect(digest == SHA256.digest(bytes))
        #expect(hash.finish() == digest)
    }

    @Test("a copy goes on by itself")
    func copies() {
        var first = SHA256()
        first.update([1])
        var second = first

        second.update([2])

        #expect(first.finish() == SHA256.digest([1]))
        #expect(second.finish() == SHA256.digest([1, 2]))
    }
}
