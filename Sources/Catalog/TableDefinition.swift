import Values

/// A table: its names, columns and how its rows are partitioned.
///
/// An immutable value: the `with…` functions give changed copies of the next version.
package struct TableDefinition: Sendable, Equatable {
    /// Stable numeric id, never issued twice in a database.
    package internal(set) var id: UInt64
    package internal(set) var kind: RelationKind
    package internal(set) var schema: String
    package internal(set) var name: String
    /// Grows by one with every change; a commit built on another version is refused.
    package internal(set) var version: UInt64
    package internal(set) var columns: [ColumnDefinition]
    /// The id that the next column gets: above all that ever were.
    package internal(set) var nextColumnID: UInt32
    /// The index in `columns` of the designated timestamp.
    package internal(set) var timestampIndex: Int?
    package internal(set) var partitionUnit: PartitionUnit
    package internal(set) var timeToLive: TimeToLive?
    /// Ids of the columns of DEDUP UPSERT KEYS, the timestamp among them; empty without.
    package internal(set) var dedupKeys: [UInt32]
    package internal(set) var checks: [CheckConstraint]
    package internal(set) var keys: [KeyConstraint]
    package internal(set) var ingestionHints: IngestionHints?

    /// - Parameter nextColumnID: one above the highest id when left out, right for a new table.
    package init(
        id: UInt64, kind: RelationKind = .table, schema: String = "public", name: String,
        version: UInt64 = 1, columns: [ColumnDefinition], nextColumnID: UInt32? = nil,
        timestampIndex: Int?, partitionUnit: PartitionUnit, timeToLive: TimeToLive? = nil,
        dedupKeys: [UInt32] = [], checks: [CheckConstraint] = [], keys: [KeyConstraint] = [],
        ingestionHints: IngestionHints? = nil
    ) {
        precondition(timestampIndex.map { $0 < columns.count } ?? true, "timestamp is a column")
        self.id = id
        self.kind = kind
        self.schema = schema
        self.name = name
        self.version = version
        self.columns = columns
        self.nextColumnID = nextColumnID ?? (columns.map(\.id).max() ?? 0) &+ 1
        self.timestampIndex = timestampIndex
        self.partitionUnit = partitionUnit
        self.timeToLive = timeToLive
        self.dedupKeys = dedupKeys
        self.checks = checks
        self.keys = keys
        self.ingestionHints = ingestionHints
    }

    /// A schema as a relation.
    package static func schema(id: UInt64, name: String) -> TableDefinition {
        TableDefinition(
            id: id, kind: .schema, schema: "", name: name, columns: [], timestampIndex: nil,
            partitionUnit: .none)
    }

    /// A sequence as a relation.
    package static func sequence(
        id: UInt64, schema: String, name: String, _ sequence: SequenceDefinition
    ) -> TableDefinition {
        TableDefinition(
            id: id, kind: .sequence(sequence), schema: schema, name: name, columns: [],
            timestampIndex: nil, partitionUnit: .none)
    }

    /// Whether it has rows; schemas and sequences have none.
    package var isTable: Bool { kind == .table }

    package var sequence: SequenceDefinition? {
        if case .sequence(let sequence) = kind { sequence } else { nil }
    }

    /// Finds a column by name, without regard to case.
    package func columnIndex(named name: String) -> Int? {
        let wanted = FoldedName(name)
        return columns.firstIndex { $0.foldedName == wanted }
    }

    package func columnIndex(id: UInt32) -> Int? { columns.firstIndex { $0.id == id } }

    /// The id of the designated timestamp.
    package var timestampID: UInt32? { timestampIndex.map { columns[$0].id } }

    /// How many units of the designated timestamp make a microsecond: TIMESTAMP_NS counts nanoseconds.
    package var timestampScale: Int64 {
        timestampIndex.map { columns[$0].type == .timestampNanos ? 1_000 : 1 } ?? 1
    }

    /// A moment of the designated timestamp in microseconds, rounded down.
    package func microseconds(of timestamp: Int64) -> Int64 {
        let (quotient, rest) = timestamp.quotientAndRemainder(dividingBy: timestampScale)
        return rest < 0 ? quotient - 1 : quotient
    }

    /// Whether a column may hold NULL: the designated timestamp may not, whatever it says.
    package func isNullable(_ index: Int) -> Bool {
        columns[index].isNullable && index != timestampIndex
    }
}
