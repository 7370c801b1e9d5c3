import CPlatform
package import Diagnostics

/// A socket that takes connections. Lives on its loop.
// SAFETY: state is touched only on the loop's thread; the loop checks that at each entry.
package final class Listener: EventHandler, @unchecked Sendable {
    /// The port in use, also when port 0 was asked for.
    package let port: Int
    private let loop: EventLoop
    private let accept: (SocketConnection) -> Void
    private var descriptor: Int32
    private var isPaused = false

    init(
        loop: EventLoop, host: String, port: Int, backlog: Int,
        accept: @escaping (SocketConnection) -> Void
    ) throws(DatabaseError) {
        let address = "\(host):\(port)"
        guard (0...65535).contains(port) else {
            throw .cannotListen(address, errorNumber: 22)
        }
        // SAFETY: the string is lent to C as a terminated copy for the length of the call.
        let opened = unsafe cnet_listen(host, Int32(port), Int32(clamping: backlog))
        guard opened >= 0 else { throw .cannotListen(address, errorNumber: -opened) }
        let found = cnet_local_port(opened)
        guard found >= 0 else {
            cnet_close(opened)
            throw .cannotListen(address, errorNumber: -found)
        }
        self.loop = loop
        self.accept = accept
        self.port = Int(found)
        descriptor = opened
        do throws(DatabaseError) {
            try loop.register(opened, events: Readiness.input, self)
        } catch {
            cnet_close(opened)
            descriptor = -1
            throw error
        }
    }

    /// Stops listening. Connections accepted before live on.
    package func close() {
        loop.checkThread()
        guard descriptor >= 0 else { return }
        loop.deregister(descriptor)
        cnet_close(descriptor)
        descriptor = -1
    }

    func abandon() { close() }

    func handle(events: UInt32) {
        for _ in 0..<NetworkLimits.acceptsPerTurn {
            guard descriptor >= 0, !isPaused else { return }
            guard acceptOne() else { return }
        }
    }

    /// Returns whether another connection may be waiting.
    private func acceptOne() -> Bool {
        var peer = [CChar](repeating: 0, count: 64)
        // SAFETY: the array outlives the call, which writes a terminated text within its size.
        let made = unsafe peer.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let start = buffer.baseAddress else { return -Errno.noBuffers }
            return unsafe cnet_accept(descriptor, start, buffer.count)
        }
        switch made {
        case 0...:
            let name = String(
                decoding: peer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            open(made, peer: name)
            return true
        case -Errno.again:
            return false
        case -Errno.tooManyFiles, -Errno.tooManyFilesInSystem, -Errno.noBuffers, -Errno.noMemory:
            // The report is level triggered: without a pause the loop would spin on it.
            pause()
            return false
        default:
            // The peer went away between its SYN and now, or the network hiccuped: try the next.
            return true
        }
    }

    private func open(_ made: Int32, peer: String) {
        do throws(DatabaseError) {
            accept(try SocketConnection(loop: loop, descriptor: made, peer: peer))
        } catch {
            // epoll has no room for it; the peer sees a closed connection and may come again.
            cnet_close(made)
        }
    }

    private func pause() {
        isPaused = true
        loop.change(descriptor, events: 0)
        loop.schedule(afterMilliseconds: NetworkLimits.acceptPauseMilliseconds) { [weak self] in
            guard let self, self.descriptor >= 0 else { return }
            self.isPaused = false
            self.loop.change(self.descriptor, events: Readiness.input)
        }
    }
}

/// The errno values the network code branches on, as Linux numbers them on our architectures.
enum Errno {
    static let again: Int32 = 11
    static let noMemory: Int32 = 12
    static let tooManyFilesInSystem: Int32 = 23
    static let tooManyFiles: Int32 = 24
    static let noBuffers: Int32 = 105
}

extension EventLoop {
    /// Listens on an address; `accept` gets each connection on the loop and must set its callbacks
    /// before it returns.
    ///
    /// - Throws: F0000 when the address cannot be listened on.
    package func listen(
        host: String, port: Int, backlog: Int = 511,
        accept: @escaping (SocketConnection) -> Void
    ) throws(DatabaseError) -> Listener {
        checkThread()
        return try Listener(
            loop: self, host: host, port: port, backlog: backlog, accept: accept)
    }
}
