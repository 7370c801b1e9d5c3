/// What a name stands for. All kinds share one set of names and ids, as in PostgreSQL.
package enum RelationKind: Sendable, Equatable {
    case table
    /// A schema: its own schema is the empty name.
    case schema
    case sequence(SequenceDefinition)
}

/// What a sequence counts, and how far it has.
package struct SequenceDefinition: Sendable, Equatable {
    package var start: Int64
    package var increment: Int64
    package var minimum: Int64
    package var maximum: Int64
    package var isCycling: Bool
    /// The last number that may have been given out, on disk before it is given; nil before the
    /// first. After a crash counting goes on behind it: numbers may be left out, never repeated.
    package var reserved: Int64?
    /// The table that is dropped together with it; nil for one that stands alone.
    package var owner: UInt64?

    package init(
        start: Int64 = 1, increment: Int64 = 1, minimum: Int64 = 1, maximum: Int64 = .max,
        isCycling: Bool = false, reserved: Int64? = nil, owner: UInt64? = nil
    ) {
        self.start = start
        self.increment = increment
        self.minimum = minimum
        self.maximum = maximum
        self.isCycling = isCycling
        self.reserved = reserved
        self.owner = owner
    }
}
