import Synchronization

/// Bounds the segments that are mapped at once, over the whole process: the kernel does.
///
/// The oldest that nobody has asked for lately is let go of; vectors that still point into it keep
/// its mapping as long as they live.
enum OpenSegments {
    private static let queue = Mutex<[WeakBox]>([])

    /// Notes a segment that was just opened; closes others when there are too many.
    static func opened(_ handle: SegmentHandle, limit: Int = Limits.mappedSegments) {
        let surplus = queue.withLock { queue -> [SegmentHandle] in
            queue.append(WeakBox(handle))
            return queue.count > limit ? takeSurplus(&queue, limit: limit) : []
        }
        for old in surplus { old.close() }
    }

    /// Takes an eighth more than must be, so that the next openings are cheap.
    private static func takeSurplus(_ queue: inout [WeakBox], limit: Int) -> [SegmentHandle] {
        var kept: [WeakBox] = []
        var surplus: [SegmentHandle] = []
        let wanted = queue.count - limit + limit / 8
        for box in queue {
            guard let handle = box.handle else { continue }
            if surplus.count < wanted, !handle.takeUse() {
                surplus.append(handle)
            } else {
                kept.append(box)
            }
        }
        queue = kept
        return surplus
    }
}

/// A segment that is not kept by being listed.
struct WeakBox: Sendable {
    weak let handle: SegmentHandle?
    init(_ handle: SegmentHandle) { self.handle = handle }
}
