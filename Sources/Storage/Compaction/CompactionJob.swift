/// Segments of one partition to be rewritten as fewer that do not overlap.
struct CompactionJob: Sendable, Equatable {
    /// Whose place in the table's order the new segments take.
    enum Place: Sendable { case first, last }

    let partition: String
    /// In the table's order, which is the order of their rows among equal timestamps.
    let inputs: [SegmentEntry]
    let place: Place

    var bytes: Int { inputs.reduce(0) { $0 + $1.bytes } }

    /// The ids as `SegmentReplacement.removed` wants them: the one whose place is taken first.
    var removed: [String] {
        let ids = inputs.map(\.id)
        guard place == .last, let last = ids.last else { return ids }
        return [last] + ids.dropLast()
    }
}
