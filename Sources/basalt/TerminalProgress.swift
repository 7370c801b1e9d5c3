import Backup
import Diagnostics
import Platform
import Values

/// Shows how far a command is: a bar on a terminal, plain lines anywhere else. On the standard
/// error, so that the answer can be piped.
struct TerminalProgress: ProgressSink {
    private static let barWidth = 30
    private let verb: String

    init(_ verb: String) { self.verb = verb }

    func report(_ progress: BackupProgress) {
        if progress.stage == .complete { return }
        var text = "\(verb) \(progress.name): \(progress.stage.rawValue) \(progress.percent) %"
        if progress.bytesPerSecond > 0 {
            text += ", \(progress.bytesPerSecond >> 20) MiB/s"
        }
        if let seconds = progress.secondsLeft { text += ", \(seconds) s left" }
        guard Process.isErrorTerminal else { return Process.printError(text) }
        let filled = max(0, min(Self.barWidth, progress.percent * Self.barWidth / 100))
        let bar =
            String(repeating: "#", count: filled)
            + String(repeating: ".", count: Self.barWidth - filled)
        Process.writeError("\r\u{1b}[K[\(bar)] \(text)")
    }

    func notice(_ message: String) {
        Self.clear()
        Process.printError("notice: \(message)")
    }

    /// Takes the bar away before anything else is written.
    static func clear() {
        if Process.isErrorTerminal { Process.writeError("\r\u{1b}[K") }
    }
}

/// What Storage and Backup log while a command runs: only what went wrong.
struct ErrorLog: LogSink {
    func log(_ level: LogLevel, _ room: String, _ message: @autoclosure () -> String) {
        if level >= .error { Process.printError("\(room): \(message())") }
    }
}

/// Columns of text with two spaces between them.
enum TextTable {
    static func print(_ header: [String], _ rows: [[String]]) {
        let rows = rows.map { $0.map(\.inOneLine) }
        var widths = header.map(\.count)
        for row in rows {
            for (index, cell) in row.enumerated() {
                widths[index] = max(widths[index], cell.count)
            }
        }
        for row in [header] + rows {
            var line = ""
            for (index, cell) in row.enumerated() {
                line += cell
                if index + 1 < row.count {
                    line += String(repeating: " ", count: widths[index] - cell.count + 2)
                }
            }
            Swift.print(line)
        }
    }
}

/// Moments as people read them.
enum MomentText {
    /// Nothing for none.
    static func of(_ microseconds: Int64?) -> String {
        microseconds.map { Value.timestamp($0).text(as: .timestamp) ?? "" } ?? ""
    }
}
