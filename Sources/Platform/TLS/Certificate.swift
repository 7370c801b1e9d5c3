import COpenSSL
package import Diagnostics

/// One X.509 certificate.
// SAFETY: the pointer is owned from init on and freed in deinit; only constant calls are made.
@safe final class Certificate: @unchecked Sendable {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe X509_free(pointer) }

    /// The digest that SCRAM binds to.
    func endPoint() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        // SAFETY: the array has room for the longest digest there is.
        let length = unsafe basalt_end_point(pointer, &digest)
        return Array(digest.prefix(Int(length)))
    }
}

/// One private key.
// SAFETY: the pointer is owned from init on and freed in deinit; only constant calls are made.
@safe final class PrivateKey: @unchecked Sendable {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe EVP_PKEY_free(pointer) }
}

/// Bytes in memory that OpenSSL reads or writes.
// SAFETY: the pointer is made in init and freed in deinit.
@safe struct MemoryBIO: ~Copyable {
    let pointer: OpaquePointer

    init(_ bytes: [UInt8] = []) {
        guard let made = unsafe BIO_new(BIO_s_mem()) else {
            preconditionFailure("OpenSSL allocates a buffer")
        }
        unsafe pointer = made
        // SAFETY: the array has the length given; the buffer copies it.
        if !bytes.isEmpty { _ = unsafe BIO_write(made, bytes, Int32(clamping: bytes.count)) }
    }

    deinit { unsafe BIO_free_all(pointer) }

    func contents() -> [UInt8] { unsafe drainBIO(pointer) }
}

/// Takes everything out of a memory buffer.
func drainBIO(_ pointer: OpaquePointer) -> [UInt8] {
    // SAFETY: the caller keeps the buffer alive for the call; the array has the length given.
    let pending = unsafe BIO_ctrl_pending(pointer)
    guard pending > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: pending)
    let count = unsafe BIO_read(pointer, &bytes, Int32(clamping: pending))
    if Int(count) < pending { bytes.removeLast(pending - max(0, Int(count))) }
    return bytes
}

/// Reading of PEM text.
enum PEM {
    static func certificates(_ text: [UInt8]) throws(DatabaseError) -> [Certificate] {
        let source = MemoryBIO(text)
        var found: [Certificate] = []
        // SAFETY: the source outlives the calls; each certificate is owned by its object.
        while let next = unsafe basalt_read_certificate(source.pointer) {
            unsafe found.append(Certificate(owning: next))
        }
        ERR_clear_error()
        guard !found.isEmpty else { throw .badTLSFile("certificate file is not PEM") }
        return found
    }

    static func privateKey(_ text: [UInt8]) throws(DatabaseError) -> PrivateKey {
        let source = MemoryBIO(text)
        // SAFETY: the source outlives the call; the key is owned by its object.
        guard let key = unsafe basalt_read_private_key(source.pointer) else {
            ERR_clear_error()
            throw .badTLSFile("key file is not PEM or has a password")
        }
        return unsafe PrivateKey(owning: key)
    }
}

/// A key and a certificate that it signed itself: for tests and first trials.
package struct SelfSignedCertificate: Sendable {
    package let certificate: [UInt8]
    package let key: [UInt8]

    /// Makes a P-256 key and a certificate for `name`, `localhost` and 127.0.0.1.
    package init(name: String, days: Int = 365) throws(DatabaseError) {
        // SAFETY: each pointer is owned by its object or freed at once; strings are lent for the
        // calls.
        guard let made = unsafe basalt_make_key() else { throw .badTLSFile("no key was made") }
        let privateKey = unsafe PrivateKey(owning: made)
        let signed = unsafe basalt_self_sign(
            made, name, "DNS:\(name),DNS:localhost,IP:127.0.0.1", days * 86_400)
        guard let signed = unsafe signed else { throw .badTLSFile("no certificate was signed") }
        let own = unsafe Certificate(owning: signed)
        let certificateText = MemoryBIO()
        let keyText = MemoryBIO()
        guard unsafe PEM_write_bio_X509(certificateText.pointer, own.pointer) == 1,
            unsafe basalt_write_private_key(keyText.pointer, privateKey.pointer) == 1
        else { throw .badTLSFile("no certificate was written") }
        certificate = certificateText.contents()
        key = keyText.contents()
    }
}
