/// The bounds of the network code, each with its reason.
package enum NetworkLimits {
    /// Bytes taken from a socket in one turn: one system call for most requests, and no connection
    /// holds the loop for longer than a copy of this size.
    package static let readBytes = 256 << 10
    /// Small sends are joined into pieces of this size, so that a row does not cost a system call.
    package static let chunkBytes = 64 << 10
    /// Above this many queued bytes `isWritable` is false; a well-behaved sender stops there.
    package static let highWaterBytes = 1 << 20
    /// At this many queued bytes or fewer `onWritable` is called after the mark was passed.
    package static let lowWaterBytes = 256 << 10
    /// A peer that lets this much pile up is cut off: the queue may not grow with its slowness.
    package static let maximumQueuedBytes = 512 << 20
    /// How long a listener pauses when the process has no descriptor left.
    package static let acceptPauseMilliseconds = 100
    /// Connections accepted in one turn, so that a flood cannot starve those already open.
    static let acceptsPerTurn = 64
    /// Readiness reports taken by one wait.
    static let eventsPerTurn = 256
    /// How long a connection that only flushes may take before it is cut off.
    package static let flushMilliseconds = 10_000
}
