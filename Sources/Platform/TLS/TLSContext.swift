import COpenSSL
package import Diagnostics

/// Whom a TLS client believes.
package enum TLSTrust: Sendable {
    /// Anybody: encryption without proof of who is there (`sslmode=require`).
    case anybody
    /// Certificates signed by one of these, as PEM text.
    case authorities([UInt8])
    /// Those the system trusts.
    case system
}

/// Certificate, key and rules that TLS sessions share: TLS 1.2 and 1.3 only, no renegotiation.
// SAFETY: the pointer is made in init and freed in deinit; OpenSSL locks a context itself once it is
// set up, and nothing is set after init.
@safe package final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer
    let isServer: Bool
    let verifiesPeer: Bool
    /// What SCRAM-SHA-256-PLUS binds to (`tls-server-end-point`); empty for a client.
    package let serverEndPoint: [UInt8]

    /// Makes the context of a server.
    ///
    /// - Parameters:
    ///   - certificate: PEM text, the server's own certificate first and those that sign it after.
    ///   - key: PEM text of the private key, without a password.
    /// - Throws: F0000.
    package init(serverCertificate certificate: [UInt8], key: [UInt8]) throws(DatabaseError) {
        unsafe pointer = try Self.make(unsafe TLS_server_method())
        isServer = true
        verifiesPeer = false
        let chain = try PEM.certificates(certificate)
        guard let own = chain.first else { throw .badTLSFile("holds no certificate") }
        serverEndPoint = own.endPoint()
        let privateKey = try PEM.privateKey(key)
        // SAFETY: certificate and key live beyond the calls, which take references of their own.
        guard unsafe SSL_CTX_use_certificate(pointer, own.pointer) == 1 else {
            throw .badTLSFile("certificate is not usable")
        }
        guard unsafe SSL_CTX_use_PrivateKey(pointer, privateKey.pointer) == 1,
            unsafe SSL_CTX_check_private_key(pointer) == 1
        else { throw .badTLSFile("key does not belong to the certificate") }
        for certificate in chain.dropFirst() {
            guard unsafe basalt_add_chain_certificate(pointer, certificate.pointer) == 1 else {
                throw .badTLSFile("chain is not usable")
            }
        }
        let name = Array("basalt".utf8)
        _ = unsafe SSL_CTX_set_session_id_context(pointer, name, UInt32(name.count))
    }

    /// Makes the context of a client.
    ///
    /// - Throws: F0000 when the authorities are not PEM.
    package init(clientTrusting trust: TLSTrust) throws(DatabaseError) {
        unsafe pointer = try Self.make(unsafe TLS_client_method())
        isServer = false
        serverEndPoint = []
        // SAFETY: the context is ours alone until init returns; the store takes references of its
        // own to the certificates.
        switch trust {
        case .anybody:
            verifiesPeer = false
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_NONE, nil)
        case .authorities(let text):
            verifiesPeer = true
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
            let store = unsafe SSL_CTX_get_cert_store(pointer)
            for certificate in try PEM.certificates(text) {
                _ = unsafe X509_STORE_add_cert(store, certificate.pointer)
            }
        case .system:
            verifiesPeer = true
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
            _ = unsafe SSL_CTX_set_default_verify_paths(pointer)
        }
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    private static func make(_ method: OpaquePointer?) throws(DatabaseError) -> OpaquePointer {
        // SAFETY: the method is a constant of OpenSSL.
        guard let made = unsafe SSL_CTX_new(method), unsafe basalt_harden(made) == 1 else {
            throw .badTLSFile("library does not start")
        }
        return unsafe made
    }
}

extension DatabaseError {
    static func badTLSFile(_ what: String) -> DatabaseError {
        DatabaseError(
            .configuration, "cannot set up tls: \(what)",
            hint: "Certificate and key are PEM files; the key has no password.")
    }

    static func brokenTLS(_ reason: String) -> DatabaseError {
        DatabaseError(.connectionFailure, "tls failed: \(reason)")
    }
}
