package import Catalog
import Values

/// The calendar unit a timestamp falls into, and the name of its directory.
package enum PartitionName {
    /// The unit's first and the next unit's first microsecond, and the name; without a timestamp
    /// everything is one partition.
    package static func partition(of timestamp: Int64?, unit: PartitionUnit)
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

    /// The partition of a table that a moment of its designated timestamp falls into; the range is
    /// in the timestamp's own units.
    package static func partition(of timestamp: Int64?, in table: TableDefinition)
        -> (range: ClosedRange<Int64>, name: String)
    {
        let found = partition(
            of: timestamp.map(table.microseconds), unit: table.partitionUnit)
        let scale = table.timestampScale
        if scale == 1 || found.range == Int64.min...Int64.max { return found }
        let low = found.range.lowerBound.multipliedReportingOverflow(by: scale)
        // The last unit of the last microsecond.
        let high = found.range.upperBound.multipliedReportingOverflow(by: scale)
        let end = high.partialValue.addingReportingOverflow(scale - 1)
        return (
            (low.overflow ? .min : low.partialValue)...(high.overflow || end.overflow
                ? .max : end.partialValue), found.name
        )
    }

    /// The first microsecond of the partition of this name and the unit; nil when it is no name of
    /// one.
    package static func begin(of name: String, unit: PartitionUnit) -> Int64? {
        let isNegative = name.utf8.first == UInt8(ascii: "-")
        let parts = name.utf8.dropFirst(isNegative ? 1 : 0).split(
            omittingEmptySubsequences: false
        ) {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "T") || $0 == UInt8(ascii: "W")
        }.map { Int(String(Substring($0))) }
        // A week is 2026-W07: nothing stands between the dash and the W.
        let numbers = parts.compactMap { $0 }
        guard let magnitude = numbers.first, magnitude <= Limits.partitionYear else { return nil }
        let year = isNegative ? -magnitude : magnitude
        let begin: Int
        switch (unit, numbers.count) {
        case (.year, 1): begin = CivilTime.daysSinceEpoch(year: year, month: 1, day: 1)
        case (.month, 2) where (1...12).contains(numbers[1]):
            begin = CivilTime.daysSinceEpoch(year: year, month: numbers[1], day: 1)
        case (.week, 2) where (1...53).contains(numbers[1]):
            // The 4th of January lies in the first week.
            let fourth = CivilTime.daysSinceEpoch(year: year, month: 1, day: 4)
            begin = fourth + (numbers[1] - 1) * 7
        case (.day, 3), (.hour, 4):
            guard (1...12).contains(numbers[1]), (1...31).contains(numbers[2]) else { return nil }
            begin = CivilTime.daysSinceEpoch(year: year, month: numbers[1], day: numbers[2])
        default: return nil
        }
        var hours = begin * 24
        if unit == .hour {
            guard (0...23).contains(numbers[3]) else { return nil }
            hours += numbers[3]
        }
        // The first partition of all may begin before the first moment.
        let (exact, overflow) = Int64(hours).multipliedReportingOverflow(by: 3_600_000_000)
        let time = overflow ? (hours < 0 ? Int64.min : .max) : exact
        let found = partition(of: time, unit: unit)
        // What is not written as we write it (2026-02-31, 2026-1) is no name.
        return found.name == name ? found.range.lowerBound : nil
    }

    /// Whether a name fits a pattern in which `%` stands for any characters, `?` for one, and everything
    /// else for itself.
    ///
    /// Compares from the left; on a mismatch the last `%` takes one character more. Never recursive: a
    /// pattern of nothing but `%` costs its length.
    package static func matches(_ name: String, pattern: String) -> Bool {
        let (text, pattern) = (Array(name.utf8), Array(pattern.utf8))
        var at = 0
        var place = 0
        var retry: (at: Int, place: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "%") {
                retry = (at, place)
                place += 1
            } else if place < pattern.count,
                pattern[place] == text[at] || pattern[place] == UInt8(ascii: "?")
            {
                at += 1
                place += 1
            } else if let last = retry {
                retry = (last.at + 1, last.place)
                at = last.at + 1
                place = last.place + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "%") }
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
