import COpenSSL
package import Diagnostics

/// AES-256 in Galois/Counter mode: encrypts and authenticates in one.
///
/// A nonce may never be used twice with one key: whoever makes a key counts or draws the nonces.
package struct AES256GCM: Sendable {
    package static let keyBytes = 32
    package static let nonceBytes = 12
    package static let tagBytes = 16

    private let key: [UInt8]

    /// - Requires: a key of 32 bytes.
    package init(key: [UInt8]) {
        precondition(key.count == Self.keyBytes, "an AES-256 key has 32 bytes")
        self.key = key
    }

    /// Returns the ciphertext followed by its tag of 16 bytes. `header` is authenticated with it.
    package func seal(_ bytes: [UInt8], nonce: [UInt8], header: [UInt8] = []) -> [UInt8] {
        var cipher = CipherContext(key: key, nonce: nonce, isSealing: true)
        cipher.authenticate(header)
        // SAFETY: every bit pattern is a byte, and the array outlives the call.
        var sealed = cipher.transform(unsafe bytes.span.bytes)
        let isDone = cipher.finish()
        precondition(isDone, "AES-256-GCM finishes what it took")
        sealed += cipher.tag()
        return sealed
    }

    /// Returns what was sealed.
    ///
    /// - Throws: XX001 when a bit of ciphertext, tag, nonce or header differs, or the key.
    package func open(_ sealed: [UInt8], nonce: [UInt8], header: [UInt8] = [])
        throws(DatabaseError) -> [UInt8]
    {
        guard sealed.count >= Self.tagBytes else { throw .notAuthentic }
        let length = sealed.count - Self.tagBytes
        var cipher = CipherContext(key: key, nonce: nonce, isSealing: false)
        cipher.authenticate(header)
        // SAFETY: every bit pattern is a byte, and the array outlives the call.
        let bytes = cipher.transform(unsafe sealed.span.bytes.extracting(0..<length))
        cipher.expect(tag: Array(sealed[length...]))
        guard cipher.finish() else { throw .notAuthentic }
        return bytes
    }
}

/// One run of the cipher over one message.
// SAFETY: the pointer is made in init, freed in deinit and never handed out.
@safe private struct CipherContext: ~Copyable {
    private let pointer: OpaquePointer

    init(key: [UInt8], nonce: [UInt8], isSealing: Bool) {
        precondition(nonce.count == AES256GCM.nonceBytes, "a nonce has 12 bytes")
        guard let made = unsafe EVP_CIPHER_CTX_new() else {
            preconditionFailure("OpenSSL allocates a cipher context")
        }
        unsafe pointer = made
        // SAFETY: key and nonce have the lengths the cipher reads.
        let isReady = unsafe EVP_CipherInit_ex(
            made, EVP_aes_256_gcm(), nil, key, nonce, isSealing ? 1 : 0)
        precondition(isReady == 1, "OpenSSL offers AES-256-GCM")
    }

    deinit { unsafe EVP_CIPHER_CTX_free(pointer) }

    mutating func authenticate(_ header: [UInt8]) {
        guard !header.isEmpty else { return }
        var length: Int32 = 0
        // SAFETY: without an output the cipher only reads the header, of the length given.
        let isTaken = unsafe EVP_CipherUpdate(
            pointer, nil, &length, header, Int32(clamping: header.count))
        precondition(isTaken == 1, "AES-256-GCM takes a header first")
    }

    mutating func transform(_ bytes: RawSpan) -> [UInt8] {
        guard bytes.byteCount > 0 else { return [] }
        precondition(bytes.byteCount <= Int(Int32.max), "a message is below 2 GiB")
        var length: Int32 = 0
        var result = [UInt8](repeating: 0, count: bytes.byteCount)
        // SAFETY: in counter mode the output is as long as the input.
        let isDone = unsafe bytes.withUnsafeBytes { buffer in
            unsafe EVP_CipherUpdate(
                pointer, &result, &length,
                buffer.bindMemory(to: UInt8.self).baseAddress, Int32(buffer.count))
        }
        precondition(isDone == 1, "AES-256-GCM takes a message once")
        return result
    }

    mutating func finish() -> Bool {
        var length: Int32 = 0
        var nothing = [UInt8](repeating: 0, count: 16)
        // SAFETY: the last call writes at most one block, here none.
        return unsafe EVP_CipherFinal_ex(pointer, &nothing, &length) == 1
    }

    mutating func tag() -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: AES256GCM.tagBytes)
        // SAFETY: the array has the length given.
        let isDone = unsafe basalt_cipher_control(
            pointer, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag)
        precondition(isDone == 1, "a finished message has a tag")
        return tag
    }

    mutating func expect(tag: [UInt8]) {
        var tag = tag
        // SAFETY: the array has the length given and is only read.
        let isDone = unsafe basalt_cipher_control(
            pointer, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag)
        precondition(isDone == 1, "a tag is given before the end")
    }
}

extension DatabaseError {
    static var notAuthentic: DatabaseError {
        DatabaseError(
            .corrupted, "cannot decrypt: the bytes or the key are not those of the encryption")
    }
}
