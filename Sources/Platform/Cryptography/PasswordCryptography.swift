import COpenSSL

/// HMAC with SHA-256.
package enum HMACSHA256 {
    package static func authenticate(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: SHA256.byteCount)
        // SAFETY: the arrays are lent for the length of the call; the output has room for 32 bytes.
        let made = unsafe HMAC(
            EVP_sha256(), key, Int32(key.count), message, message.count, &code, nil)
        precondition(unsafe made != nil, "OpenSSL offers HMAC-SHA-256")
        return code
    }
}

/// PBKDF2 with HMAC-SHA-256: a slow key from a password.
package enum PBKDF2 {
    /// - Requires: `iterations` and `byteCount` above zero.
    /// - Complexity: a millisecond for 4096 iterations; call it on a worker.
    package static func derive(
        password: [UInt8], salt: [UInt8], iterations: Int, byteCount: Int = 32
    ) -> [UInt8] {
        precondition(iterations > 0, "a key is derived by at least one iteration")
        precondition(byteCount > 0, "a key has at least one byte")
        var key = [UInt8](repeating: 0, count: byteCount)
        // SAFETY: the arrays are lent for the length of the call with their own lengths; CChar and
        // UInt8 have one layout.
        let isDone = unsafe password.withUnsafeBytes { buffer in
            unsafe PKCS5_PBKDF2_HMAC(
                buffer.bindMemory(to: CChar.self).baseAddress, Int32(clamping: buffer.count), salt,
                Int32(clamping: salt.count), Int32(clamping: iterations), EVP_sha256(),
                Int32(clamping: byteCount), &key)
        }
        precondition(isDone == 1, "OpenSSL offers PBKDF2")
        return key
    }
}

/// Comparison of secrets whose duration does not tell where they differ.
package enum ConstantTime {
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        // SAFETY: both arrays have the length given.
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }
}

/// Random bytes fit for keys, from OpenSSL's generator.
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // SAFETY: the array has the length given.
        let isDone = unsafe RAND_bytes(&bytes, Int32(clamping: count))
        precondition(isDone == 1, "the generator of random numbers works")
        return bytes
    }
}
