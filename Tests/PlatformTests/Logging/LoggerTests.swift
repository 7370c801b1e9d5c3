import Diagnostics
import Foundation
import Platform
import Synchronization
import Testing

/// A clock that a test sets.
private final class HandClock: WorldClock {
    private let microseconds: Mutex<Int64>
    init(_ microseconds: Int64) { self.microseconds = Mutex(microseconds) }
    func now() -> Int64 { microseconds.withLock { $0 } }
    func monotonicNanoseconds() -> UInt64 { 0 }
    func wait(nanoseconds: UInt64) {}
    func set(_ value: Int64) { microseconds.withLock { $0 = value } }
}

@Suite("Logger") struct LoggerTests {
    private static let noon: Int64 = 1_795_176_000_000_000
    private let clock = HandClock(noon)
    private let seen = Seen()

    private final class Seen: Sendable {
        let bytes = Mutex<[UInt8]>([])
        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    }

    private func logger(_ settings: LogSettings = LogSettings(), directory: String? = nil) -> Logger
    {
        let seen = seen
        return Logger(
            settings: settings, directory: directory, files: LinuxFileSystem(), clock: clock,
            workers: LinuxWorkers(threads: 1)
        ) { bytes in seen.bytes.withLock { $0 += bytes } }
    }

    @Test("a line has time, level, room and message")
    func form() {
        let logger = logger()

        logger.log(.info, "storage", "opened [lsn=7]")
        logger.log(.critical, "wal", "torn")
        logger.close()

        #expect(
            seen.text == """
                2026-11-20T12:00:00.000000Z I storage opened [lsn=7]
                2026-11-20T12:00:00.000000Z C wal torn

                """)
    }

    @Test("control characters cannot forge a line")
    func injection() {
        let logger = logger()

        logger.log(.error, "sql", "a\nb\r\u{1b}[31m\u{9b}2J\u{2028}ü")
        logger.close()

        let message = #"a\nb\r\u001b[31m\u009b2J\u2028ü"#
        #expect(seen.text == "2026-11-20T12:00:00.000000Z E sql \(message)\n")
    }

    @Test("a message of any length is one line that is cut")
    func length() {
        let logger = logger()

        logger.log(.error, "sql", String(repeating: "\n", count: 1 << 20))
        logger.close()

        #expect(seen.text.utf8.count < 32 << 10)
        #expect(seen.text.utf8.filter { $0 == 0x0a }.count == 1)
    }

    @Test("levels decide what is written, and may change")
    func levels() {
        let logger = logger(LogSettings(consoleLevel: .error, fileLevel: nil))

        logger.log(.info, "a", "no")
        logger.log(.error, "b", "yes")
        logger.flush()
        logger.apply(LogSettings(consoleLevel: .debug))
        logger.log(.debug, "c", "yes")
        logger.close()
        logger.log(.error, "d", "late")

        let rooms = seen.text.split(separator: "\n").map { $0.split(separator: " ")[2] }
        #expect(rooms == ["b", "c"])
        #expect(logger.isLogged(.debug))
    }

    @Test("each day has a file, an old one is removed, and others are left alone")
    func files() throws {
        let directory = NSTemporaryDirectory() + "basalt-log-" + UUID().uuidString + "/log"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: Path.directory(of: directory)) }
        for name in ["basalt-2026-10-01.log", "basalt-2026-11-20.log", "mine.log"] {
            try Data("old\n".utf8).write(to: URL(fileURLWithPath: directory + "/" + name))
        }
        let logger = logger(LogSettings(consoleLevel: nil), directory: directory)

        logger.log(.info, "a", "one")
        logger.flush()
        clock.set(Self.noon + 86_400_000_000)
        logger.log(.info, "a", "two")
        logger.close()

        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
                == ["basalt-2026-11-20.log", "basalt-2026-11-21.log", "mine.log"])
        #expect(
            try String(contentsOfFile: directory + "/basalt-2026-11-20.log", encoding: .utf8)
                == "old\n2026-11-20T12:00:00.000000Z I a one\n")
        #expect(seen.text.isEmpty)
    }
}

@Suite("LogSettings") struct LogSettingsTests {
    @Test("log.conf beats server.conf, and the environment log.conf")
    func precedence() {
        let file = Array("writers=file,stdout\nw.stdout.level=ERROR\nw.file.level=ERROR,INFO".utf8)

        let settings = LogSettings(
            Configuration(), logFile: file, environment: ["QDB_LOG_W_STDOUT_LEVEL": "CRITICAL"])

        #expect(settings.consoleLevel == .critical)
        #expect(settings.fileLevel == .info)
    }

    @Test("debugging writes everything where something is written")
    func debug() {
        let settings = LogSettings(
            Configuration(), logFile: Array("writers=stdout".utf8),
            environment: ["QDB_DEBUG": "true"])

        #expect(settings.consoleLevel == .debug)
        #expect(settings.fileLevel == nil)
    }

    @Test("the default file changes nothing")
    func defaultFile() {
        let settings = LogSettings(
            Configuration(), logFile: Array(LogSettings.defaultFile.utf8), environment: [:])

        #expect(settings == LogSettings())
    }
}
