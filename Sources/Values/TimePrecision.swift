/// How many digits of a second the values of a column have: the p of `TIMESTAMP(p)`.
package struct TimePrecision: Sendable, Hashable {
    package let digits: Int

    /// What is kept where nothing is said.
    package static let most = 6

    package init(digits: Int) {
        precondition((0...Self.most).contains(digits), "the caller has checked the digits")
        self.digits = digits
    }

    /// The name of the type in DDL.
    package var name: String { "TIMESTAMP(\(digits))" }

    /// The name of the type in PostgreSQL's messages.
    package var postgresName: String { "timestamp(\(digits)) without time zone" }

    /// PostgreSQL's 2000-01-01, from which it rounds.
    private static let epoch: Int64 = 946_684_800_000_000

    /// Rounds microseconds since 1970 as PostgreSQL does: halves go away from 2000-01-01. What is too
    /// near the ends of time to be rounded stays.
    package func round(_ microseconds: Int64) -> Int64 {
        var unit: Int64 = 1
        for _ in digits..<Self.most { unit *= 10 }
        let (distance, overflow) = microseconds.subtractingReportingOverflow(Self.epoch)
        if unit == 1 || overflow { return microseconds }
        let rest = distance % unit
        if rest == 0 { return microseconds }
        let (below, isLow) = microseconds.subtractingReportingOverflow(rest)
        if abs(rest) < unit / 2 { return isLow ? microseconds : below }
        let (above, isHigh) = below.addingReportingOverflow(rest > 0 ? unit : -unit)
        return isLow || isHigh ? microseconds : above
    }
}
