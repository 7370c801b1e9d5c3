import Backup
import Diagnostics

/// Makes notices of the progress of a backup, a restore or a verification.
struct NoticeProgress: ProgressSink {
    private let verb: String
    private let notices: @Sendable (Notice) -> Void

    init(_ verb: String, _ notices: @escaping @Sendable (Notice) -> Void) {
        self.verb = verb
        self.notices = notices
    }

    func report(_ progress: BackupProgress) {
        // The end is told by the summary.
        if progress.stage == .complete { return }
        notice("\(verb) \"\(progress.name)\": \(progress.text)")
    }

    func notice(_ message: String) { notices(Notice(.notice, .success, message)) }

    func warn(_ message: String) { notices(Notice(.warning, .warning, message)) }
}
