import Bytes

/// Writing and reading spans of time in PostgreSQL's style: `1 year 2 mons 3 days 04:05:06`.
enum IntervalText {
    static func append(_ span: IntervalValue, to writer: inout ByteWriter) {
        var parts: [String] = []
        func add(_ number: Int64, _ unit: String) {
            if number != 0 { parts.append("\(number) \(unit)\(number == 1 ? "" : "s")") }
        }
        add(Int64(span.months / 12), "year")
        add(Int64(span.months % 12), "mon")
        add(Int64(span.days), "day")
        writer.append(parts.joined(separator: " ").utf8)
        if span.microseconds == 0, !parts.isEmpty { return }
        if !parts.isEmpty { writer.bytes.append(32) }
        let magnitude = span.microseconds.magnitude
        let isBehindNegative = span.days < 0 || (span.days == 0 && span.months < 0)
        if span.microseconds < 0 {
            writer.append("-".utf8)
        } else if isBehindNegative {
            writer.append("+".utf8)
        }
        let seconds = magnitude / 1_000_000
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60]
        writer.append(clock.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":").utf8)
        let fraction = magnitude % 1_000_000
        guard fraction != 0 else { return }
        writer.append(".".utf8)
        writer.append(String(fraction + 1_000_000).utf8.dropFirst())
        while writer.bytes.last == UInt8(ascii: "0") { writer.bytes.removeLast() }
    }

    /// Reads numbers with units, a clock time and `ago`, in any order; nil for anything else.
    static func parse(_ text: String) -> IntervalValue? {
        let words = text.lowercased().split { $0 == " " || $0 == "\t" || $0 == "," || $0 == "@" }
        guard !words.isEmpty, words.count <= 32 else { return nil }
        var total = Total()
        var rest = words[...]
        var isAgo = false
        while let word = rest.popFirst() {
            if word == "ago", rest.isEmpty {
                isAgo = true
            } else if word.contains(":") {
                guard let micros = clock(word), total.add(micros) else { return nil }
            } else {
                let end = word.firstIndex { $0.isLetter } ?? word.endIndex
                guard let number = Double(word[..<end]), number.isFinite else { return nil }
                let unit = end == word.endIndex ? rest.popFirst() : word[end...]
                guard total.add(number, unit: unit ?? "second") else { return nil }
            }
        }
        guard let span = total.span else { return nil }
        return isAgo ? span.negated : span
    }

    /// `[-]h:mm[:ss[.ffffff]]` in microseconds.
    private static func clock(_ word: Substring) -> Int64? {
        let isNegative = word.hasPrefix("-")
        let parts = word.drop { $0 == "-" || $0 == "+" }
            .split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let hours = UInt32(parts[0]),
            let minutes = UInt32(parts[1]), minutes < 60
        else { return nil }
        // 2^32 hours are below 2^64 microseconds, and negative ones go one further.
        var micros = (Int128(hours) * 3600 + Int128(minutes) * 60) * 1_000_000
        if parts.count == 3 {
            guard let last = Double(parts[2]), last >= 0, last < 61 else { return nil }
            micros += Int128((last * 1_000_000).rounded())
        }
        return Int64(exactly: isNegative ? -micros : micros)
    }

    private struct Total {
        var months = 0.0
        var days = 0.0
        var micros: Int64 = 0

        mutating func add(_ more: Int64?) -> Bool {
            guard let more else { return false }
            let (sum, overflow) = micros.addingReportingOverflow(more)
            micros = sum
            return !overflow
        }

        private mutating func add(_ number: Double, of size: Double) -> Bool {
            add(Int64(exactly: (number * size).rounded()))
        }

        mutating func add(_ number: Double, unit: Substring) -> Bool {
            var name = unit
            if name.count > 3, name.hasSuffix("s") { name.removeLast() }
            switch name {
            case "millennium", "millennia": months += number * 12_000
            case "century", "centurie": months += number * 1_200
            case "decade": months += number * 120
            case "year", "y", "yr": months += number * 12
            case "month", "mon": months += number
            case "week", "w": days += number * 7
            case "day", "d": days += number
            case "hour", "h", "hr": return add(number, of: 3_600_000_000)
            case "minute", "min", "m": return add(number, of: 60_000_000)
            case "second", "sec", "s": return add(number, of: 1_000_000)
            case "millisecond", "msec", "ms": return add(number, of: 1000)
            case "microsecond", "usec", "us": return add(number, of: 1)
            default: return false
            }
            return true
        }

        /// Parts of a month are days of thirty, parts of a day microseconds.
        var span: IntervalValue? {
            let wholeMonths = months.rounded(.towardZero)
            let allDays = days + (months - wholeMonths) * 30
            let wholeDays = allDays.rounded(.towardZero)
            var whole = self
            guard whole.add(allDays - wholeDays, of: Double(CivilTime.microsecondsPerDay)),
                let months = Int32(exactly: wholeMonths), let days = Int32(exactly: wholeDays)
            else { return nil }
            return IntervalValue(months: months, days: days, microseconds: whole.micros)
        }
    }
}
