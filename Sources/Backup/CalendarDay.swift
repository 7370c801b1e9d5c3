/// The name of the UTC day of a moment: what a backup is called when nobody names it.
enum CalendarDay {
    /// Returns `yyyy-MM-dd` of microseconds since 1970.
    static func name(microseconds: Int64) -> String {
        let dayLength: Int64 = 86_400_000_000
        let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: dayLength)
        let days = rest < 0 ? whole - 1 : whole
        // Civil date from days, with years beginning in March so that leap days come last.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
