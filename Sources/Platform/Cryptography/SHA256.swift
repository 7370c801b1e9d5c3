import COpenSSL

/// SHA-256, at once or piece by piece.
///
/// A copy goes on by itself from the same state.
package struct SHA256: Sendable {
    package static let byteCount = 32

    private var context: Context

    // SAFETY: the pointer is made in init, freed in deinit and never handed out; the struct changes
    // the state behind it only when it holds the one reference.
    @safe private final class Context: @unchecked Sendable {
        let pointer: OpaquePointer

        init() {
            guard let made = unsafe EVP_MD_CTX_new() else {
                preconditionFailure("OpenSSL allocates a digest context")
            }
            unsafe pointer = made
            let isReady = unsafe EVP_DigestInit_ex(made, EVP_sha256(), nil)
            precondition(isReady == 1, "OpenSSL offers SHA-256")
        }

        init(copying other: Context) {
            guard let made = unsafe EVP_MD_CTX_new() else {
                preconditionFailure("OpenSSL allocates a digest context")
            }
            unsafe pointer = made
            let isCopied = unsafe EVP_MD_CTX_copy_ex(made, other.pointer)
            precondition(isCopied == 1, "a digest context can be copied")
        }

        deinit { unsafe EVP_MD_CTX_free(pointer) }
    }

    package init() { context = Context() }

    // SAFETY: every bit pattern is a byte, and the array outlives the call.
    package mutating func update(_ bytes: [UInt8]) { update(unsafe bytes.span.bytes) }

    package mutating func update(_ bytes: RawSpan) {
        if !isKnownUniquelyReferenced(&context) { context = Context(copying: context) }
        let context = context
        // SAFETY: the span is lent for the length of the call.
        let isTaken = unsafe bytes.withUnsafeBytes { buffer in
            unsafe EVP_DigestUpdate(context.pointer, buffer.baseAddress, buffer.count)
        }
        precondition(isTaken == 1, "SHA-256 takes bytes until it is finished")
    }

    /// Returns the digest of everything so far and begins anew.
    package mutating func finish() -> [UInt8] {
        if !isKnownUniquelyReferenced(&context) { context = Context(copying: context) }
        var digest = [UInt8](repeating: 0, count: Self.byteCount)
        // SAFETY: the array has room for the 32 bytes of a SHA-256.
        let isDone = unsafe EVP_DigestFinal_ex(context.pointer, &digest, nil)
        precondition(isDone == 1, "SHA-256 finishes once")
        context = Context()
        return digest
    }

    // SAFETY: every bit pattern is a byte, and the array outlives the call.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] { digest(unsafe bytes.span.bytes) }

    package static func digest(_ bytes: RawSpan) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }
}
