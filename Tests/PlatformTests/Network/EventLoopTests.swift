import Diagnostics
import Foundation
import Platform
import Synchronization
import Testing

/// A loop on a thread of its own, with everything closed at the end.
final class RunningLoop: Sendable {
    let loop: EventLoop
    private let ended = Ended()

    private final class Ended: @unchecked Sendable {
        let semaphore = DispatchSemaphore(value: 0)
    }

    init() throws {
        loop = try EventLoop()
        let (loop, ended) = (loop, ended)
        Thread.detachNewThread {
            loop.run()
            loop.closeAll()
            ended.semaphore.signal()
        }
    }

    /// Runs a body on the loop and waits for its result.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let answer = Answer<Result<Value, any Error>>()
        loop.execute { answer.give(Result { try body() }) }
        return try answer.take().get()
    }

    func listen(_ accept: @escaping @Sendable (SocketConnection) -> Void) throws -> Int {
        let loop = loop
        return try onLoop {
            try loop.listen(host: "127.0.0.1", port: 0, accept: accept).port
        }
    }

    func end() {
        loop.stop()
        ended.semaphore.wait()
    }
}

/// One value handed from a thread to another.
final class Answer<Value: Sendable>: @unchecked Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let value = Mutex<Value?>(nil)

    func give(_ value: Value) {
        self.value.withLock { $0 = value }
        semaphore.signal()
    }

    func take() throws -> Value {
        #expect(semaphore.wait(timeout: .now() + 20) == .success, "an answer comes in time")
        return try #require(value.withLock { $0 })
    }
}

@Suite("EventLoop") struct EventLoopTests {
    @Test("a body from another thread runs on the loop")
    func execute() throws {
        let running = try RunningLoop()
        defer { running.end() }

        let loop = running.loop
        let isOnLoop = try running.onLoop { loop.isOnLoop }

        #expect(isOnLoop)
        #expect(!loop.isOnLoop)
    }

    @Test("timers run in the order of their times and not when cancelled")
    func timers() throws {
        let loop = try EventLoop()
        var seen: [Int] = []
        loop.schedule(afterMilliseconds: 6) {
            seen.append(3)
            loop.stop()
        }
        loop.schedule(afterMilliseconds: 1) { seen.append(1) }
        let cancelled = loop.schedule(afterMilliseconds: 2) { seen.append(2) }
        loop.cancel(cancelled)
        loop.schedule(afterMilliseconds: 3) { seen.append(4) }

        loop.run()

        #expect(seen == [1, 4, 3])
    }

    @Test("many cancelled timers leave the live ones alone")
    func sweptTimers() throws {
        let loop = try EventLoop()
        var count = 0
        for index in 0..<1000 {
            let token = loop.schedule(afterMilliseconds: index % 3) { count += 1 }
            if index % 10 != 0 { loop.cancel(token) }
        }
        loop.schedule(afterMilliseconds: 5) { loop.stop() }

        loop.run()

        #expect(count == 100)
    }

    @Test("a signal is delivered on the loop")
    func signals() throws {
        let loop = try EventLoop()
        var seen: [Int32] = []
        try loop.onSignals([Signal.user1]) {
            seen.append($0)
            loop.stop()
        }

        pthread_kill(pthread_self(), SIGUSR1)
        loop.run()
        loop.closeAll()

        #expect(seen == [Signal.user1])
    }

    @Test("a port in use is a configuration error that names the address")
    func portInUse() throws {
        let loop = try EventLoop()
        let first = try loop.listen(host: "127.0.0.1", port: 0) { _ in }
        defer { first.close() }

        let error = #expect(throws: DatabaseError.self) {
            _ = try loop.listen(host: "127.0.0.1", port: first.port) { _ in }
        }

        #expect(error?.state == .configuration)
        #expect(error?.message.contains("127.0.0.1:\(first.port)") == true)
    }
}
