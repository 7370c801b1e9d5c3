/// What Engine bounds by itself.
enum Limits {
    /// Rows of a made-up sequence: they are made at once.
    static let sequenceRows: Int64 = 10_000_000
    /// A transaction's batch below this many rows is small, and joined with its like.
    static let smallBatchRows = 512
    /// How many small batches make it worth joining them.
    static let smallBatches = 256
    /// Savepoints of one transaction that are neither released nor undone.
    static let savepoints = 10_000
    /// How often a statement outside a block is done again when others were faster.
    static let redos = 20
    /// Milliseconds that a statement waits for a table's lock when the client says nothing.
    static let lockTimeoutMilliseconds = 10_000
}
