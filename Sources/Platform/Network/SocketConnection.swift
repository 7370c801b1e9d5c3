import CPlatform
package import Diagnostics

/// Why a connection is no more.
package enum CloseReason: Sendable, Equatable {
    /// The peer closed its end.
    case peer
    /// `close` was called here.
    case local
    /// The connection broke.
    case failed(DatabaseError)
}

/// One accepted TCP connection, with TLS when asked for.
///
/// It lives on its loop: every property and method is for the loop's thread (`loop.execute` brings
/// work there). The callbacks run there too, and a connection may be closed inside any of them. The
/// loop keeps it alive until it is closed; `onClose` comes exactly once and all callbacks are
/// dropped after it, so they may hold the connection.
///
/// Sent bytes are queued and leave at the end of the loop's turn, so many small sends cost one
/// system call. A sender that makes much watches `isWritable` and goes on in `onWritable`.
///
/// - INV-1 `pendingBytes` is the sum of what the chunks hold beyond `headOffset`.
/// - INV-2 The descriptor is open exactly until `onClose` is called.
// SAFETY: state is touched only on the loop's thread; the loop checks that at each entry.
package final class SocketConnection: EventHandler, @unchecked Sendable {
    package let loop: EventLoop
    /// The peer as `address:port`.
    package let peerAddress: String
    /// Takes received bytes, after decryption.
    package var onBytes: (([UInt8]) -> Void)?
    /// Called when the queue has drained after `isWritable` was false.
    package var onWritable: (() -> Void)?
    /// Called once when the peer went away while reading is paused, to stop work made for it.
    package var onPeerHangup: (() -> Void)?
    /// Called once when the peer has ended its side: nothing more comes from it, but it may still
    /// read. Tells whether an answer is on its way, after which the owner closes; without one the
    /// connection is closed when what is queued has left.
    package var onPeerEnd: (() -> Bool)?
    /// The last callback.
    package var onClose: ((CloseReason) -> Void)?
    /// Bytes queued and not yet taken by the kernel.
    package private(set) var pendingBytes = 0
    package private(set) var isOpen = true
    package var isSecure: Bool { tls != nil }

    private let descriptor: Int32
    private var chunks: [[UInt8]] = []
    private var headIndex = 0
    private var headOffset = 0
    private var interest = Readiness.input
    private var isReading = true
    private var isPeerGone = false
    private var hasPeerEnded = false
    private var isClosingAfterFlush = false
    private var isFlushQueued = false
    private var isAboveHighWater = false
    private var flushDeadline: TimerToken?
    private var tls: TLSSession?

    init(loop: EventLoop, descriptor: Int32, peer: String) throws(DatabaseError) {
        self.loop = loop
        self.descriptor = descriptor
        peerAddress = peer
        try loop.register(descriptor, events: interest, self)
    }

    /// Whether a sender should go on; see `NetworkLimits.highWaterBytes`.
    package var isWritable: Bool { pendingBytes < NetworkLimits.highWaterBytes }

    /// Queues bytes. Does nothing on a connection that is closed or closing.
    package func send(_ bytes: [UInt8]) {
        loop.checkThread()
        guard isOpen, !isClosingAfterFlush, !bytes.isEmpty else { return }
        guard let tls else { return enqueue(bytes) }
        do throws(DatabaseError) {
            enqueue(try tls.encrypt(bytes))
        } catch {
            finish(.failed(error))
        }
    }

    /// Stops taking bytes from the peer: what it sends waits in the kernel, and then at the peer.
    package func pauseReading() {
        loop.checkThread()
        isReading = false
        updateInterest()
    }

    package func resumeReading() {
        loop.checkThread()
        guard !hasPeerEnded else { return }
        isReading = true
        updateInterest()
    }

    /// Closes at once, or when what is queued has left (with a deadline). `onClose` follows, from
    /// inside this call when nothing has to leave.
    package func close(afterFlush: Bool = true) {
        loop.checkThread()
        guard isOpen else { return }
        guard afterFlush else { return finish(.local) }
        guard !isClosingAfterFlush else { return }
        if let tls { enqueue(tls.closeNotify()) }
        isClosingAfterFlush = true
        flush()
        guard isOpen else { return }
        isReading = false
        updateInterest()
        let limit = NetworkLimits.flushMilliseconds
        flushDeadline = loop.schedule(afterMilliseconds: limit) { [weak self] in
            self?.finish(.local)
        }
    }

    /// Begins TLS as the server: from now on bytes on the socket are records. Bytes sent before
    /// leave in the clear first. The caller must not have received anything beyond its own request
    /// for TLS.
    package func startTLS(_ context: TLSContext) throws(DatabaseError) {
        loop.checkThread()
        precondition(tls == nil, "TLS begins once on a connection")
        tls = try TLSSession(context)
    }

    private func enqueue(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        pendingBytes += bytes.count
        if let last = chunks.indices.last, last >= headIndex,
            chunks[last].count + bytes.count <= NetworkLimits.chunkBytes
        {
            chunks[last].append(contentsOf: bytes)
        } else {
            chunks.append(bytes)
        }
        if pendingBytes >= NetworkLimits.highWaterBytes { isAboveHighWater = true }
        if pendingBytes > NetworkLimits.maximumQueuedBytes {
            return finish(.failed(.slowReceiver(peerAddress, queued: pendingBytes)))
        }
        guard !isFlushQueued else { return }
        isFlushQueued = true
        loop.flushLater(self)
    }

    /// Gives the kernel as much of the queue as it takes.
    func flush() {
        isFlushQueued = false
        while isOpen, headIndex < chunks.count {
            let sent = sendHead()
            if sent == -Int(Errno.again) { break }
            guard sent >= 0 else {
                let error = DatabaseError.network("send", peerAddress, errorNumber: Int32(-sent))
                return finish(.failed(error))
            }
            advance(sent)
        }
        guard isOpen else { return }
        if pendingBytes == 0, isClosingAfterFlush { return finish(.local) }
        updateInterest()
        if isAboveHighWater, pendingBytes <= NetworkLimits.lowWaterBytes {
            isAboveHighWater = false
            onWritable?()
        }
    }

    private func sendHead() -> Int {
        // SAFETY: the span of the chunk is valid for the length of the call and the offset lies
        // within it (INV-1).
        unsafe chunks[headIndex].withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe cnet_send(
                descriptor, start + headOffset, bytes.count - headOffset)
        }
    }

    private func advance(_ count: Int) {
        pendingBytes -= count
        headOffset += count
        guard headOffset == chunks[headIndex].count else { return }
        chunks[headIndex] = []
        headIndex += 1
        headOffset = 0
        if headIndex == chunks.count || headIndex > 64 {
            chunks.removeFirst(headIndex)
            headIndex = 0
        }
    }

    func abandon() { finish(.local) }

    func handle(events: UInt32) {
        if events & Readiness.input != 0, isReading { receive() }
        if isOpen, events & Readiness.output != 0 { flush() }
        guard isOpen, !isReading || events & Readiness.input == 0 else { return }
        if events & (Readiness.error | Readiness.hangup) != 0 {
            let error = cnet_pending_error(descriptor)
            finish(error == 0 ? .peer : .failed(broken("receive", error)))
        } else if events & Readiness.peerHangup != 0, !isPeerGone {
            isPeerGone = true
            updateInterest()
            onPeerHangup?()
        }
    }

    private func receive() {
        // SAFETY: the scratch array outlives the call, which writes at most its size.
        let count = unsafe loop.scratch.withUnsafeMutableBytes { buffer -> Int in
            guard let start = buffer.baseAddress else { return -Int(Errno.noBuffers) }
            return unsafe cnet_receive(descriptor, start, buffer.count)
        }
        switch count {
        case 1...: deliver(Array(loop.scratch[..<count]))
        case 0: peerEnded()
        case -Int(Errno.again): return
        default: finish(.failed(broken("receive", Int32(-count))))
        }
    }

    private func peerEnded() {
        hasPeerEnded = true
        isReading = false
        // TLS has a goodbye of its own: an end without it is somebody cutting the line.
        let isAnswering = tls == nil && onPeerEnd?() == true
        guard isOpen else { return }
        if isAnswering { return updateInterest() }
        if tls == nil, pendingBytes > 0 { return close() }
        finish(.peer)
    }

    private func deliver(_ bytes: [UInt8]) {
        guard let tls else {
            onBytes?(bytes)
            return
        }
        do throws(DatabaseError) {
            let step = try tls.receive(bytes)
            enqueue(step.toPeer)
            if !step.plaintext.isEmpty { onBytes?(step.plaintext) }
            if step.isEnd, isOpen { close(afterFlush: true) }
        } catch {
            enqueue(tls.takeRecords())
            flush()
            finish(.failed(error))
        }
    }

    private func broken(_ call: String, _ errorNumber: Int32) -> DatabaseError {
        .network(call, peerAddress, errorNumber: errorNumber)
    }

    private func updateInterest() {
        guard isOpen else { return }
        var wanted: UInt32 = 0
        if isReading {
            wanted |= Readiness.input
        } else if !isPeerGone, !hasPeerEnded, !isClosingAfterFlush {
            wanted |= Readiness.peerHangup
        }
        if pendingBytes > 0, !isFlushQueued { wanted |= Readiness.output }
        guard wanted != interest else { return }
        interest = wanted
        loop.change(descriptor, events: wanted)
    }

    private func finish(_ reason: CloseReason) {
        guard isOpen else { return }
        isOpen = false
        if let flushDeadline { loop.cancel(flushDeadline) }
        loop.deregister(descriptor)
        cnet_close(descriptor)
        chunks = []
        headIndex = 0
        headOffset = 0
        pendingBytes = 0
        let last = onClose
        (onBytes, onWritable, onPeerHangup, onPeerEnd, onClose) = (nil, nil, nil, nil, nil)
        last?(reason)
    }
}
