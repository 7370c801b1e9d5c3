/// `CHECK (text)`: no row for which it is false.
package struct CheckConstraint: Sendable, Equatable {
    package let name: String
    /// An SQL expression over the table's columns.
    package let text: String

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// PRIMARY KEY or UNIQUE over some columns.
package struct KeyConstraint: Sendable, Equatable {
    package let name: String
    package let isPrimary: Bool
    /// Ids of columns, in the order they were written.
    package let columns: [UInt32]

    package init(name: String, isPrimary: Bool, columns: [UInt32]) {
        self.name = name
        self.isPrimary = isPrimary
        self.columns = columns
    }
}

/// `WITH maxUncommittedRows = …, o3MaxLag = …`: hints for an ingestion that Basalt does not have,
/// kept to be shown again.
package struct IngestionHints: Sendable, Equatable {
    package let maxUncommittedRows: UInt64?
    package let o3MaxLagMicroseconds: UInt64?

    package init(maxUncommittedRows: UInt64? = nil, o3MaxLagMicroseconds: UInt64? = nil) {
        self.maxUncommittedRows = maxUncommittedRows
        self.o3MaxLagMicroseconds = o3MaxLagMicroseconds
    }
}
