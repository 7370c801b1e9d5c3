/// When a commit is acknowledged: `cairo.commit.mode`.
package enum CommitMode: String, Sendable, CaseIterable {
    /// After the log is durable.
    case sync
    /// After the log is written; it is made durable right behind the answer.
    case async
    /// After the log is written; the kernel makes it durable when it likes.
    case nosync
}

/// What the server's configuration says about storage.
package struct StorageSettings: Sendable {
    package var commitMode = CommitMode.sync
    /// A log file is closed when it would grow beyond this; one larger batch has a file to itself.
    package var walFileBytes = 64 << 20
    /// Rows of one table in memory that make it flush.
    package var flushRows = 1_000_000
    /// Bytes of one table in memory that make it flush.
    package var flushBytes = 256 << 20
    /// Most bytes of committed rows in memory, those being flushed included. Tables flush at half of
    /// it, commits slow down at three quarters and are refused when it is used up.
    package var writeMemoryBytes = 1 << 30
    /// Bytes of log that make the tables holding it back flush.
    package var walRetentionBytes = 1 << 30
    /// Rows at which a segment is closed.
    package var segmentRows = Limits.segmentRows
    /// Bytes of the disk that are kept for statements that give room back; 0 keeps none.
    package var reserveBytes = 0
    package var compaction = CompactionSettings()
    /// Nothing at all is written: for backups where they lie and for read-only mounts.
    package var isReadOnly = false

    package init() {}

    /// What a server keeps: the log's part of a DROP, its manifests and a small flush.
    package static let serverReserveBytes = Limits.reserveBytes

    /// When a segment is closed.
    var segmentSize: SegmentSize {
        SegmentSize(rows: segmentRows, writeMemoryBytes: writeMemoryBytes)
    }
}

/// Which database this is: two roots with one uuid and timeline share their history.
package struct DatabaseIdentity: Sendable, Hashable {
    package let uuid: String
    package let timeline: String
    /// The timelines this one came from, the nearest first.
    package let ancestors: [String]

    package init(uuid: String, timeline: String, ancestors: [String] = []) {
        self.uuid = uuid
        self.timeline = timeline
        self.ancestors = ancestors
    }
}
