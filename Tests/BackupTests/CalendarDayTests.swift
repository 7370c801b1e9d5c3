import Testing

@testable import Backup

@Suite("CalendarDay")
struct CalendarDayTests {
    @Test(
        "a moment has the name of its UTC day",
        arguments: [
            (0, "1970-01-01"), (-1, "1969-12-31"), (951_782_400_000_000, "2000-02-29"),
            (1795305599999999, "2026-11-21"), (1795305600000000, "2026-11-22"),
            (4_107_542_400_000_000, "2100-03-01"),
        ])
    func name(microseconds: Int64, name: String) {
        #expect(CalendarDay.name(microseconds: microseconds) == name)
    }
}
