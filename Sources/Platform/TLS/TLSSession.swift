import COpenSSL
import Diagnostics

/// What became of some received bytes.
struct TLSStep {
    var plaintext: [UInt8] = []
    /// Records to send, whatever else happened.
    var toPeer: [UInt8] = []
    /// The peer said that it sends nothing more.
    var isEnd = false
}

/// One side of one TLS connection, as a machine without a socket: bytes in, plaintext and bytes out.
///
/// - INV-1 `early` is empty once the handshake is done.
// SAFETY: the pointers are made in init and freed in deinit (the session owns its two buffers); the
// owner uses a session from one thread at a time.
@safe final class TLSSession: @unchecked Sendable {
    private let context: TLSContext
    private let session: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private(set) var isEstablished = false
    /// Plaintext sent before the handshake was done.
    private var early: [UInt8] = []

    /// - Parameter serverName: what a client calls the server; it must be in the certificate when
    ///   the context verifies.
    init(_ context: TLSContext, serverName: String? = nil) throws(DatabaseError) {
        self.context = context
        guard let session = unsafe SSL_new(context.pointer) else {
            throw .brokenTLS("no memory for a session")
        }
        guard let incoming = unsafe BIO_new(BIO_s_mem()), let outgoing = unsafe BIO_new(BIO_s_mem())
        else { preconditionFailure("OpenSSL allocates two buffers") }
        unsafe SSL_set_bio(session, incoming, outgoing)
        unsafe self.session = session
        unsafe self.incoming = incoming
        unsafe self.outgoing = outgoing
        if context.isServer {
            unsafe SSL_set_accept_state(session)
        } else {
            unsafe SSL_set_connect_state(session)
            if let serverName { expect(serverName) }
        }
    }

    deinit { unsafe SSL_free(session) }

    private func expect(_ name: String) {
        // SAFETY: the strings are lent for the calls, which copy them.
        let isAddress = name.utf8.allSatisfy {
            $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        if isAddress || name.utf8.contains(UInt8(ascii: ":")) {
            if context.verifiesPeer { _ = unsafe basalt_expect_address(session, name) }
            return
        }
        _ = unsafe basalt_set_server_name(session, name)
        if context.verifiesPeer { _ = unsafe SSL_set1_host(session, name) }
    }

    /// Takes bytes from the peer. With none, a client begins the handshake.
    ///
    /// - Throws: 08006; what `takeRecords` then gives, an alert, should still be sent.
    func receive(_ bytes: [UInt8]) throws(DatabaseError) -> TLSStep {
        // SAFETY: the array has the length given; the buffer copies it.
        if !bytes.isEmpty { _ = unsafe BIO_write(incoming, bytes, Int32(clamping: bytes.count)) }
        var step = TLSStep()
        if !isEstablished { try shakeHands() }
        if isEstablished { try read(into: &step) }
        step.toPeer = takeRecords()
        return step
    }

    /// Returns the records for some plaintext; none before the handshake is done, when they follow.
    func encrypt(_ bytes: [UInt8]) throws(DatabaseError) -> [UInt8] {
        guard isEstablished else {
            early += bytes
            return []
        }
        try write(bytes)
        return takeRecords()
    }

    /// Returns the record that says nothing more will be sent.
    func closeNotify() -> [UInt8] {
        if isEstablished { _ = unsafe SSL_shutdown(session) }
        ERR_clear_error()
        return takeRecords()
    }

    /// Returns records not yet sent.
    func takeRecords() -> [UInt8] { unsafe drainBIO(outgoing) }

    private func shakeHands() throws(DatabaseError) {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        if result == 1 {
            isEstablished = true
            let waiting = early
            early = []
            return try write(waiting)
        }
        guard unsafe SSL_get_error(session, result) == SSL_ERROR_WANT_READ else {
            throw failure("handshake")
        }
    }

    private func read(into step: inout TLSStep) throws(DatabaseError) {
        // One record holds at most 16 KiB.
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            ERR_clear_error()
            // SAFETY: the array has the length given.
            let count = unsafe SSL_read(session, &buffer, Int32(buffer.count))
            guard count <= 0 else {
                step.plaintext += buffer[..<Int(count)]
                continue
            }
            switch unsafe SSL_get_error(session, count) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return
            case SSL_ERROR_ZERO_RETURN:
                step.isEnd = true
                return
            default: throw failure("read")
            }
        }
    }

    private func write(_ bytes: [UInt8]) throws(DatabaseError) {
        var offset = 0
        while offset < bytes.count {
            ERR_clear_error()
            // SAFETY: offset lies within the array, and the length is what is left at most.
            let count = unsafe bytes.withUnsafeBytes { buffer -> Int32 in
                guard let start = buffer.baseAddress else { return 0 }
                return unsafe SSL_write(
                    session, start + offset, Int32(clamping: min(buffer.count - offset, 1 << 20)))
            }
            guard count > 0 else { throw failure("write") }
            offset += Int(count)
        }
    }

    private func failure(_ step: String) -> DatabaseError {
        // SAFETY: OpenSSL returns a constant text or null.
        let reason = unsafe ERR_reason_error_string(ERR_get_error()).map {
            unsafe String(cString: $0)
        }
        ERR_clear_error()
        return .brokenTLS("\(step), \(reason ?? "the peer broke off")")
    }
}
