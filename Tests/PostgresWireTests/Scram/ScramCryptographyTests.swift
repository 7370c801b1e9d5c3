import Testing

@testable import PostgresWire

/// What the tests of SCRAM rest on: the examples of the standards, and the edges of a block.
@Suite("The tests' own cryptography")
struct ScramCryptographyTests {
    @Test(
        "SHA-256 gives the digests of FIPS 180-4, whatever the padding",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                String(repeating: "a", count: 119),
                "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"
            ),
        ])
    func hash(message: String, digest: String) {
        #expect(Self.text(TestSHA256.hash(Array(message.utf8))) == digest)
    }

    @Test(
        "HMAC gives the codes of RFC 4231, also with a key longer than a block",
        arguments: [
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func code(key: [UInt8], message: String, code: String) {
        #expect(Self.text(TestSHA256.hmac(key, Array(message.utf8))) == code)
    }

    @Test(
        "PBKDF2 gives the known keys of \"password\" and \"salt\"",
        arguments: [
            (1, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"),
            (2, "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"),
            (5, "65cc4b332e89aa90252ddca8fd3641d5b830f2216a6ab2669c15f30e652f542c"),
        ])
    func key(iterations: Int, key: String) {
        let found = TestSHA256.pbkdf2(Array("password".utf8), Array("salt".utf8), iterations)

        #expect(Self.text(found) == key)
    }

    @Test("the quick kind does two rounds, whatever was asked")
    func quick() {
        let (password, salt) = (Array("password".utf8), Array("salt".utf8))

        #expect(
            ScramCryptography.quick().pbkdf2(password, salt, 4_096)
                == TestSHA256.pbkdf2(password, salt, 2))
        #expect(
            ScramCryptography.test().pbkdf2(password, salt, 3)
                == TestSHA256.pbkdf2(password, salt, 3))
    }

    private static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
