/// What Engine bounds by itself.
enum Limits {
    /// Rows of a made-up sequence: longer ones are slips of the pen more often than wanted.
    static let sequenceRows: Int64 = 10_000_000
    /// Rows of it that are made at a time; in between a query can be cancelled.
    static let sequencePieceRows: Int64 = 65_536
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
    /// A load gathers up to this part of the memory for writes before it writes a segment: few large
    /// ones are cheaper to read, to keep and to compact than many small ones. Writing takes about
    /// three times as much besides.
    static let gatheredMemoryParts = 16
    /// From this part on the rows of a statement are worth a segment at its end: a backup right after
    /// it can copy a file and need not write one first.
    static let segmentMemoryParts = 128
    /// Once all loads together hold more than this part, each writes what is worth a segment: many
    /// connections that load at once take little more than two of them.
    static let allLoadsMemoryParts = 8
    /// Bytes of rows below which no statement's rows become segments, however little memory there is.
    static let leastBulkBytes = 1 << 20
    /// Bytes of a COPY's stream that wait before its client is asked to wait.
    static let copyInputBytes = 4 << 20
    /// Bytes of a COPY's stream that are worth looking at while more comes.
    static let copyPieceBytes = 256 << 10
    /// Bytes of whole records that are decoded together: some milliseconds of work.
    static let copyChunkBytes = 1 << 20
    /// Bytes read from a file at a time.
    static let copyFileBytes = 2 << 20
    /// Chunks of a COPY between being cut and being gathered: decoding goes on while a segment is
    /// written.
    static let copyChunks = 16
    /// Chunks of one COPY decoded at the same time.
    static let copyDecoders = 2
    /// Rows of a binary COPY that are gathered together.
    static let copyBinaryRows = 32_768
    /// Rows of a segment up to which UPDATE and DELETE put what is left of it together with others: a
    /// block of statistics, so that larger segments are as good as full ones.
    static let foldedRows = 16_384
    /// Bytes of such a segment at most.
    static let foldedBytes = 1 << 20
    /// Bytes of segments whose new rows wait in memory to be put together.
    static let foldingBytes = 8 << 20
    /// Numbers of a sequence that the first commit reserves; each later one takes twice as many.
    static let firstStretch = 32
    /// Numbers that a commit reserves at most: so many may be left out by a restart.
    static let longestStretch = 4_096
    /// How often ALTER looks again whether rows came in while it worked.
    static let alterRounds = 16
    /// Rows whose keys are kept in memory for PRIMARY KEY and UNIQUE, per table.
    static let keyRows = 10_000_000
    /// How often TTL is looked at, in milliseconds: partitions are hours at least.
    static let timeToLiveMilliseconds = 60_000
    /// How often a detached partition's directory is tried to be removed after ATTACH.
    static let removalAttempts = 5
}
