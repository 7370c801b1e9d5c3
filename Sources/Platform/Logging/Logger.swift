import CPlatform
package import Diagnostics
import Synchronization

/// Writes log lines to the console and to a file a day, `basalt-2026-11-20.log`.
///
/// `log` never waits for a disk: lines are queued and one thread writes them in order. Lines that
/// find the queue full are dropped and counted. The files are appended to in place and not synced:
/// a log is no part of the database.
///
/// - INV-1 Only the writing thread touches the file, so lines never mix.
package final class Logger: LogSink {
    private struct State {
        var settings: LogSettings
        var lines: [Line] = []
        var dropped = 0
        var waiters: [any Gate] = []
        var isClosed = false
    }

    struct Line: Sendable {
        let level: LogLevel
        let microseconds: Int64
        let bytes: [UInt8]
    }

    private let state: Mutex<State>
    private let clock: any WorldClock
    private let workers: any Workers
    private let wakeup: any Gate
    private let console: @Sendable ([UInt8]) -> Void

    /// Begins logging.
    ///
    /// - Parameters:
    ///   - directory: where the files are, made when missing; nil: no files.
    ///   - console: takes the lines for the console.
    package init(
        settings: LogSettings, directory: String?, files: any FileSystem, clock: any WorldClock,
        workers: any Workers,
        console: @escaping @Sendable ([UInt8]) -> Void = Logger.writeToStandardOutput
    ) {
        state = Mutex(State(settings: settings))
        self.clock = clock
        self.workers = workers
        self.console = console
        wakeup = workers.makeGate()
        let file = directory.map { LogFile(directory: $0, files: files) }
        workers.start("log") { self.write(to: file) }
    }

    /// Writes bytes to standard output.
    package static func writeToStandardOutput(_ bytes: [UInt8]) {
        // SAFETY: the array is lent for the length of the call.
        unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return }
            unsafe cnet_console_write(1, start, buffer.count)
        }
    }

    package func log(
        _ level: LogLevel, _ room: String, _ message: @autoclosure () -> String
    ) {
        guard isLogged(level) else { return }
        let now = clock.now()
        let line = Line(
            level: level, microseconds: now,
            bytes: LogLine.encode(microseconds: now, level, room, message()))
        let isFirst = state.withLock { state -> Bool in
            guard !state.isClosed, state.lines.count < LoggingLimits.waitingLines else {
                state.dropped += 1
                return false
            }
            state.lines.append(line)
            return state.lines.count == 1
        }
        if isFirst { wakeup.open() }
    }

    /// Whether a line of this level goes anywhere.
    package func isLogged(_ level: LogLevel) -> Bool {
        state.withLock { state in
            [state.settings.consoleLevel, state.settings.fileLevel].contains {
                $0.map { level >= $0 } ?? false
            }
        }
    }

    /// Takes new levels from now on.
    package func apply(_ settings: LogSettings) {
        state.withLock { $0.settings = settings }
    }

    /// Waits until everything logged so far is written.
    package func flush() {
        let written = workers.makeGate()
        let isOpen = state.withLock { state -> Bool in
            guard !state.isClosed else { return false }
            state.waiters.append(written)
            return true
        }
        guard isOpen else { return }
        wakeup.open()
        written.wait()
    }

    /// Writes what is left and ends the writing thread. Lines logged later are dropped.
    package func close() {
        let written = workers.makeGate()
        let isFirst = state.withLock { state -> Bool in
            guard !state.isClosed else { return false }
            state.isClosed = true
            state.waiters.append(written)
            return true
        }
        guard isFirst else { return }
        wakeup.open()
        written.wait()
    }

    private func write(to file: LogFile?) {
        var isEnding = false
        while !isEnding {
            wakeup.wait()
            let taken = state.withLock { state in
                let taken = state
                state.lines = []
                state.waiters = []
                state.dropped = 0
                return taken
            }
            write(taken.lines, dropped: taken.dropped, taken.settings, to: file)
            for waiter in taken.waiters { waiter.open() }
            isEnding = taken.isClosed
        }
    }

    private func write(
        _ lines: [Line], dropped: Int, _ settings: LogSettings, to file: LogFile?
    ) {
        var lines = lines
        if dropped > 0 { lines.append(own("\(dropped) lines were dropped")) }
        if let level = settings.fileLevel, let file {
            do throws(DatabaseError) {
                try file.append(
                    lines.filter { $0.level >= level }, retentionDays: settings.retentionDays)
            } catch {
                // The console is the one place left to say it.
                lines.append(own("cannot write log file, \(error)"))
            }
        }
        if let level = settings.consoleLevel {
            let bytes = lines.filter { $0.level >= level }.flatMap(\.bytes)
            if !bytes.isEmpty { console(bytes) }
        }
    }

    private func own(_ message: String) -> Line {
        let now = clock.now()
        return Line(
            level: .error, microseconds: now,
            bytes: LogLine.encode(microseconds: now, .error, "log", message))
    }
}

/// The file of the day. Used by the writing thread alone.
private final class LogFile: Sendable {
    private struct Open {
        var day: Int64
        var file: any OpenFile
        var end: Int
    }

    private let directory: String
    private let files: any FileSystem
    private let open = Mutex<Open?>(nil)

    init(directory: String, files: any FileSystem) {
        self.directory = directory
        self.files = files
    }

    func append(_ lines: [Logger.Line], retentionDays: Int) throws(DatabaseError) {
        var rest = lines[...]
        while let first = rest.first {
            let day = LogLine.days(first.microseconds)
            let count = rest.prefix { LogLine.days($0.microseconds) == day }.count
            let bytes = rest.prefix(count).flatMap(\.bytes)
            rest = rest.dropFirst(count)
            // Nobody else comes here; the lock only carries the state and is not held meanwhile.
            var current = open.withLock { $0 }
            if current?.day != day {
                current = try begin(day, first.microseconds)
                try removeOld(day: day, retentionDays: retentionDays)
            }
            guard var current else { return }
            do throws(DatabaseError) {
                try current.file.write(bytes, at: current.end)
            } catch {
                // Opened anew for the next lines: the file may have been taken away.
                open.withLock { $0 = nil }
                throw error
            }
            current.end += bytes.count
            open.withLock { [current] in $0 = current }
        }
    }

    private func begin(_ day: Int64, _ microseconds: Int64) throws(DatabaseError) -> Open {
        try files.makeDurableDirectory(directory)
        let path = Path.join(directory, "basalt-\(LogLine.day(microseconds)).log")
        let isThere = try files.info(path) != nil
        let file = try files.open(path, isThere ? .readWrite : .create, permissions: 0o640)
        return Open(day: day, file: file, end: try file.size())
    }

    private func removeOld(day: Int64, retentionDays: Int) throws(DatabaseError) {
        guard retentionDays > 0 else { return }
        // Days as text sort like days.
        let oldest = LogLine.day((day - Int64(retentionDays)) * 86_400_000_000)
        for name in try files.list(directory) where isLog(name) && name < "basalt-\(oldest).log" {
            try files.remove(Path.join(directory, name))
        }
    }

    private func isLog(_ name: String) -> Bool {
        name.hasPrefix("basalt-") && name.hasSuffix(".log")
            && name.utf8.count == "basalt-0000-00-00.log".utf8.count
    }
}
