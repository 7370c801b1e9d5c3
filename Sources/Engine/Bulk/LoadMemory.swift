import Storage
import Synchronization

/// How many bytes of rows the loads under way hold together that are in no segment yet.
///
/// A load may gather much, because large segments are cheap to read and few; a hundred loads that did
/// it at the same time would take a hundred times as much. So whoever finds the memory crowded writes
/// what it has, if that is worth a segment. From any thread.
final class LoadMemory: Sendable {
    private let held = Atomic<Int>(0)
    private let limit: Int

    init(_ settings: StorageSettings) {
        limit = settings.writeMemoryBytes / Limits.allLoadsMemoryParts
    }

    /// Whether all loads together hold more than they should.
    var isCrowded: Bool { bytes > limit }

    var bytes: Int { held.load(ordering: .relaxed) }

    /// Begins a load.
    func makeShare() -> Share { Share(of: self) }

    /// What one load holds of it; given back when the load is gone, however it ended.
    final class Share: Sendable {
        let whole: LoadMemory
        private let held = Atomic<Int>(0)

        fileprivate init(of whole: LoadMemory) { self.whole = whole }

        deinit { giveBack() }

        func take(_ bytes: Int) {
            held.add(bytes, ordering: .relaxed)
            whole.held.add(bytes, ordering: .relaxed)
        }

        /// Gives everything back.
        func giveBack() {
            let bytes = held.exchange(0, ordering: .relaxed)
            whole.held.subtract(bytes, ordering: .relaxed)
        }
    }
}
