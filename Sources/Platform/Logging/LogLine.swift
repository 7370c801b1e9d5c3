import Diagnostics

/// The one form of a log line: `2026-11-20T12:00:00.000000Z I storage message`.
enum LogLine {
    /// The letter a level has in a line.
    static func letter(_ level: LogLevel) -> UInt8 {
        switch level {
        case .debug: UInt8(ascii: "D")
        case .info: UInt8(ascii: "I")
        case .advisory: UInt8(ascii: "A")
        case .error: UInt8(ascii: "E")
        case .critical: UInt8(ascii: "C")
        }
    }

    /// Returns the line with its break. Control characters in the message are written as in source
    /// code: nobody can forge a line by what he sends, or speak to the terminal it is read on.
    static func encode(
        microseconds: Int64, _ level: LogLevel, _ room: String, _ message: String
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(48 + room.utf8.count + message.utf8.count)
        appendTime(microseconds, to: &line)
        line.append(UInt8(ascii: " "))
        line.append(letter(level))
        line.append(UInt8(ascii: " "))
        line += room.utf8
        line.append(UInt8(ascii: " "))
        // No scalar is shorter than a byte: what is left out here would be cut anyway.
        let begin = String(message.unicodeScalars.prefix(LoggingLimits.messageBytes))
        line += begin.inOneLine.utf8.prefix(LoggingLimits.messageBytes)
        line.append(0x0a)
        return line
    }

    /// The day of a time as `2026-11-20`.
    static func day(_ microseconds: Int64) -> String {
        var text: [UInt8] = []
        appendDay(days(microseconds), to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Whole days since 1970, rounded down.
    static func days(_ microseconds: Int64) -> Int64 {
        let (days, rest) = microseconds.quotientAndRemainder(dividingBy: microsecondsPerDay)
        return rest < 0 ? days - 1 : days
    }

    private static let microsecondsPerDay: Int64 = 86_400_000_000

    private static func appendTime(_ microseconds: Int64, to line: inout [UInt8]) {
        let days = days(microseconds)
        let rest = microseconds - days * microsecondsPerDay
        let seconds = rest / 1_000_000
        appendDay(days, to: &line)
        line.append(UInt8(ascii: "T"))
        append(seconds / 3600, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(seconds / 60 % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(seconds % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: "."))
        append(rest % 1_000_000, digits: 6, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    /// Civil date from days, counted in eras of 400 years that begin on a first of March.
    private static func appendDay(_ days: Int64, to line: inout [UInt8]) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        append(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), digits: 4, to: &line)
        line.append(UInt8(ascii: "-"))
        append(month, digits: 2, to: &line)
        line.append(UInt8(ascii: "-"))
        append(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, digits: 2, to: &line)
    }

    private static func append(_ number: Int64, digits: Int, to line: inout [UInt8]) {
        let text = String(number)
        for _ in text.utf8.count..<max(digits, text.utf8.count) { line.append(UInt8(ascii: "0")) }
        line += text.utf8
    }
}

/// The bounds of logging.
package enum LoggingLimits {
    /// Longer messages are cut: a line is for reading.
    static let messageBytes = 16 << 10
    /// Lines that wait to be written. When it is full lines are dropped and counted: a full disk
    /// must not stop the database through its log.
    static let waitingLines = 10_000
    /// A file of log settings is text a person wrote.
    static let fileBytes = 1 << 20
}
