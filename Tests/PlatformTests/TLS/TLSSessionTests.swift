import Diagnostics
import Platform
import Testing

@Suite("TLSSession") struct TLSSessionTests {
    /// An echo over TLS that begins with the first byte.
    private func echo(_ running: RunningLoop, _ context: TLSContext) throws -> Int {
        try running.listen { connection in
            connection.onBytes = { connection.send($0) }
            do {
                try connection.startTLS(context)
            } catch {
                connection.close(afterFlush: false)
            }
        }
    }

    private func connect(_ port: Int) throws -> ClientSocket {
        try ClientSocket(host: "127.0.0.1", port: port, timeoutMilliseconds: 20_000)
    }

    @Test("a client that trusts the certificate gets its bytes back")
    func echo() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let own = try SelfSignedCertificate(name: "basalt.test")
        let server = try TLSContext(serverCertificate: own.certificate, key: own.key)
        let client = try connect(try echo(running, server))
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }

        try client.startTLS(
            TLSContext(clientTrusting: .authorities(own.certificate)), serverName: "basalt.test")
        try client.send(bytes)

        #expect(try client.receive(exactly: bytes.count) == bytes)
        #expect(server.serverEndPoint.count == SHA256.byteCount)
    }

    @Test("a certificate for another name, or of a stranger, is refused")
    func verification() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let own = try SelfSignedCertificate(name: "basalt.test")
        let other = try SelfSignedCertificate(name: "basalt.test")
        let server = try TLSContext(serverCertificate: own.certificate, key: own.key)
        let port = try echo(running, server)

        #expect(throws: DatabaseError.self) {
            try connect(port).startTLS(
                TLSContext(clientTrusting: .authorities(own.certificate)), serverName: "other.test")
        }
        #expect(throws: DatabaseError.self) {
            try connect(port).startTLS(
                TLSContext(clientTrusting: .authorities(other.certificate)),
                serverName: "basalt.test")
        }
        try connect(port).startTLS(TLSContext(clientTrusting: .anybody), serverName: "other.test")
    }

    @Test("bytes that are no TLS close the connection with an error")
    func garbage() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let own = try SelfSignedCertificate(name: "basalt.test")
        let server = try TLSContext(serverCertificate: own.certificate, key: own.key)
        let closed = Answer<CloseReason>()
        let port = try running.listen { connection in
            connection.onClose = { closed.give($0) }
            do { try connection.startTLS(server) } catch { connection.close(afterFlush: false) }
        }

        let client = try connect(port)
        try client.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))

        guard case .failed(let error) = try closed.take() else {
            Issue.record("the connection fails")
            return
        }
        #expect(error.state == .connectionFailure)
    }

    @Test("the end of the server is the end for the client")
    func end() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let own = try SelfSignedCertificate(name: "basalt.test")
        let server = try TLSContext(serverCertificate: own.certificate, key: own.key)
        let port = try running.listen { connection in
            connection.onBytes = { bytes in
                connection.send(bytes)
                connection.close(afterFlush: true)
            }
            do { try connection.startTLS(server) } catch { connection.close(afterFlush: false) }
        }

        let client = try connect(port)
        try client.startTLS(TLSContext(clientTrusting: .anybody))
        try client.send([1, 2])

        #expect(try client.receive(exactly: 2) == [1, 2])
        #expect(try client.receive().isEmpty)
    }

    @Test("files that are no PEM, and a key of another certificate, are configuration errors")
    func badFiles() throws {
        let own = try SelfSignedCertificate(name: "one")
        let other = try SelfSignedCertificate(name: "two")

        for (certificate, key) in [
            (own.certificate, other.key), (own.certificate, []), ([1, 2, 3], own.key),
        ] {
            let error = #expect(throws: DatabaseError.self) {
                _ = try TLSContext(serverCertificate: certificate, key: key)
            }
            #expect(error?.state == .configuration)
        }
    }
}
