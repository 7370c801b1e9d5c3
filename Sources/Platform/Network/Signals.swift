import CPlatform
package import Diagnostics

/// The signals a server listens to, by their numbers on Linux.
package enum Signal {
    package static let hangup: Int32 = 1
    package static let interrupt: Int32 = 2
    package static let user1: Int32 = 10
    package static let terminate: Int32 = 15

    /// Holds signals back in this thread and those it starts afterwards, so that only `onSignals`
    /// sees them. Call it in `main` before anything starts a thread.
    package static func block(_ signals: [Int32]) {
        // SAFETY: the array is lent to C for the length of the call.
        _ = unsafe cnet_signals_block(signals, Int32(signals.count))
    }
}

/// Reads signals as a descriptor of the loop.
final class SignalSource: EventHandler {
    private let descriptor: Int32
    private weak var loop: EventLoop?
    private let body: (Int32) -> Void

    init(_ signals: [Int32], _ body: @escaping (Int32) -> Void) throws(DatabaseError) {
        Signal.block(signals)
        // SAFETY: the array is lent to C for the length of the call.
        descriptor = unsafe cnet_signals_open(signals, Int32(signals.count))
        self.body = body
        guard descriptor >= 0 else {
            throw .network("signalfd", "event loop", errorNumber: -descriptor)
        }
    }

    deinit { if descriptor >= 0 { cnet_close(descriptor) } }

    func register(on loop: EventLoop) throws(DatabaseError) {
        self.loop = loop
        try loop.register(descriptor, events: Readiness.input, self)
    }

    func abandon() { loop?.deregister(descriptor) }

    func handle(events: UInt32) {
        let signal = cnet_signals_read(descriptor)
        if signal > 0 { body(signal) }
    }
}

extension EventLoop {
    /// Runs a body on the loop for each of the signals that arrives, for as long as the loop lives.
    /// The signals lose their default action (see `Signal.block`).
    package func onSignals(_ signals: [Int32], _ body: @escaping (Int32) -> Void)
        throws(DatabaseError)
    {
        try SignalSource(signals, body).register(on: self)
    }
}
