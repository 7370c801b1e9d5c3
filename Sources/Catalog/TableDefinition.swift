package import Values

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

/// One column of a table.
package struct ColumnDefinition: Sendable, Equatable {
    /// Stable for the life of the column; segments are mapped by it.
    package let id: UInt32
    package let name: String
    package let type: ValueType
    package let isNullable: Bool

    package init(id: UInt32, name: String, type: ValueType, isNullable: Bool = true) {
        self.id = id
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}

/// A table: its names, columns and how its rows are partitioned.
package struct TableDefinition: Sendable, Equatable {
    /// Stable numeric id, never issued twice in a database.
    package let id: UInt64
    package let schema: String
    package let name: String
    /// Grows with every change; a commit built on another version is refused.
    package let version: UInt64
    package let columns: [ColumnDefinition]
    /// The index in `columns` of the designated timestamp.
    package let timestampIndex: Int?
    package let partitionUnit: PartitionUnit

    package init(
        id: UInt64, schema: String = "public", name: String, version: UInt64 = 1,
        columns: [ColumnDefinition], timestampIndex: Int?, partitionUnit: PartitionUnit
    ) {
        precondition(timestampIndex.map { $0 < columns.count } ?? true, "timestamp is a column")
        self.id = id
        self.schema = schema
        self.name = name
        self.version = version
        self.columns = columns
        self.timestampIndex = timestampIndex
        self.partitionUnit = partitionUnit
    }

    /// Finds a column by name, without regard to case.
    package func columnIndex(named name: String) -> Int? {
        let wanted = name.lowercased()
        return columns.firstIndex { $0.name.lowercased() == wanted }
    }
}
