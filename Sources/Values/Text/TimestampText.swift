package import Bytes
import Diagnostics

/// Writing and reading timestamps, in microseconds since 1970 UTC.
package enum TimestampText {
    /// Which of the customary spellings.
    package enum Style: Sendable {
        /// `2026-01-02T03:04:05.000006Z`, always with six digits: /exec and QuestDB.
        case iso
        /// `2026-01-02T03:04:05.006Z`, QuestDB's DATE.
        case isoMilliseconds
        /// `2026-01-02 03:04:05.000006`, digits of a second as needed: PostgreSQL.
        case postgres
    }

    package static func append(
        _ microseconds: Int64, _ style: Style, to writer: inout ByteWriter
    ) {
        let time = CivilTime(microseconds: microseconds)
        if style == .postgres, time.year <= 0 {
            appendDate(time, year: 1 - time.year, to: &writer)
            writer.append(" ".utf8)
            appendClock(time, to: &writer)
            appendFraction(time.microsecond, to: &writer)
            writer.append(" BC".utf8)
            return
        }
        if time.year < 0 { writer.append("-".utf8) }
        appendDate(time, year: abs(time.year), to: &writer)
        writer.append((style == .postgres ? " " : "T").utf8)
        appendClock(time, to: &writer)
        switch style {
        case .iso:
            writer.append(".".utf8)
            appendDigits(time.microsecond, width: 6, to: &writer)
            writer.append("Z".utf8)
        case .isoMilliseconds:
            writer.append(".".utf8)
            appendDigits(time.microsecond / 1000, width: 3, to: &writer)
            writer.append("Z".utf8)
        case .postgres:
            appendFraction(time.microsecond, to: &writer)
        }
    }

    /// Appends nanoseconds since 1970: nine digits of a second in ISO form, as needed otherwise.
    package static func append(
        nanoseconds: Int64, isISO: Bool, to writer: inout ByteWriter
    ) {
        var (micros, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1000)
        if rest < 0 {
            rest += 1000
            micros -= 1
        }
        // 64 bits of nanoseconds lie between the years 1677 and 2262.
        let time = CivilTime(microseconds: micros)
        appendDate(time, year: time.year, to: &writer)
        writer.append((isISO ? "T" : " ").utf8)
        appendClock(time, to: &writer)
        let fraction = time.microsecond * 1000 + Int(rest)
        if isISO || fraction != 0 {
            writer.append(".".utf8)
            appendDigits(fraction, width: 9, to: &writer)
        }
        if isISO {
            writer.append("Z".utf8)
        } else if fraction != 0 {
            while writer.bytes.last == UInt8(ascii: "0") { writer.bytes.removeLast() }
        }
    }

    package static func text(_ microseconds: Int64, _ style: Style) -> String {
        var writer = ByteWriter()
        append(microseconds, style, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func appendDate(_ time: CivilTime, year: Int, to writer: inout ByteWriter) {
        appendDigits(year, width: 4, to: &writer)
        writer.append("-".utf8)
        appendDigits(time.month, width: 2, to: &writer)
        writer.append("-".utf8)
        appendDigits(time.day, width: 2, to: &writer)
    }

    private static func appendClock(_ time: CivilTime, to writer: inout ByteWriter) {
        appendDigits(time.hour, width: 2, to: &writer)
        writer.append(":".utf8)
        appendDigits(time.minute, width: 2, to: &writer)
        writer.append(":".utf8)
        appendDigits(time.second, width: 2, to: &writer)
    }

    private static func appendFraction(_ microsecond: Int, to writer: inout ByteWriter) {
        guard microsecond != 0 else { return }
        writer.append(".".utf8)
        appendDigits(microsecond, width: 6, to: &writer)
        while writer.bytes.last == UInt8(ascii: "0") { writer.bytes.removeLast() }
    }

    private static func appendDigits(_ number: Int, width: Int, to writer: inout ByteWriter) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while number / divisor >= 10 { divisor *= 10 }
        var rest = number
        while divisor > 0 {
            writer.bytes.append(UInt8(ascii: "0") + UInt8(rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// Reads ISO and PostgreSQL spellings: a year alone up to nanoseconds (cut to microseconds),
    /// with `T` or a blank between date and time, and `Z` or an offset such as `+02:00` behind it.
    /// ` BC` at the end counts years back from the year 1, as `append` writes them.
    ///
    /// Returns nil for anything else.
    package static func parse(_ text: String) -> Int64? {
        var scanner = Scanner(text)
        return scanner.timestamp()
    }

    /// Whether a text that `parse` cannot read is spelt well and names no moment: `2026-02-30`.
    package static func namesNoMoment(_ text: String) -> Bool {
        var scanner = Scanner(text)
        return scanner.timestamp() == nil && scanner.isOutOfRange
    }

    /// Reads the same spellings as nanoseconds since 1970.
    package static func parseNanoseconds(_ text: String) -> Int64? {
        var scanner = Scanner(text)
        guard let micros = scanner.timestamp() else { return nil }
        // Towards zero first: the lowest microsecond is not whole in 64 bits of nanoseconds.
        let isNegative = micros < 0
        let (product, overflow) = (isNegative ? micros + 1 : micros)
            .multipliedReportingOverflow(by: 1000)
        let (sum, carry) = product.addingReportingOverflow(
            Int64(scanner.nanosecond) - (isNegative ? 1000 : 0))
        return overflow || carry ? nil : sum
    }

    private struct Scanner {
        var bytes: ArraySlice<UInt8>
        /// What is left of the second below microseconds.
        var nanosecond = 0
        /// Whether all was read, and a field is none of the calendar's.
        var isOutOfRange = false
        /// Whether years are counted back from the year 1, as `BC` behind the text says.
        var isBeforeChrist = false

        init(_ text: String) {
            bytes = Array(text.utf8)[...]
            while bytes.first == 32 { bytes.removeFirst() }
            while bytes.last == 32 { bytes.removeLast() }
            if bytes.count > 3, bytes.suffix(3).elementsEqual(" BC".utf8) {
                bytes.removeLast(3)
                isBeforeChrist = true
            }
        }

        mutating func take(_ byte: Character) -> Bool {
            guard let ascii = byte.asciiValue, bytes.first == ascii else { return false }
            bytes.removeFirst()
            return true
        }

        /// Between `least` and `most` digits.
        mutating func number(_ least: Int, _ most: Int) -> Int? {
            var value = 0
            var count = 0
            while count < most, let byte = bytes.first, byte >= 48, byte <= 57 {
                value = value * 10 + Int(byte - 48)
                count += 1
                bytes.removeFirst()
            }
            return count >= least ? value : nil
        }

        mutating func timestamp() -> Int64? {
            let isNegative = take("-")
            guard let digits = number(4, 6), !(isBeforeChrist && (isNegative || digits == 0)) else {
                return nil
            }
            let year = isBeforeChrist ? 1 - digits : isNegative ? -digits : digits
            var time = CivilTime(year: year, month: 1, day: 1)
            if take("-") {
                guard let month = number(1, 2) else { return nil }
                time.month = month
                if take("-") {
                    guard let day = number(1, 2) else { return nil }
                    time.day = day
                }
            }
            var offset = 0
            if take("T") || take("t") || take(" ") {
                guard clock(&time), let found = zone() else { return nil }
                offset = found
            } else if !take("Z") {
                offset = 0
            }
            guard bytes.isEmpty else { return nil }
            isOutOfRange = true
            guard time.isValid, let micros = time.microseconds else { return nil }
            let (shifted, overflow) = micros.subtractingReportingOverflow(
                Int64(offset) * 1_000_000)
            return overflow ? nil : shifted
        }

        mutating func clock(_ time: inout CivilTime) -> Bool {
            guard let hour = number(1, 2) else { return false }
            time.hour = hour
            guard take(":") else { return true }
            guard let minute = number(2, 2) else { return false }
            time.minute = minute
            guard take(":") else { return true }
            guard let second = number(2, 2) else { return false }
            time.second = second
            guard take(".") else { return true }
            let before = bytes.count
            guard let fraction = number(1, 9) else { return false }
            var value = fraction
            for _ in (before - bytes.count)..<9 { value *= 10 }
            time.microsecond = value / 1000
            nanosecond = value % 1000
            return true
        }

        /// Seconds east of Greenwich; 0 when nothing is written.
        mutating func zone() -> Int? {
            _ = take(" ")
            if bytes.isEmpty || take("Z") || take("z") { return 0 }
            if bytes.elementsEqual("UTC".utf8) {
                bytes.removeAll()
                return 0
            }
            let isEast = take("+")
            guard isEast || take("-"), let hours = number(2, 2) else { return nil }
            var seconds = hours * 3600
            if !bytes.isEmpty {
                _ = take(":")
                guard let minutes = number(2, 2), minutes < 60 else { return nil }
                seconds += minutes * 60
            }
            return hours > 18 ? nil : isEast ? seconds : -seconds
        }
    }
}
