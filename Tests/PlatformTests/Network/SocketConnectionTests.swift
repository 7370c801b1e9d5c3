import Diagnostics
import Platform
import Synchronization
import Testing

@Suite("SocketConnection") struct SocketConnectionTests {
    @Test("bytes come back from an echo")
    func echo() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let port = try running.listen { connection in
            connection.onBytes = { connection.send($0) }
        }

        let client = try ClientSocket(host: "127.0.0.1", port: port, timeoutMilliseconds: 20_000)
        try client.send(Array("hello".utf8))

        #expect(try client.receive(exactly: 5) == Array("hello".utf8))
    }

    @Test("many small sends arrive whole and in order")
    func smallSends() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let port = try running.listen { connection in
            for index in 0..<50_000 { connection.send([UInt8(truncatingIfNeeded: index), 7, 9]) }
            connection.close(afterFlush: true)
        }

        let client = try ClientSocket(host: "127.0.0.1", port: port, timeoutMilliseconds: 20_000)
        let bytes = try client.receive(exactly: 150_000)

        let isWhole = (0..<50_000).allSatisfy {
            bytes[3 * $0] == UInt8(truncatingIfNeeded: $0) && bytes[3 * $0 + 2] == 9
        }
        #expect(isWhole)
        #expect(try client.receive().isEmpty)
    }

    @Test("a sender that stops at the high water mark goes on when the peer has read")
    func backPressure() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let total = 24 << 20
        let port = try running.listen { connection in
            var left = total
            func fill() {
                while left > 0, connection.isWritable {
                    let count = min(left, 100_000)
                    connection.send([UInt8](repeating: UInt8(left & 0xff), count: count))
                    left -= count
                }
                #expect(connection.pendingBytes < NetworkLimits.highWaterBytes + 100_000)
                if left == 0 { connection.close(afterFlush: true) }
            }
            connection.onWritable = fill
            fill()
        }

        let client = try ClientSocket(host: "127.0.0.1", port: port, timeoutMilliseconds: 20_000)
        var count = 0
        while case let bytes = try client.receive(upTo: 1 << 20), !bytes.isEmpty {
            count += bytes.count
        }

        #expect(count == total)
    }

    @Test("a paused connection gets nothing until it resumes")
    func pause() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let held = Answer<SocketConnection>()
        let received = Answer<Bool>()
        let isResumed = Mutex(false)
        let port = try running.listen { connection in
            connection.onBytes = { _ in received.give(isResumed.withLock { $0 }) }
            connection.pauseReading()
            held.give(connection)
        }

        let client = try ClientSocket(host: "127.0.0.1", port: port, timeoutMilliseconds: 20_000)
        try client.send([1])
        let connection = try held.take()
        // Two turns of the loop: a read would have happened.
        try running.onLoop {}
        try running.onLoop {
            isResumed.withLock { $0 = true }
            connection.resumeReading()
        }

        #expect(try received.take())
    }

    @Test("the end of the peer is told once, also while paused")
    func peerEnd() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let closed = Answer<CloseReason>()
        let hungUp = Answer<Bool>()
        let port = try running.listen { connection in
            connection.pauseReading()
            connection.onPeerHangup = {
                hungUp.give(true)
                connection.resumeReading()
            }
            connection.onClose = { closed.give($0) }
        }

        var client: ClientSocket? = try ClientSocket(
            host: "127.0.0.1", port: port, timeoutMilliseconds: 20_000)
        #expect(client?.peer == "127.0.0.1:\(port)")
        client = nil

        #expect(try hungUp.take())
        #expect(try closed.take() == .peer)
    }

    @Test("a client that waits too long fails with a connection error")
    func timeout() throws {
        let running = try RunningLoop()
        defer { running.end() }
        let port = try running.listen { _ in }

        let client = try ClientSocket(host: "127.0.0.1", port: port, timeoutMilliseconds: 20)
        let error = #expect(throws: DatabaseError.self) { _ = try client.receive() }

        #expect(error?.state == .connectionFailure)
    }
}
