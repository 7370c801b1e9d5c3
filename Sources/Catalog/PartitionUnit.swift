/// How rows of a table are gathered: all rows of one calendar unit lie in one partition.
package enum PartitionUnit: UInt8, Sendable, CaseIterable {
    case none = 0
    case hour = 1
    case day = 2
    case week = 3
    case month = 4
    case year = 5

    package var name: String {
        switch self {
        case .none: "NONE"
        case .hour: "HOUR"
        case .day: "DAY"
        case .week: "WEEK"
        case .month: "MONTH"
        case .year: "YEAR"
        }
    }

    package static func named(_ name: String) -> PartitionUnit? {
        allCases.first { $0.name == name.uppercased() }
    }
}

/// How long rows are kept: partitions that are wholly older are dropped.
///
/// Value and unit stay as they were written, so that SHOW CREATE TABLE gives them back.
package struct TimeToLive: Sendable, Equatable {
    package enum Unit: UInt8, Sendable, CaseIterable {
        case hour = 1
        case day = 2
        case week = 3
        case month = 4
        case year = 5

        package var name: String {
            switch self {
            case .hour: "HOUR"
            case .day: "DAY"
            case .week: "WEEK"
            case .month: "MONTH"
            case .year: "YEAR"
            }
        }
    }

    /// What the rows are kept for, in one of two measures that do not mix.
    package enum Length: Sendable, Equatable {
        case microseconds(Int64)
        case months(Int64)
    }

    /// From 1.
    package let value: UInt32
    package let unit: Unit

    package init(value: UInt32, unit: Unit) {
        precondition(value > 0, "a table without TTL has none")
        self.value = value
        self.unit = unit
    }

    package var length: Length {
        let hour: Int64 = 3_600_000_000
        // At most 2^32 weeks of 604,800,000,000 us: beyond 64 bits it means for ever.
        func times(_ unit: Int64) -> Length {
            let product = Int64(value).multipliedReportingOverflow(by: unit)
            return .microseconds(product.overflow ? .max : product.partialValue)
        }
        switch unit {
        case .hour: return times(hour)
        case .day: return times(24 * hour)
        case .week: return times(7 * 24 * hour)
        case .month: return .months(Int64(value))
        case .year: return .months(12 * Int64(value))
        }
    }

    /// Whether it is a whole number of partitions of a unit, as QuestDB wants it.
    package func isMultiple(of partition: PartitionUnit) -> Bool {
        let hour: Int64 = 3_600_000_000
        switch (length, partition) {
        case (_, .none): return false
        case (.microseconds(let length), .hour): return length % hour == 0
        case (.microseconds(let length), .day): return length % (24 * hour) == 0
        case (.microseconds(let length), .week): return length % (7 * 24 * hour) == 0
        case (.microseconds, .month), (.microseconds, .year): return false
        case (.months, .hour), (.months, .day), (.months, .month): return true
        case (.months, .week): return false
        case (.months(let length), .year): return length % 12 == 0
        }
    }
}
