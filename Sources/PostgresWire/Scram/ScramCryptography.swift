/// The cryptography SCRAM needs, given from outside: Platform's OpenSSL, or a test's own.
package struct ScramCryptography: Sendable {
    package let sha256: @Sendable (_ message: [UInt8]) -> [UInt8]
    package let hmac: @Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8]
    /// PBKDF2 with HMAC-SHA-256 and 32 bytes of output.
    package let pbkdf2:
        @Sendable (_ password: [UInt8], _ salt: [UInt8], _ iterations: Int) -> [UInt8]
    /// Eighteen bytes nobody can guess.
    package let nonce: @Sendable () -> [UInt8]

    package init(
        sha256: @escaping @Sendable (_ message: [UInt8]) -> [UInt8],
        hmac: @escaping @Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8],
        pbkdf2:
            @escaping @Sendable (_ password: [UInt8], _ salt: [UInt8], _ iterations: Int)
            -> [UInt8],
        nonce: @escaping @Sendable () -> [UInt8]
    ) {
        self.sha256 = sha256
        self.hmac = hmac
        self.pbkdf2 = pbkdf2
        self.nonce = nonce
    }
}

/// Compares two digests in a time that does not depend on where they differ.
func digestsMatch(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
}

func xor(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] { zip(left, right).map { $0 ^ $1 } }
