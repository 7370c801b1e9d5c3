import Diagnostics
import Platform
import Testing

@Suite("AES256GCM") struct AES256GCMTests {
    @Test("sealing gives the bytes of the GCM specification, test case 14")
    func vector() {
        let cipher = AES256GCM(key: [UInt8](repeating: 0, count: 32))

        let sealed = cipher.seal(
            [UInt8](repeating: 0, count: 16), nonce: [UInt8](repeating: 0, count: 12))

        #expect(
            sealed
                == hex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"))
    }

    @Test("what is opened is what was sealed", arguments: [0, 1, 16, 1000, 70_000])
    func roundTrip(count: Int) throws {
        let cipher = AES256GCM(key: SecureRandom.bytes(32))
        let nonce = SecureRandom.bytes(12)
        let bytes = SecureRandom.bytes(count)

        let sealed = cipher.seal(bytes, nonce: nonce, header: [9])

        #expect(sealed.count == count + AES256GCM.tagBytes)
        #expect(try cipher.open(sealed, nonce: nonce, header: [9]) == bytes)
    }

    @Test("one changed bit anywhere is corruption")
    func tampering() {
        let cipher = AES256GCM(key: [UInt8](repeating: 7, count: 32))
        let nonce = [UInt8](repeating: 1, count: 12)
        let sealed = cipher.seal([1, 2, 3], nonce: nonce, header: [4])

        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            let error = #expect(throws: DatabaseError.self) {
                _ = try cipher.open(changed, nonce: nonce, header: [4])
            }
            #expect(error?.state == .corrupted)
        }
        #expect(throws: DatabaseError.self) { _ = try cipher.open(sealed, nonce: nonce) }
        #expect(throws: DatabaseError.self) { _ = try cipher.open([1], nonce: nonce) }
    }
}
