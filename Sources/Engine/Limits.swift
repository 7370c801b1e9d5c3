/// What Engine bounds by itself.
enum Limits {
    /// Rows of a made-up sequence: they are made at once.
    static let sequenceRows: Int64 = 10_000_000
    /// A transaction's batch below this many rows is small, and joined with its like.
    static let smallBatchRows = 512
    /// How many small batches make it worth joining them.
    static let smallBatches = 256
}
