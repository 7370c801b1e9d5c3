import Values

/// The name of the UTC day of a moment: what a backup is called when nobody names it.
enum CalendarDay {
    /// Returns `yyyy-MM-dd` of microseconds since 1970.
    static func name(microseconds: Int64) -> String {
        let date = CivilTime(microseconds: microseconds)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
