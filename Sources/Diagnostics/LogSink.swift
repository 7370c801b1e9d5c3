/// How urgent a log line is.
package enum LogLevel: Int, Sendable, Comparable, CaseIterable {
    case debug, info, advisory, error, critical

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Takes log lines. Platform's logger is one; a test collects them.
///
/// Implementations may be called from any thread, and never while a lock is held.
package protocol LogSink: Sendable {
    /// Writes one line. `room` names where it comes from, such as "storage".
    func log(_ level: LogLevel, _ room: String, _ message: @autoclosure () -> String)
}

/// A sink that drops everything: for tools and tests that have nothing to say.
package struct SilentLog: LogSink {
    package init() {}
    package func log(_ level: LogLevel, _ room: String, _ message: @autoclosure () -> String) {}
}
