import Catalog
import Values

/// The calendar unit a timestamp falls into, and the name of its directory.
enum PartitionName {
    /// The unit's first and the next unit's first microsecond, and the name; without a timestamp
    /// everything is one partition.
    static func partition(of timestamp: Int64?, unit: PartitionUnit)
        -> (range: ClosedRange<Int64>, name: String)
    {
        guard let timestamp, unit != .none else { return (Int64.min...Int64.max, "default") }
        let day = floorDivide(timestamp, CivilTime.microsecondsPerDay)
        let civil = CivilTime.date(daysSinceEpoch: Int(day))
        let year = pad(civil.year, 4)
        switch unit {
        case .none: return (Int64.min...Int64.max, "default")
        case .hour:
            let hour = floorDivide(timestamp, 3_600_000_000)
            let ofDay = Int(hour - day * 24)
            let name = "\(year)-\(pad(civil.month, 2))-\(pad(civil.day, 2))T\(pad(ofDay, 2))"
            return (range(hour, 3_600_000_000), name)
        case .day:
            let name = "\(year)-\(pad(civil.month, 2))-\(pad(civil.day, 2))"
            return (range(day, CivilTime.microsecondsPerDay), name)
        case .week: return week(day)
        case .month:
            let next = civil.month == 12 ? (civil.year + 1, 1) : (civil.year, civil.month + 1)
            let name = "\(year)-\(pad(civil.month, 2))"
            return (days(from: (civil.year, civil.month), to: next), name)
        case .year: return (days(from: (civil.year, 1), to: (civil.year + 1, 1)), year)
        }
    }

    /// ISO weeks: Monday to Sunday, numbered by the year of their Thursday.
    private static func week(_ day: Int64) -> (range: ClosedRange<Int64>, name: String) {
        // 1970-01-01 was a Thursday: day -3 is a Monday.
        let monday = floorDivide(day + 3, 7) * 7 - 3
        let year = CivilTime.date(daysSinceEpoch: Int(monday + 3)).year
        let first = Int64(CivilTime.daysSinceEpoch(year: year, month: 1, day: 1))
        let number = (monday + 3 - first) / 7 + 1
        let bounds = range(monday, CivilTime.microsecondsPerDay).lowerBound
        let length = 7 * CivilTime.microsecondsPerDay
        let end = bounds.addingReportingOverflow(length - 1)
        return (
            bounds...(end.overflow ? .max : end.partialValue),
            "\(pad(year, 4))-W\(pad(Int(number), 2))"
        )
    }

    private static func days(from: (Int, Int), to: (Int, Int)) -> ClosedRange<Int64> {
        let first = Int64(CivilTime.daysSinceEpoch(year: from.0, month: from.1, day: 1))
        let end = Int64(CivilTime.daysSinceEpoch(year: to.0, month: to.1, day: 1))
        let low = range(first, CivilTime.microsecondsPerDay).lowerBound
        return low...range(end - 1, CivilTime.microsecondsPerDay).upperBound
    }

    /// The `index`-th unit of a length, cut to what 64 bits hold.
    private static func range(_ index: Int64, _ length: Int64) -> ClosedRange<Int64> {
        let low = index.multipliedReportingOverflow(by: length)
        let begin = low.overflow ? Int64.min : low.partialValue
        let high = (index + 1).multipliedReportingOverflow(by: length)
        return begin...(high.overflow ? Int64.max : high.partialValue - 1)
    }

    private static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        value >= 0 ? value / by : -((-1 - value) / by) - 1
    }

    private static func pad(_ value: Int, _ width: Int) -> String {
        let text = String(value.magnitude)
        let zeros = String(repeating: "0", count: max(0, width - text.utf8.count))
        return (value < 0 ? "-" : "") + zeros + text
    }
}
