/// How eagerly segments are rewritten in the background.
package struct CompactionSettings: Sendable {
    /// Whether there is a background task at all; `Storage.compact` works without.
    package var isEnabled = false
    /// Seconds without a write after which a partition gets its last rewriting.
    package var idleSeconds = 86_400
    /// Seconds between two looks when nothing wakes the task.
    package var intervalSeconds = 60
    /// Seconds to wait after a failure, such as a full disk.
    package var retrySeconds = 60
    /// Most bytes that one job reads.
    package var inputBytes = Limits.compactionBytes
    /// New segments of a table after which `Storage.relieve` does something.
    package var crowdedSegments = Limits.crowdedSegments

    package init() {}
}
