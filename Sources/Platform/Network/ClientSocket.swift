import CPlatform
package import Diagnostics
import Synchronization

/// A blocking TCP connection for programs that talk to a server: the shell, runners and tests.
///
/// Never on an event loop. Closed when the last reference goes. Calls from one thread at a time,
/// but sending and receiving may happen on two (not with TLS).
package final class ClientSocket: Sendable {
    package let peer: String
    private let descriptor: Int32
    private let timeoutMilliseconds: Int32
    private let session = Mutex<Secured>(Secured())

    private struct Secured {
        var tls: TLSSession?
        var isEnded = false
        var waiting: [UInt8] = []
    }

    /// Connects, waiting at most `timeoutMilliseconds`, which is also the patience of each later
    /// call (negative: for ever).
    ///
    /// - Throws: 08006.
    package init(host: String, port: Int, timeoutMilliseconds: Int = 30_000)
        throws(DatabaseError)
    {
        cnet_ignore_broken_pipe()
        peer = "\(host):\(port)"
        self.timeoutMilliseconds = Int32(clamping: timeoutMilliseconds)
        // SAFETY: the string is lent to C as a terminated copy for the length of the call.
        descriptor = unsafe cnet_connect(host, Int32(clamping: port), self.timeoutMilliseconds)
        guard descriptor >= 0 else {
            throw .network("connect", peer, errorNumber: -descriptor)
        }
    }

    deinit { if descriptor >= 0 { cnet_close(descriptor) } }

    /// Sends all bytes.
    package func send(_ bytes: [UInt8]) throws(DatabaseError) {
        let records = try session.withLock { (secured) throws(DatabaseError) in
            try secured.tls?.encrypt(bytes)
        }
        try sendRaw(records ?? bytes)
    }

    /// Returns what has arrived, waiting for at least one byte; empty when the peer is done.
    package func receive(upTo limit: Int = 64 << 10) throws(DatabaseError) -> [UInt8] {
        let isSecure = session.withLock { $0.tls != nil }
        return isSecure ? try receiveSecured(upTo: limit) : try receiveRaw(upTo: limit)
    }

    /// Returns exactly `count` bytes.
    ///
    /// - Throws: 08006 when the peer is done before.
    package func receive(exactly count: Int) throws(DatabaseError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try receive(upTo: count - bytes.count)
            guard !more.isEmpty else { throw .connectionClosed(peer) }
            bytes += more
        }
        return bytes
    }

    /// Tells the peer that nothing more will be sent.
    package func finishSending() { _ = cnet_shutdown_writing(descriptor) }

    /// Begins TLS as the client and finishes the handshake.
    package func startTLS(_ context: TLSContext, serverName: String? = nil)
        throws(DatabaseError)
    {
        let tls = try TLSSession(context, serverName: serverName)
        try sendRaw(try tls.receive([]).toPeer)
        while !tls.isEstablished {
            let bytes = try receiveRaw(upTo: 64 << 10)
            guard !bytes.isEmpty else { throw .connectionClosed(peer) }
            let step = try tls.receive(bytes)
            session.withLock { $0.waiting += step.plaintext }
            try sendRaw(step.toPeer)
        }
        session.withLock { $0.tls = tls }
    }

    private func receiveSecured(upTo limit: Int) throws(DatabaseError) -> [UInt8] {
        while true {
            let ready = session.withLock { secured -> [UInt8]? in
                guard secured.waiting.isEmpty else {
                    let taken = Array(secured.waiting.prefix(limit))
                    secured.waiting.removeFirst(taken.count)
                    return taken
                }
                return secured.isEnded ? [] : nil
            }
            if let ready { return ready }
            let bytes = try receiveRaw(upTo: 64 << 10)
            let answer = try session.withLock { (secured) throws(DatabaseError) -> [UInt8] in
                guard let tls = secured.tls, !bytes.isEmpty else {
                    secured.isEnded = true
                    return []
                }
                let step = try tls.receive(bytes)
                secured.waiting += step.plaintext
                secured.isEnded = step.isEnd
                return step.toPeer
            }
            try sendRaw(answer)
        }
    }

    private func sendRaw(_ bytes: [UInt8]) throws(DatabaseError) {
        var offset = 0
        while offset < bytes.count {
            // SAFETY: the array is lent for the length of the call and offset < count.
            let sent = unsafe bytes.withUnsafeBytes { buffer -> Int in
                guard let start = buffer.baseAddress else { return 0 }
                return unsafe cnet_send(descriptor, start + offset, buffer.count - offset)
            }
            if sent == -Int(Errno.again) {
                try wait(.output, "send")
            } else if sent < 0 {
                throw .network("send", peer, errorNumber: Int32(-sent))
            } else {
                offset += sent
            }
        }
    }

    private func receiveRaw(upTo limit: Int) throws(DatabaseError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: max(1, min(limit, NetworkLimits.readBytes)))
        while true {
            // SAFETY: the array outlives the call, which writes at most its size.
            let count = unsafe buffer.withUnsafeMutableBytes { bytes -> Int in
                guard let start = bytes.baseAddress else { return 0 }
                return unsafe cnet_receive(descriptor, start, bytes.count)
            }
            if count >= 0 { return Array(buffer[..<count]) }
            guard count == -Int(Errno.again) else {
                throw .network("receive", peer, errorNumber: Int32(-count))
            }
            try wait(.input, "receive")
        }
    }

    private func wait(_ events: PollEvent, _ call: String) throws(DatabaseError) {
        let ready = cnet_wait(descriptor, events.rawValue, timeoutMilliseconds)
        guard ready >= 0 else { throw .network("poll", peer, errorNumber: -ready) }
        guard ready > 0 else { throw .networkTimeout(call, peer) }
    }
}

/// What a blocking call waits for, as poll numbers it.
private enum PollEvent: Int16 {
    case input = 1
    case output = 4
}
