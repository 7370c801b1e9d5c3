/// A span of time as PostgreSQL has it: months and days have no fixed length.
package struct IntervalValue: Sendable, Hashable {
    package var months: Int32
    package var days: Int32
    package var microseconds: Int64

    package init(months: Int32 = 0, days: Int32 = 0, microseconds: Int64 = 0) {
        self.months = months
        self.days = days
        self.microseconds = microseconds
    }

    /// Compares with months of 30 days.
    package func order(_ other: IntervalValue) -> Int {
        let left = length
        let right = other.length
        return left == right ? 0 : left < right ? -1 : 1
    }

    private var length: Int128 {
        (Int128(months) * 30 + Int128(days)) * Int128(CivilTime.microsecondsPerDay)
            + Int128(microseconds)
    }

    package var negated: IntervalValue? {
        guard months != .min, days != .min, microseconds != .min else { return nil }
        return IntervalValue(months: -months, days: -days, microseconds: -microseconds)
    }

    /// A moment so much later; nil outside 64 bits. Months are counted first: a day that its month
    /// lacks becomes the month's last.
    package func added(to moment: Int64) -> Int64? {
        var result = moment
        if months != 0 {
            var time = CivilTime(microseconds: moment)
            let month = time.year * 12 + time.month - 1 + Int(months)
            time.year = month >= 0 ? month / 12 : (month - 11) / 12
            time.month = month - time.year * 12 + 1
            time.day = min(time.day, CivilTime.daysInMonth(time.month, year: time.year))
            guard let shifted = time.microseconds else { return nil }
            result = shifted
        }
        let (span, overflow) = Int64(days).multipliedReportingOverflow(
            by: CivilTime.microsecondsPerDay)
        let (day, carry) = result.addingReportingOverflow(span)
        let (sum, wraps) = day.addingReportingOverflow(microseconds)
        return overflow || carry || wraps ? nil : sum
    }
}
