/// How far a backup is.
package struct BackupProgress: Sendable, Equatable {
    package enum Stage: String, Sendable {
        case binding, pinning, cutting, planning, copying, verifying, publishing, complete
    }

    package let id: String
    package let name: String
    package let stage: Stage
    package let bytesDone: Int
    package let bytesTotal: Int
    package let bytesPerSecond: Int

    package var percent: Int {
        bytesTotal == 0 ? 0 : Int(min(100, 100 * Double(bytesDone) / Double(bytesTotal)))
    }

    package var secondsLeft: Int? {
        bytesPerSecond == 0 ? nil : max(0, bytesTotal - bytesDone) / bytesPerSecond
    }

    /// Stage and percent, bytes where some are to be done, rate and time left once they are known.
    package var text: String {
        var text = "\(stage.rawValue) \(percent) %"
        if bytesTotal > 0 { text += ", \(bytesDone) of \(bytesTotal) bytes" }
        if bytesPerSecond > 0 { text += ", \(bytesPerSecond) bytes/s" }
        if let secondsLeft { text += ", \(secondsLeft) s left" }
        return text
    }
}

/// Is told how a backup goes and what its owner should know. Engine makes NOTICE messages of it.
///
/// Called on any thread of the backup, with no lock held.
package protocol ProgressSink: Sendable {
    /// At most once a second, and once at the end.
    func report(_ progress: BackupProgress)
    /// A sentence for whoever asked for the backup.
    func notice(_ message: String)
    /// A sentence that whoever asked for the backup should not overlook.
    func warn(_ message: String)
}

extension ProgressSink {
    package func warn(_ message: String) { notice(message) }
}

/// Drops everything: for callers that only want the summary.
package struct SilentProgress: ProgressSink {
    package init() {}
    package func report(_ progress: BackupProgress) {}
    package func notice(_ message: String) {}
}
