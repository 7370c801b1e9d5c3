/// The bounds of this room, each with its reason.
package enum Limits {
    /// Bytes copied between two looks at cancellation and progress: small enough to stay in a core's
    /// cache from the read over the digest to the write.
    static let chunkBytes = 256 << 10
    /// Longest name of a backup: what file systems take as one part of a path.
    static let nameBytes = 255
    /// Longest relative path in a manifest: what Linux takes as a path.
    static let pathBytes = 4096
    /// Largest backup manifest read: room for a quarter of a million files.
    static let manifestBytes = 64 << 20
    /// Largest file of conf/ that is taken along: settings are text for people.
    static let configurationBytes = 4 << 20
    /// Most files of conf/ taken along.
    static let configurationFiles = 1_000
    /// Depth of directories below conf/ and below a backup that is still followed.
    static let directoryDepth = 8
    /// Most names tried for a day before giving up: `.1`, `.2` and so on.
    static let namesOfOneDay = 100_000
    /// From so many files and directories on, one sync of the file system stands for the single ones:
    /// each of those is a round trip to the disk.
    static let namesForOneSync = 8
    /// Bytes after which the disk is told to begin writing: enough for a contiguous run, and little
    /// enough that a small copy is on its way while its digest is computed.
    static let writebackBytes = 2 << 20
    /// The same while commits wait for the log: about a millisecond of a fast disk, which is what a
    /// commit then waits longer.
    static let politeWritebackBytes = 1 << 20
    /// Over which time it is looked whether others wait for the disk: long enough for many commits.
    static let diskShareNanoseconds: UInt64 = 10_000_000
    /// How much waiting that was told late is made up for: several loads at once tell of more than
    /// went by.
    static let owedNanoseconds: UInt64 = 1_000_000_000
    /// Who needs less of the time does not mind the copy.
    static let leastDiskShare = 0.02
    /// The disk is left to commits for so many times as long as a run took, when they wait all the
    /// time: so a copy has an eleventh of the disk then, and all of it when nobody commits. With half of
    /// it eight clients of one-row commits kept 0.64 of their pace on two cores.
    static let politeness = 10.0
    /// However slow the disk is: the copy has to end some day.
    static let longestPauseNanoseconds: UInt64 = 2_000_000_000
    /// A smaller rest of a file waits for the sync, together with others.
    static let writebackLeastBytes = 256 << 10
    /// Links that one worker makes before it looks for more work.
    static let linksAtOnce = 64
    /// Nanoseconds between two progress reports to a client.
    static let progressIntervalNanoseconds: UInt64 = 1_000_000_000
    /// Nanoseconds of a stage after which its rate is told: the first chunks say nothing of the rest.
    static let rateAfterNanoseconds: UInt64 = 1_000_000_000
    /// Jobs that stay listed with their end, across restarts: a year of three a day.
    package static let rememberedJobs = 1_000
    /// Largest list of jobs read: a thousand with long paths and errors.
    static let jobFileBytes = 16 << 20
    /// How long a destination is waited for: others choose names, publish or hide a backup there,
    /// which takes moments.
    static let destinationWaitNanoseconds: UInt64 = 60_000_000_000
    /// How often a lock file is opened again that somebody removed meanwhile: once is rare.
    static let lockAttempts = 16
    /// Between two tries to get it.
    static let destinationRetryNanoseconds: UInt64 = 20_000_000
    /// Bytes kept free beyond the estimate: directories and manifests need blocks too.
    static let spareBytes = 1 << 20
    /// Rows of one partition, of both sides together, that are compared one by one to count what a
    /// restore loses: about 100 MB of counters. Beyond, all live rows of the partition are counted.
    static let comparedRows = 2_000_000
    /// Rows read at a time while comparing, between two looks at cancellation.
    static let comparedBatchRows = 65_536
    /// How often a restore plans again when somebody changes its tables meanwhile.
    static let restoreAttempts = 5
    /// Bytes of the note of a verification: a time and a word.
    static let verifiedNoteBytes = 256
    /// Bytes of the note of what was found damaged: its text, each character of four bytes, and a time.
    static let damageNoteBytes = 16 << 10
    /// Unicode scalars of what such a note says: a message with two checksums and a long path.
    static let damageTextLength = 2_000
    /// How long a shared segment may go unread: a month of bit rot at most.
    package static let reverifyMicroseconds: Int64 = 30 * 86_400_000_000
    /// The longest wait for the rate between two looks at cancellation.
    static let rateWaitNanoseconds: UInt64 = 100_000_000
    /// Workers that copy when nothing is said: one computes digests while the other writes.
    static let usualCopyWorkers = 2
    /// Bytes at the front of a manifest that are read to choose a parent: more than its facts need.
    static let manifestHeadBytes = 64 << 10
    /// Workers that copy at once: beyond, disks get slower.
    static let copyWorkers = 64
}
