/// The sizes and counts Platform keeps to.
package enum Limits {
    /// Longest name of a directory entry (Linux: 255) or of a host (64), with room.
    static let nameBytes = 1024
    /// Longest path the kernel gives back (PATH_MAX).
    static let pathBytes = 4096
    /// Most bytes given to one read or write call; Linux itself stops at 2 GiB - 4 KiB.
    static let callBytes = 1 << 30
    /// Address space for a thread's stack; only what is touched costs memory.
    static let threadStackBytes = 8 << 20
    /// How much nicer work in the background is: a tenth of a core beside a busy thread.
    static let backgroundPriority: Int32 = 10
    /// Tasks waiting for the pool. When it is full `submit` says no and the caller tells its client.
    package static let queuedTasks = 4096
    /// Most digits of a process id read from a lock file (Linux: 4194304).
    static let processIDBytes = 16
    /// Most bytes of random numbers one call gives; getrandom is never cut short below 256.
    static let randomBytesPerCall = 256
}

/// The sizes a simulation keeps to.
enum SimulatedLimits {
    /// Lines of trace that are kept; all of them go into the hash.
    static let tracedCalls = 100_000
    /// After so many it must be a loop.
    static let waitsWhileDead = 10_000
    /// The unit a disk writes whole or not at all, except for the last write, which may be torn.
    static let sectorBytes = 512
    /// Of memory, as on the machines we run on.
    static let pageBytes = 4096
    /// What a disk without a set capacity says it has free.
    static let unlimitedBytes = 1 << 40
    /// Of one path component, as on Linux file systems.
    static let nameBytes = 255
    /// The process id told by a lock of the simulated machine.
    static let processID = 4242
}
