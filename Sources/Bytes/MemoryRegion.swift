/// A run of memory with one owner: allocated here, or mapped by Platform.
///
/// Column vectors point into regions and keep them alive. A region never moves. It is written only
/// by whoever made it, before it is shared.
@safe package final class MemoryRegion: @unchecked Sendable {
    // SAFETY: the base pointer never changes, and after sharing the bytes are read only, so any
    // thread may read. Writers hold the region alone (see `withMutableBytes`).
    private let base: UnsafeMutableRawPointer
    package let count: Int
    private let release: @Sendable (UnsafeMutableRawPointer, Int) -> Void
    private let intact: @Sendable () -> Bool

    /// Allocates zeroed bytes, aligned to 64.
    package init(zeroed count: Int) {
        // SAFETY: freshly allocated for `count` bytes (one at least), initialised to zero at once.
        unsafe base = .allocate(byteCount: max(count, 1), alignment: 64)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 1))
        self.count = count
        intact = { true }
        // SAFETY: called once, by deinit, with the pointer allocated above.
        unsafe release = { pointer, _ in unsafe pointer.deallocate() }
    }

    /// Takes over memory that someone else made.
    ///
    /// - Parameter isIntact: whether the bytes still are what they were taken over for.
    /// - Requires: `base` holds `count` initialised bytes until `release` is called.
    // SAFETY: the requirement above is the caller's; Platform's mapping is the only one.
    @unsafe package init(
        adopting base: UnsafeMutableRawPointer, count: Int,
        isIntact: @escaping @Sendable () -> Bool,
        release: @escaping @Sendable (UnsafeMutableRawPointer, Int) -> Void
    ) {
        unsafe self.base = base
        self.count = count
        intact = isIntact
        unsafe self.release = release
    }

    /// Copies bytes into a region of their own.
    package convenience init(_ bytes: [UInt8]) {
        self.init(zeroed: bytes.count)
        // SAFETY: both have `bytes.count` bytes, and the new region is not shared yet.
        unsafe bytes.withUnsafeBytes { source in
            withMutableBytes { target in
                unsafe target.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) }
            }
        }
    }

    deinit {
        // SAFETY: the last reference is gone, nobody can reach the bytes any more.
        unsafe release(base, count)
    }

    /// False once a part of a mapped file could not be read: other bytes stand there.
    package var isIntact: Bool { intact() }

    /// The bytes, readable while the region is borrowed.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // SAFETY: `base` holds `count` initialised bytes for as long as self lives.
            let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Lets the maker fill the region before it is shared.
    package func withMutableBytes<R>(_ body: (inout MutableRawSpan) throws -> R) rethrows -> R {
        // SAFETY: `base` holds `count` initialised bytes; the caller has not shared the region.
        var span = unsafe MutableRawSpan(_unsafeStart: base, byteCount: count)
        return try body(&span)
    }
}
