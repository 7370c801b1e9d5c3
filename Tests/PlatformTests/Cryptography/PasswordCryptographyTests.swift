import Bytes
import Platform
import Testing

@Suite("PasswordCryptography") struct PasswordCryptographyTests {
    @Test("HMAC gives the code of RFC 4231, test case 2")
    func hmac() {
        let code = HMACSHA256.authenticate(
            key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))

        #expect(
            Hexadecimal.text(code)
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test("an empty key and an empty message have a code")
    func emptyHMAC() {
        #expect(
            Hexadecimal.text(HMACSHA256.authenticate(key: [], []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test("PBKDF2 gives the key of RFC 7914, section 11")
    func pbkdf2() {
        let key = PBKDF2.derive(
            password: Array("passwd".utf8), salt: Array("salt".utf8), iterations: 1, byteCount: 64)

        #expect(
            Hexadecimal.text(key)
                == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                + "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783")
    }

    @Test("comparison in constant time compares")
    func constantTime() {
        #expect(ConstantTime.isEqual([1, 2], [1, 2]))
        #expect(!ConstantTime.isEqual([1, 2], [1, 3]))
        #expect(!ConstantTime.isEqual([1, 2], [1]))
        #expect(ConstantTime.isEqual([], []))
    }

    @Test("random bytes differ from call to call")
    func random() {
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
        #expect(SecureRandom.bytes(0).isEmpty)
    }
}
