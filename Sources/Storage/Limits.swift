/// The bounds of this room, each with its unit and reason.
enum Limits {
    /// Rows of a full segment: enough to scan fast, few enough to rewrite cheaply.
    static let segmentRows = 1_048_576
    /// Bytes of column data at which a segment is closed whatever its rows.
    static let segmentBytes = 256 << 20
    /// The same where there is little memory for writing: smaller segments cost more to read.
    static let leastSegmentBytes = 4 << 20
    /// What part of the memory for writing the rows of one segment may take: a compaction or flush
    /// holds them about four times.
    static let segmentMemoryParts = 8
    /// Bytes of a segment file we open; 4-byte offsets must reach everywhere.
    static let segmentFileBytes = 4 << 30
    /// Rows that share one entry of statistics.
    static let statisticsRows = 16_384
    /// Bytes kept of a string's bound in statistics.
    static let stringBoundBytes = 32
    /// Bytes an entry of statistics takes at most: counts, sums and four bounds.
    static let statisticsEntryBytes = 192
    /// Entries of statistics of a column that `basalt inspect` shows without --long: a screen holds
    /// those of some columns, and a full segment has 64.
    static let inspectedEntries = 4
    /// Columns of a table.
    static let columns = 4_096
    /// Constraints of a table.
    static let constraints = 4_096
    /// Bytes of an expression kept as text, a default or a check.
    static let expressionBytes = 1 << 20
    /// Bytes of a table's or column's name.
    static let nameBytes = 255
    /// Bytes of a table's name that go into its directory's name.
    static let directoryNameBytes = 64
    /// Bytes of a manifest: a million segments of about 300 bytes.
    static let manifestBytes = 512 << 20
    /// Segments of one table.
    static let segments = 1_000_000
    /// Bytes of one framed log batch.
    static let frameBytes = 1 << 31
    /// Bytes of one transaction, so that a group of some fits a frame.
    static let transactionBytes = 1 << 30
    /// Bytes of zeros written ahead of the log's end: hundreds of small commits, and less than a
    /// millisecond.
    static let logRoomBytes = 256 << 10
    /// What part of a log file they take at most.
    static let logRoomParts = 16
    /// A larger batch takes the disk longer than the growing of the file does.
    static let logRoomBatchBytes = 64 << 10
    /// Bytes gathered into one frame before the next is begun.
    static let groupBytes = 16 << 20
    /// Edits or appends of one transaction.
    static let transactionParts = 1 << 20
    /// Rows of one append.
    static let batchRows = 1 << 28
    /// Segments mapped at once: a quarter of the mappings the kernel gives one process by default.
    static let mappedSegments = 16_384
    /// Nanoseconds between tries to flush what could not be flushed: a full disk fails each of them.
    static let flushRetryNanoseconds: UInt64 = 1_000_000_000
    /// Commits that may wait for the committer; beyond, they are refused with 53200.
    static let waitingCommits = 65_536
    /// Rows of a memtable's first chunk: a table with one row must not cost megabytes.
    static let firstChunkRows = 1_024
    /// Rows of a memtable's later chunks: chunks double up to here.
    static let chunkRows = 65_536
    /// Bytes a chunk sets aside per row for VARCHAR and BINARY.
    static let heapBytesPerRow = 16
    /// Bytes that one compaction reads: what a busy disk does in some seconds.
    static let compactionBytes = 1 << 30
    /// Runs that one compaction puts together.
    static let compactionRuns = 16
    /// Runs of few bytes that one compaction puts together: each is an open file.
    static let compactionTinyRuns = 256
    /// Bytes up to which runs count as few: what is written in some milliseconds.
    static let compactionTinyBytes = 4 << 20
    /// New segments of a table after which whoever rewrites it puts small ones together first.
    static let crowdedSegments = 32
    /// Small neighbours that are worth it then: all of them may be about to be written anew.
    static let reliefCrumbs = 8
    /// Jobs of one such relief, so that a statement is not held up for long.
    static let reliefJobs = 64
    /// Bytes that one job of it reads, for the same reason.
    static let reliefBytes = 8 << 20
    /// Bytes of the disk that must be free besides: the statement that waits may be about to make room.
    static let reliefRoomBytes = 64 << 20
    /// Small segments without overlap that a partition may have side by side before they are put
    /// together: opening one costs a query some microseconds.
    static let compactionCrumbs = 64
    /// Tenths of a byte written for each byte that came in, beyond which no idle partition is
    /// rewritten because of late rows: three is what we promise.
    static let writeAmplificationTenths = 28
    /// Late rows are worth rewriting what they overlap when they are one of this many.
    static let lateRowShare = 20
    /// Rows whose keys are read together where rows of one key may hide each other.
    static let keyRows = 16_384
    /// Moments that a search for hidden rows looks at between two questions whether it should go on.
    static let momentsUnchecked = 65_536
    /// Missing segments of one table that the log names at a start: who has lost more has lost them all.
    static let missingSegmentsTold = 16
    /// Jobs of one call of `compact`: far above what a table needs.
    static let compactionJobs = 100_000
    /// Partitions whose idleness is watched.
    static let watchedPartitions = 1 << 20
    /// Bytes that a prepared snapshot may retain before the log mentions it.
    static let reportedRetainedBytes = 64 << 20
    /// Bytes of the record of a prepared snapshot: a hundred thousand tables.
    static let snapshotRecordBytes = 64 << 20
    /// Bytes of the name of a directory in which a restore sets things aside.
    static let asideNameBytes = 64
    /// Nanoseconds after which somebody who waits for a flush looks whether he was cancelled.
    static let waitCheckNanoseconds: UInt64 = 100_000_000
    /// The last year, also before Christ, that a partition may be named by: 64 bits of microseconds
    /// reach 292,277 years to either side of 1970.
    static let partitionYear = 300_000
    /// Bytes of the mark of a detached partition that counts no more: the digits of a commit.
    static let detachedMarkBytes = 32
    /// Timelines a database remembers to have come from.
    static let ancestors = 32
    /// Tables, schemas and sequences that `_database` lists, by about ten bytes each.
    static let knownRelations = 1_000_000
    /// So many of them with their names: the file is written at every checkpoint.
    static let namedRelations = 4_096
    /// Bytes of `_database`: above what either takes.
    static let databaseFileBytes = 16 << 20
    /// Bytes of the disk that a server keeps for statements that give room back: some hundred small
    /// manifests, or the rows that are in memory before a partition is dropped.
    static let reserveBytes = 4 << 20
    /// The reserve is made where it is at most one of so many parts of what is free.
    static let reserveShare = 16
    /// Bytes after which the content of the reserve repeats: more than file systems compress as one.
    static let reservePieceBytes = 128 << 10
    /// Bytes of a log file: one frame and its header.
    static let walFileBytes = frameBytes + (1 << 20)
}
